//! Threads, locks, sockets, deadlines, calling hooks.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this is the layer that may wait: the only one with clocks, threads, sockets and locks"
)]
