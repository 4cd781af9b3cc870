//! What the fuzz targets do, compiled into the crate for tests and for fuzzing, so that they reach its inner parts and
//! `cargo test` replays the corpus without a sanitizer. `scripts/fuzz.sh` runs them; fuzz/README.md tells how.
//!
//! A target takes any bytes and panics where the library breaks one of its promises.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a fuzz target fails by panicking, and is given its first moment by the clock"
)]

mod agent;
mod app;
mod authorized_keys;
mod certs;
mod client;
mod config;
mod core;
mod files;
mod forge;
mod hostkeys;
mod ident;
mod inflater;
mod input;
mod messages;
mod negotiation;
mod packet_in;
mod server;

#[cfg(test)]
mod replay;
#[cfg(test)]
mod seeds;

/// Takes one input.
pub type Target = fn(&[u8]);

/// Every target by name; fuzz/fuzz_targets and fuzz/corpus have one entry each.
pub const TARGETS: &[(&str, Target)] = &[
    ("agent", agent::run),
    ("authorized_keys", authorized_keys::run),
    ("certificate", certs::certificate),
    ("client_postauth", client::postauth),
    ("client_preauth", client::preauth),
    ("hostkeys", hostkeys::run),
    ("ident", ident::run),
    ("inflater", inflater::run),
    ("known_hosts", files::known_hosts),
    ("krl", certs::krl),
    ("messages", messages::run),
    ("moduli", files::moduli),
    ("negotiation", negotiation::run),
    ("packet_in", packet_in::run),
    ("private_key", files::private_key),
    ("public_key", files::public_key),
    ("server_postauth", server::postauth),
    ("server_preauth", server::preauth),
    ("ssh_config", config::ssh_config),
];

/// Runs one input.
pub fn run(target: &str, data: &[u8]) {
    let (_, body) = TARGETS.iter().find(|(name, _)| *name == target).expect("a target of the table");
    body(data);
}
