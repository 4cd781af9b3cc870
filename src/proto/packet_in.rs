//! Opening packets.
