//! Agents: keys that another process holds, and a keyring of our own that other programs use.
//!
//! `message` is the protocol, `client` asks an agent, `keyring` holds keys, `server` answers for one.

mod client;
mod constraint;
mod keyring;
mod login;
pub mod message;
mod server;

#[cfg(test)]
mod tests;

pub use client::{Agent, Identities, Identity};
pub use constraint::Constraints;
pub use keyring::{Held, Keyring};
pub use login::{login, Choice};
pub use server::{Confirm, Confirmer, Exposure, Server};
