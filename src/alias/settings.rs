//! A host's options as a transport's.

use crate::config::HostConfig;
use crate::crypto::registry::{find, Row, CIPHERS, COMPRESSIONS, KEXES, MACS, SIGNATURES};
use crate::engine::{AddressFamily, Deadline, Transport, TransportOptions};
use crate::error::{Error, ErrorKind, Result};
use std::time::Duration;

/// Options that change where a connection comes from or whom it trusts, and that are not followed: going on without
/// them would not be what the user asked for.
const REFUSED: &[&str] = &["bindaddress", "bindinterface", "proxyusefdpass", "knownhostscommand", "checkhostip"];

/// Refuses what cannot be done as it is asked.
pub(super) fn check(host: &HostConfig) -> Result<()> {
    for name in REFUSED {
        if let (Some(value), Some(origin)) = (host.get(name), host.origin(name)) {
            if value != "no" {
                let text = format!("{origin}: {name} {value}: ssh_connect_alias does not follow this option");
                let error = Error::new(ErrorKind::Unsupported, text);
                return Err(error.helped_by("leave it out for this host"));
            }
        }
    }
    Ok(())
}

pub(super) fn port(host: &HostConfig) -> u16 {
    host.number("port").and_then(|port| u16::try_from(port).ok()).unwrap_or(22)
}

fn seconds(host: &HostConfig, name: &str, index: usize) -> Duration {
    let word = host.values(name).and_then(|words| words.get(index));
    Duration::from_secs(word.and_then(|word| word.parse().ok()).unwrap_or(0))
}

/// The rows of a comma list; all of its names are the library's, as a lookup has checked.
fn rows<T: Row>(host: &HostConfig, name: &str, table: &'static [T]) -> Vec<&'static str> {
    let list = host.get(name).unwrap_or_default();
    list.split(',').filter_map(|name| find(table, name)).map(Row::name).collect()
}

/// ConnectTimeout bounds connecting and the first key exchange of each host; the trip's deadline all of them.
pub(super) fn connect_deadline(host: &HostConfig, whole: Deadline) -> Result<Deadline> {
    match seconds(host, "connecttimeout", 0) {
        Duration::ZERO => Ok(whole),
        bound => Ok(whole.earlier(Deadline::after(bound))),
    }
}

pub(super) fn transport_options(host: &HostConfig) -> Result<TransportOptions> {
    let mut options = TransportOptions::default();
    let connect = seconds(host, "connecttimeout", 0);
    if connect.is_zero() {
        options.connect_timeout = Duration::from_secs(30);
    } else {
        // A longer time must not be cut short by the library's own.
        let config = &mut options.config;
        config.ident_timeout = config.ident_timeout.max(connect);
        config.handshake_timeout = config.handshake_timeout.max(connect);
    }
    options.address_family = match host.get("addressfamily") {
        Some("inet") => AddressFamily::V4,
        Some("inet6") => AddressFamily::V6,
        _ => AddressFamily::Any,
    };
    match host.number("rekeylimit") {
        None | Some(0) => {}
        Some(bytes) => options.config.rekey_bytes = bytes,
    }
    let interval = seconds(host, "rekeylimit", 1);
    if !interval.is_zero() {
        options.config.rekey_interval = interval;
    }
    let preferences = &mut options.config.preferences;
    preferences.kex = rows(host, "kexalgorithms", KEXES);
    preferences.host_key = rows(host, "hostkeyalgorithms", SIGNATURES);
    preferences.cipher_c2s = rows(host, "ciphers", CIPHERS);
    preferences.cipher_s2c.clone_from(&preferences.cipher_c2s);
    preferences.mac_c2s = rows(host, "macs", MACS);
    preferences.mac_s2c.clone_from(&preferences.mac_c2s);
    preferences.pubkey = rows(host, "pubkeyacceptedalgorithms", SIGNATURES);
    let compressions: &[&str] =
        if host.is_yes("compression") { &["zlib@openssh.com", "zlib", "none"] } else { &["none"] };
    let compressions: Vec<&'static str> =
        compressions.iter().filter_map(|name| find(COMPRESSIONS, name)).map(Row::name).collect();
    preferences.compression_c2s.clone_from(&compressions);
    preferences.compression_s2c = compressions;
    Ok(options)
}

pub(super) fn keep_alive(transport: &Transport, host: &HostConfig) -> Result<()> {
    let interval = seconds(host, "serveraliveinterval", 0);
    if interval.is_zero() {
        return Ok(());
    }
    let count = host.number("serveralivecountmax").and_then(|count| u32::try_from(count).ok()).unwrap_or(3);
    transport.set_keepalive(interval, count)
}

/// ConnectionAttempts: tries again where no address answered.
pub(super) fn repeat<T>(attempts: u64, mut work: impl FnMut() -> Result<T>) -> Result<T> {
    let mut left = attempts;
    loop {
        left = left.saturating_sub(1);
        match work() {
            Err(error) if left > 0 && error.kind() == ErrorKind::ConnectFailed => {}
            done => return done,
        }
    }
}
