//! Option structs: sizes, checks, and what they become.

use super::arg::{self, Sized0};
use super::types::{
    ssh_channel_options_t, ssh_connect_options_t, ssh_password_options_t, ssh_stream_t, ssh_transport_options_t,
    SSH_WAIT_FOREVER,
};
use crate::engine::{AddressFamily, TransportOptions};
use crate::error::Result;
use crate::proto::config::{clamp_max_packet, clamp_window};
use std::mem::{offset_of, size_of};
use std::time::Duration;

/// A later version that appends fields keeps the first version's size here.
macro_rules! sized {
    ($($t:ty, $last:ident: $field:ty;)+) => { $(
        // SAFETY: repr(C), begins with `size`, all-zero is valid (integers, bools, NULL pointers, None).
        unsafe impl Sized0 for $t {
            const FIRST: usize = {
                let end = offset_of!($t, $last) + size_of::<$field>();
                let align = std::mem::align_of::<$t>();
                end.div_ceil(align) * align
            };
        }
    )+ };
}
sized! {
    ssh_transport_options_t, max_pending_globals: u32;
    ssh_stream_t, destroy: super::types::ssh_destroy_cb_t;
    ssh_connect_options_t, password_len: usize;
    ssh_channel_options_t, open_data_len: usize;
    super::config_types::ssh_connect_alias_options_t, run_proxy: *const u8;
    super::types::ssh_key_write_options_t, replace: bool;
    super::types::ssh_cert_check_options_t, peer_address: *const u8;
    super::types::ssh_cert_issue_options_t, algorithm: *const u8;
    super::types::ssh_forward_handler_t, start: *const u8;
    super::agent_types::ssh_signer_t, timeout_ms: i64;
    super::agent_types::ssh_agent_add_options_t, confirm: bool;
    super::agent_types::ssh_agent_auth_options_t, identities_only: bool;
    super::agent_types::ssh_agent_server_options_t, confirm: *const u8;
    super::agent_types::ssh_agent_exposure_t, confirm: bool;
    ssh_password_options_t, user_data: *const u8;
    super::server_types::ssh_server_hooks_t, check_global_request: *const u8;
    super::server_types::ssh_subsystem_handler_t, finish: *const u8;
}

/// The longest time an option can mean: longer is the same as for ever, and later sums cannot overflow.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// For resolving and connecting, unless told otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// A time option: 0 keeps `default`, -1 lifts the bound.
fn time(ms: i64, default: Duration, what: &'static str) -> Result<Duration> {
    match ms {
        0 => Ok(default),
        SSH_WAIT_FOREVER => Ok(FOREVER),
        1.. => Ok(Duration::from_millis(ms.unsigned_abs()).min(FOREVER)),
        _ => Err(arg::invalid(format!("{what} is negative and not SSH_WAIT_FOREVER"))),
    }
}

/// What a peer may make us hold or do; 0 keeps the default.
fn limits(c: &ssh_transport_options_t, o: &mut TransportOptions) -> Result<()> {
    o.config.login_grace = time(c.login_grace_ms, o.config.login_grace, "login_grace_ms")?;
    let l = &mut o.config.limits;
    l.rsa_bits = match c.required_rsa_size {
        0 => l.rsa_bits,
        bits @ 2048..=16384 => bits,
        _ => return Err(arg::invalid("required_rsa_size is not from 2048 to 16384")),
    };
    for (given, limit) in [(c.max_preauth_bytes, &mut l.preauth_bytes), (c.max_preauth_packets, &mut l.preauth_packets)]
    {
        if given != 0 {
            *limit = given;
        }
    }
    for (given, limit) in [
        (c.max_auth_attempts, &mut l.auth_attempts),
        (c.max_interactive_rounds, &mut l.interactive_rounds),
        (c.max_environment, &mut l.environment),
    ] {
        if given != 0 {
            *limit = given;
        }
    }
    for (given, limit) in [
        (c.max_channels, &mut l.channels),
        (c.max_pending_requests, &mut l.pending_requests),
        (c.max_pending_globals, &mut l.pending_globals),
    ] {
        if given != 0 {
            *limit = usize::try_from(given).unwrap_or(usize::MAX);
        }
    }
    Ok(())
}

