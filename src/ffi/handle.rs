//! What the two central handles hold.

use super::exception;
use crate::engine::{Channel, Registrations, Transport};
use crate::error::{ErrorKind, Result};
use std::sync::Arc;

/// What a connection's handles share beyond the engine's objects.
#[derive(Debug, Clone, Default)]
pub(super) struct Origin {
    /// Host and port as the caller gave them; the name to look up in known_hosts.
    pub(super) host: Option<(String, u16)>,
    /// For `SSH_WAIT_DEFAULT` when a channel is opened, milliseconds.
    pub(super) channel_timeout_ms: i64,
}

/// One SSH connection.
pub struct ssh_transport_t {
    /// The queues it is in. First: it leaves them before anything else of it goes.
    pub(super) ready: Registrations,
    pub(super) inner: Transport,
    pub(super) origin: Arc<Origin>,
    /// The transports it runs through, the nearest first. Last: they go after it, from the inside out.
    _way: Vec<Transport>,
}

/// One channel of a connection.
pub struct ssh_channel_t {
    /// As in `ssh_transport_t`.
    pub(super) ready: Registrations,
    pub(super) inner: Channel,
    pub(super) origin: Arc<Origin>,
}

impl ssh_transport_t {
    pub(super) fn new(inner: Transport, origin: Arc<Origin>) -> Self {
        Self { ready: Registrations::default(), inner, origin, _way: Vec::new() }
    }

    /// Keeps the transports that this one runs through, the first first.
    pub(super) fn through(mut self, way: Vec<Transport>) -> Self {
        self._way = way.into_iter().rev().collect();
        self
    }

    /// Runs a call on the transport; an error is kept for `ssh_get_exception` too.
    pub(super) fn run<T>(&self, call: impl FnOnce(&Transport) -> Result<T>) -> Result<T> {
        call(&self.inner).inspect_err(|error| exception::store_on(&self.inner, error))
    }

    /// The channel's handle for C.
    pub(super) fn give_channel(&self, channel: Channel) -> *mut ssh_channel_t {
        Box::into_raw(Box::new(ssh_channel_t::new(channel, Arc::clone(&self.origin))))
    }
}

impl ssh_channel_t {
    pub(super) fn new(inner: Channel, origin: Arc<Origin>) -> Self {
        Self { ready: Registrations::default(), inner, origin }
    }

    /// Runs a call on the channel; an error is kept on its transport for `ssh_get_exception` too, but for time-outs: a
    /// polled channel would bury what matters.
    pub(super) fn run<T>(&self, call: impl FnOnce(&Channel) -> Result<T>) -> Result<T> {
        call(&self.inner).inspect_err(|error| {
            if error.kind() != ErrorKind::Timeout {
                exception::store_on(&self.inner.transport(), error);
            }
        })
    }
}

/// Drops a handle that `Box::into_raw` made; NULL is allowed. A panic in a destructor stays inside.
///
/// # Safety
/// `p` is NULL or came from `Box::into_raw` and is not used again.
pub(super) unsafe fn free<T>(p: *mut T) {
    super::guard::guard_value((), || {
        if !p.is_null() {
            // SAFETY: by this function's contract.
            drop(unsafe { Box::from_raw(p) });
        }
        Some(())
    });
}
