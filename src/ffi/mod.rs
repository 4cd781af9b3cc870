//! The C ABI: pointers, panics, status codes, C callbacks. The only place that sees a raw C pointer.
//!
//! One contract holds for every exported function, stated for C on the first page of `include/sshrs.h`; the `SAFETY`
//! comments here mean it by "the C contract":
//! - a pointer argument is NULL or valid for what its type and length say, for the whole call;
//! - a handle came from this library and nobody frees it during the call;
//! - an output pointer is NULL or writable and not aliased by another argument.
//!
//! An export converts ([`arg`]), calls once, and maps; [`guard`] turns errors and panics into status codes. The header
//! is generated from these files by build.rs, one section a file, in the order written there.
#![allow(unsafe_code, reason = "the C border")]
#![allow(non_camel_case_types, reason = "type names are C's")]
#![allow(clippy::missing_safety_doc, reason = "one contract for all exports, above and on the header's first page")]

mod agent;
mod agent_server;
mod agent_types;
mod alias;
mod answers;
mod arg;
mod auth;
mod auth_dumb;
mod authorized_keys;
mod cert;
mod cert_use;
mod channel;
mod channel_begin;
mod channel_io;
mod channel_request;
mod config;
mod config_types;
mod connect;
mod event;
mod exception;
mod exec;
mod file;
mod forward;
mod guard;
mod handle;
mod host_config;
mod hostkeys;
mod key;
mod key_cert;
mod key_sign;
mod key_write;
mod known_hosts;
mod known_hosts_edit;
mod krl;
mod log;
mod options;
mod permissions;
mod ready;
mod relay;
mod security_options;
mod server;
mod server_hooks;
mod server_types;
mod signer;
mod sshfp;
mod status;
mod stream;
mod text;
mod ticket;
mod transport;
mod transport_info;
mod transport_new;
mod transport_request;
mod types;

pub use agent_types::*;
pub use config_types::*;
pub use server_types::*;
pub use types::*;
