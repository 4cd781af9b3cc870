//! `sshrs`: SSH-2, client and server, as a C-ABI shared library.
//!
//! This file is the map of the crate; it holds no code. A module imports only from rows below its own
//! (`tests/layering.rs` checks it):
//!
//! ```text
//! ffi          the C ABI: pointers, panics, status codes, C callbacks    the only place that sees a raw C pointer
//! alias        a name in an ssh_config to a connection, logged in         no sockets, no packets; asks the caller, runs nothing
//! config       ssh_config: what is said about a host                     no sockets, no SSH packets, no commands
//! authorized_keys  users of crypto: who may log in with which key        no sockets, no SSH packets
//! agent        an agent's client, a keyring and its server             no threads, no waiting of its own, no SSH packets
//! known_hosts  users of crypto: which host keys are trusted              no sockets, no SSH packets
//! engine       threads, locks, sockets, deadlines, calling hooks         the only Mutex/Condvar/thread/clock/socket
//! proto        sans-I/O SSH: packets, kex, auth, channels                `&mut self` only; bytes + time + answers in, bytes + events out
//! crypto       algorithms, keys, key files, KDF, the algorithm table     knows key and signature blobs, no SSH messages
//! wire         bytes <-> message structs                                 no state, no crypto
//! error        one table                                                 importable by all
//! ```
//!
//! # Following a packet
//!
//! In: socket -> `engine/poller` -> `proto/packet_in` (length, MAC, sequence number, decrypt, decompress; no lock held)
//! -> `proto/connection` under the transport's lock -> `proto/phase::admit` (number, sender, phase) -> `wire` parse ->
//! `proto/channel/table` (id) -> `channel/state` (may data arrive?) -> `channel/window` (debit) -> `channel/stream`
//! (queue) -> `Event::Readable` -> the engine wakes waiters -> `ssh_channel_recv` copies and credits the window.
//!
//! Out: `ssh_channel_send` -> `ffi/arg` -> `engine/channel` (waits for window) -> `proto/channel` (debit min(window,
//! max packet)) -> `proto/packet_out` (held back during a key exchange, RFC 4253 section 7.1; pad, seal, sequence
//! number) -> output buffer -> the caller's own thread writes it to the socket; what the socket does not take waits
//! for the poller.
#![deny(
    unsafe_code,
    missing_docs,
    unsafe_op_in_unsafe_fn,
    unused_must_use,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::undocumented_unsafe_blocks,
    clippy::missing_safety_doc,
    clippy::allow_attributes_without_reason
)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "a test fails by panicking"
    )
)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        clippy::disallowed_types,
        clippy::field_reassign_with_default,
        reason = "a test may take a real instant as its virtual clock's start, and vary a default in place"
    )
)]

pub mod agent;
pub mod alias;
pub mod authorized_keys;
pub mod config;
pub mod crypto;
pub mod engine;
pub mod error;
pub mod ffi;
pub mod known_hosts;
pub mod proto;
pub mod wire;

/// The fuzz targets' bodies; `cargo test` replays their corpus.
#[cfg(any(test, fuzzing))]
#[path = "../fuzz/targets/mod.rs"]
pub mod fuzz_targets;
