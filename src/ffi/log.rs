//! The log.

use super::arg::invalid;
use super::guard::guard_unit;
use super::stream::UserData;
use super::text::c_string;
use super::types::{ssh_destroy_cb_t, ssh_log_cb_t, ssh_status_t, SSH_LOG_DEBUG, SSH_LOG_NONE};
use crate::engine;
use std::ffi::c_void;

/// Sets the process's log callback, in place of the one before.
///
/// level: SSH_LOG_*; lines above it are not made. SSH_LOG_NONE, or a NULL callback, turns the log off.
/// user_data: taken, also when the call fails; passed to every call and released with destroy, which may be NULL.
/// Transports log from the moment of the call, whenever they were made. Allowed in callbacks.
#[no_mangle]
pub unsafe extern "C" fn ssh_set_log_callback(
    level: u32,
    callback: ssh_log_cb_t,
    user_data: *mut c_void,
    destroy: ssh_destroy_cb_t,
) -> ssh_status_t {
    let data = UserData::new(user_data, destroy);
    guard_unit(move || {
        if level > SSH_LOG_DEBUG {
            return Err(invalid("level is not one of SSH_LOG_*"));
        }
        let Some(callback) = callback.filter(|_| level != SSH_LOG_NONE) else {
            engine::set_log_callback(0, None);
            return Ok(());
        };
        let level = u8::try_from(level).unwrap_or(0);
        let sink = move |level: u8, channel: &str, text: &str| {
            let (channel, text) = (c_string(channel), c_string(text));
            // SAFETY: the caller passed the function with this user_data, which lives as long as this closure.
            unsafe { callback(data.pointer(), u32::from(level), channel.as_ptr(), text.as_ptr()) }
        };
        engine::set_log_callback(level, Some(Box::new(sink)));
        Ok(())
    })
}
