//! Threads, locks, sockets, deadlines, calling hooks: everything that waits. The protocol itself is in `proto`.
//!
//! - Handles: [`Transport`], [`Channel`], [`Event`]; what they share is in `shared` under one lock a transport.
//! - Ways in: `poller` (sockets) and `stream` (callers' streams) read, `reader` opens without the lock and hands whole
//!   batches to the core under it.
//! - Ways out: whoever seals writes (`writer`); what the socket does not take waits for the poller.
//! - `relay` moves data between channels and descriptors on threads of its own.
//! - `core` takes the protocol core's events and wakes those who wait for them, each time the lock is given back.
//! - `serving` is the thread that pollers and the relays' workers are made of.
//! - `runtime` holds what the process shares: pollers, and the elastic `pool` for whatever may block.
//!
//! Lock law: no lock is held across a call into the application, a blocking system call, a join, or work on keys. Each
//! lock's comment says what it protects and which lock may be taken under it.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this is the one layer with clocks, threads, sockets and locks"
)]

mod auth;
mod auth_event;
mod begin;
mod channel;
mod channel_requests;
mod connect;
mod core;
mod deadline;
mod event;
mod exec;
mod forward;
mod hooks;
mod hostkeys;
mod lock;
mod log;
mod permissions;
mod permit;
mod pipe;
mod poller;
mod pool;
mod reader;
mod ready;
mod relay;
mod requests;
mod runtime;
mod server;
mod serving;
mod shared;
mod signing;
mod start;
mod stream;
mod sys;
mod sys_names;
mod transport;
mod watch;
mod writer;

#[cfg(test)]
mod tests;

pub use auth::{AuthResult, PasswordChange, PromptHandler};
pub use begin::Progress;
pub use channel::{Channel, Recv};
pub use channel_requests::PtySize;
pub use connect::AddressFamily;
pub use deadline::Deadline;
pub use event::Event;
pub use exec::Collected;
pub use forward::ForwardHandler;
pub use hooks::{set_server_moduli, Answer, AuthAsk, ChannelAsk, Hooks, Refusal, SubsystemHandler, Verdict};
pub use hostkeys::HostkeysHandler;
pub use log::{set_log_callback, LogCallback};
pub use permissions::{Permissions, PermitTarget};
pub use pipe::{Dialogue, Listener, Local, Pipe};
pub use ready::{flags as ready_flags, Place, Ready, ReadyQueue, Registration, Registrations};
pub use relay::Relay;
pub use signing::run_on_pool;
pub use stream::ByteStream;
pub use sys_names::{account, canonical_name, host_name, own_account, own_addresses, Account};
pub use transport::{Transport, TransportOptions};

/// The second since 1970 of a year, month (from 1), day, hour, minute and second in the machine's own time zone; None where
/// there is none.
#[must_use]
pub fn local_time(time: [i64; 6]) -> Option<u64> {
    sys::local_seconds(time)
}

/// Seconds since 1970 by the machine's clock; 0 where it shows an earlier time.
#[must_use]
pub fn wall_clock() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
