//! Threads, locks, sockets, deadlines, calling hooks.
