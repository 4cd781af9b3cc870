//! What a connection is told before it starts.

use super::channel::Window;
use std::time::Duration;

/// Algorithm preferences, most preferred first. Every name is one of [`crate::crypto::registry`]'s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preferences {
    /// Key exchange methods.
    pub kex: Vec<&'static str>,
    /// Host key algorithms.
    pub host_key: Vec<&'static str>,
    /// Ciphers, client to server.
    pub cipher_c2s: Vec<&'static str>,
    /// Ciphers, server to client.
    pub cipher_s2c: Vec<&'static str>,
    /// MACs, client to server.
    pub mac_c2s: Vec<&'static str>,
    /// MACs, server to client.
    pub mac_s2c: Vec<&'static str>,
    /// Compression, client to server.
    pub compression_c2s: Vec<&'static str>,
    /// Compression, server to client.
    pub compression_s2c: Vec<&'static str>,
    /// Signature algorithms for public key authentication (offered by a server as server-sig-algs, RFC 8308).
    pub pubkey: Vec<&'static str>,
}

/// Bounds on what a peer may make this side hold or do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Channels open at once, both sides' together.
    pub channels: usize,
    /// Failed authentication attempts before the server disconnects, whatever the method or user.
    pub auth_attempts: u32,
    /// Rounds of prompts in one keyboard-interactive attempt.
    pub interactive_rounds: u32,
    /// Packets accepted before authentication succeeds.
    pub preauth_packets: u64,
    /// Bytes accepted before authentication succeeds.
    pub preauth_bytes: u64,
    /// Channel requests the application has not answered yet, per channel: with so many, input is held.
    pub pending_requests: usize,
    /// Global requests not answered yet: with so many, input is held.
    pub pending_globals: usize,
    /// Lines a server may send before its identification.
    pub pre_ident_lines: u32,
    /// "env" requests per channel.
    pub environment: u32,
    /// Bytes of sealed output that wait for a peer that does not read its socket, beyond channel data; more ends
    /// the connection.
    pub control_backlog: usize,
    /// Bytes of unread stderr, all channels together, that do not count against their channels' windows: so much
    /// stderr nobody reads holds up no other output (see `proto/channel/window.rs`).
    pub stderr_buffer: usize,
    /// Bytes that the windows of all channels together may grow by (see `proto/channel/window.rs`).
    pub window_growth: usize,
    /// Bits that an RSA key of the peer must have: a server's host key, a user's key. Keys below 2048 are never read.
    pub rsa_bits: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            channels: 1000,
            auth_attempts: 6,
            interactive_rounds: 16,
            preauth_packets: 2000,
            preauth_bytes: 4 << 20,
            pending_requests: 64,
            pending_globals: 64,
            pre_ident_lines: 1024,
            environment: 128,
            control_backlog: 8 << 20,
            stderr_buffer: 128 << 20,
            window_growth: 64 << 20,
            rsa_bits: 2048,
        }
    }
}

/// A connection's settings, fixed at its start.
#[derive(Debug, Clone)]
pub struct Config {
    /// Algorithms.
    pub preferences: Preferences,
    /// Software version in the identification string, after "SSH-2.0-".
    pub software: String,
    /// Receive window of new channels, bytes: where it begins, and how far it grows.
    pub window: Window,
    /// Largest data packet we accept on a channel, bytes.
    pub max_packet: u32,
    /// Rekey after this many bytes in one direction; never above the cipher's own bound.
    pub rekey_bytes: u64,
    /// Rekey after this many packets in one direction.
    pub rekey_packets: u64,
    /// Rekey after this long.
    pub rekey_interval: Duration,
    /// Time for the peer's identification string. Zero: no bound.
    pub ident_timeout: Duration,
    /// Time from identification to the first NEWKEYS, and for each rekey. Zero: no bound.
    pub handshake_timeout: Duration,
    /// Client: time for the server's answer to one authentication request, prompts excluded. Zero: no bound.
    pub auth_timeout: Duration,
    /// Server: time from start to a successful login. Zero: no bound.
    pub login_grace: Duration,
    /// Bytes of sealed output that may wait for the socket before senders of channel data are held back.
    pub send_buffer: usize,
    /// Bounds.
    pub limits: Limits,
    /// Log events the core should emit: 0 none, 1 errors, 2 warnings, 3 info, 4 debug.
    pub log_level: u8,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            preferences: Preferences::default(),
            software: concat!("sshrs_", env!("CARGO_PKG_VERSION")).to_owned(),
            window: Window { start: DEFAULT_WINDOW, max: DEFAULT_MAX_WINDOW },
            max_packet: DEFAULT_MAX_PACKET,
            rekey_bytes: 1 << 30,
            rekey_packets: 1 << 31,
            rekey_interval: Duration::from_secs(3600),
            ident_timeout: Duration::from_secs(15),
            handshake_timeout: Duration::from_secs(15),
            auth_timeout: Duration::from_secs(30),
            login_grace: Duration::from_secs(120),
            send_buffer: 512 * 1024,
            limits: Limits::default(),
            log_level: 0,
        }
    }
}

/// Receive window of a channel, bytes, unless told otherwise.
pub const DEFAULT_WINDOW: u32 = 2_097_152;
/// What the receive window of a channel grows to, bytes, unless told otherwise.
pub const DEFAULT_MAX_WINDOW: u32 = 64 << 20;
/// Largest data packet accepted on a channel, bytes, unless told otherwise.
pub const DEFAULT_MAX_PACKET: u32 = 32_768;

/// Brings a window size into [32768, 2^32-1].
#[must_use]
pub fn clamp_window(bytes: u64) -> u32 {
    u32::try_from(bytes.clamp(32_768, u64::from(u32::MAX))).unwrap_or(u32::MAX)
}

/// Brings a packet size into [4096, 2^32-1].
#[must_use]
pub fn clamp_max_packet(bytes: u64) -> u32 {
    u32::try_from(bytes.clamp(4096, u64::from(u32::MAX))).unwrap_or(u32::MAX)
}

impl Default for Preferences {
    fn default() -> Self {
        use crate::crypto::registry::{default_names, CIPHERS, COMPRESSIONS, KEXES, MACS, SIGNATURES};
        let (ciphers, macs, compressions) = (default_names(CIPHERS), default_names(MACS), default_names(COMPRESSIONS));
        Self {
            kex: default_names(KEXES),
            host_key: default_names(SIGNATURES),
            cipher_c2s: ciphers.clone(),
            cipher_s2c: ciphers,
            mac_c2s: macs.clone(),
            mac_s2c: macs,
            compression_c2s: compressions.clone(),
            compression_s2c: compressions,
            pubkey: default_names(SIGNATURES),
        }
    }
}
