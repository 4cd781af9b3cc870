//! Sans-I/O SSH. `&mut self` only; bytes, time and answers in, bytes and events out. Nothing here waits, calls out or
//! reads a clock, so tests join two cores in memory with a virtual clock.
//!
//! Two owners, so that decryption needs no lock that senders need:
//! - [`packet_in::PacketIn`] frames, opens and decompresses what arrives;
//! - [`connection::Connection`] is everything else, sealing included.
//!
//! Whoever drives them (the engine, or a test) does: bytes -> `PacketIn::open_batch` -> for each opened item
//! `Connection::handle` -> if the batch ended at a barrier, `Connection::inbound_change` -> `PacketIn::apply`, and on.

pub mod auth;
pub mod channel;
pub mod config;
pub mod connection;
mod dump;
pub mod event;
pub mod global;
pub mod hostkeys;
pub mod ident;
mod in_order;
mod keepalive;
pub mod kex;
pub mod negotiate;
pub mod outbox;
pub mod packet_in;
pub mod packet_out;
pub mod phase;

#[cfg(test)]
mod tests;