/// Checks a transport's options.
///
/// # Safety
/// As for [`arg::options`]; `software` is NULL or a NUL-terminated string.
pub(super) unsafe fn transport(options: *const ssh_transport_options_t) -> Result<TransportOptions> {
    // SAFETY: passed on.
    let c = unsafe { arg::options(options)? };
    let mut o = TransportOptions::default();
    if c.window != 0 {
        // A size asked for stays, unless growth is asked for as well.
        o.config.window = clamp_window(c.window).into();
    }
    if c.max_window != 0 {
        o.config.window.max = clamp_window(c.max_window);
        // One limit for each channel, and for what all of them grow by.
        o.config.limits.window_growth = usize::try_from(o.config.window.max).unwrap_or(usize::MAX);
    }
    if c.max_packet != 0 {
        o.config.max_packet = clamp_max_packet(c.max_packet);
    }
    o.connect_timeout = time(c.connect_timeout_ms, CONNECT_TIMEOUT, "connect_timeout_ms")?;
    o.address_family = match c.address_family {
        0 => AddressFamily::Any,
        4 => AddressFamily::V4,
        6 => AddressFamily::V6,
        _ => return Err(arg::invalid("address_family is not 0, 4 or 6")),
    };
    o.config.ident_timeout = time(c.banner_timeout_ms, o.config.ident_timeout, "banner_timeout_ms")?;
    o.config.handshake_timeout = time(c.handshake_timeout_ms, o.config.handshake_timeout, "handshake_timeout_ms")?;
    o.config.auth_timeout = time(c.auth_timeout_ms, o.config.auth_timeout, "auth_timeout_ms")?;
    o.channel_timeout = time(c.channel_timeout_ms, o.channel_timeout, "channel_timeout_ms")?;
    o.send_timeout = time(c.send_timeout_ms, o.send_timeout, "send_timeout_ms")?;
    o.close_timeout = time(c.close_timeout_ms, o.close_timeout, "close_timeout_ms")?;
    if c.rekey_bytes != 0 {
        o.config.rekey_bytes = c.rekey_bytes;
    }
    if c.rekey_packets != 0 {
        o.config.rekey_packets = c.rekey_packets;
    }
    o.config.rekey_interval = time(c.rekey_interval_ms, o.config.rekey_interval, "rekey_interval_ms")?;
    o.announce_host_keys = !c.no_hostkeys;
    limits(&c, &mut o)?;
    // SAFETY: passed on.
    if let Some(software) = unsafe { arg::opt_text(c.software, "software")? } {
        // RFC 4253 section 4.2: printable US-ASCII without whitespace and minus signs; 255 bytes for the whole line.
        let fits = !software.is_empty() && software.len() <= 200;
        if !fits || !software.bytes().all(|b| b.is_ascii_graphic() && b != b'-') {
            return Err(arg::invalid("software must be 1 to 200 printable ASCII characters without space and '-'"));
        }
        software.clone_into(&mut o.config.software);
    }
    Ok(o)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::channel::Window;

    fn blank() -> ssh_transport_options_t {
        // SAFETY: all-zero is valid.
        let mut o: ssh_transport_options_t = unsafe { std::mem::zeroed() };
        o.size = size_of::<ssh_transport_options_t>();
        o
    }

    #[test]
    fn zero_keeps_the_defaults_and_sizes_are_clamped() {
        // SAFETY: locals.
        unsafe {
            let o = transport(std::ptr::null()).unwrap();
            assert_eq!(o.config.window, Window { start: 2 << 20, max: 64 << 20 });
            let o = transport(&ssh_transport_options_t { window: 1, max_packet: u64::MAX, ..blank() }).unwrap();
            assert_eq!((o.config.window, o.config.max_packet), (32_768.into(), u32::MAX));
            let o = transport(&ssh_transport_options_t { window: 65_536, max_window: 1 << 40, ..blank() }).unwrap();
            assert_eq!(o.config.window, Window { start: 65_536, max: u32::MAX });
            assert_eq!(o.config.limits.window_growth, 0xffff_ffff);
            let o = transport(&ssh_transport_options_t { banner_timeout_ms: i64::MAX, ..blank() }).unwrap();
            assert_eq!(o.config.ident_timeout, FOREVER);
            assert!(transport(&ssh_transport_options_t { auth_timeout_ms: -2, ..blank() }).is_err());
            assert!(transport(&ssh_transport_options_t { address_family: 5, ..blank() }).is_err());
            assert!(transport(&ssh_transport_options_t { software: c"a b".as_ptr(), ..blank() }).is_err());
        }
    }
}
