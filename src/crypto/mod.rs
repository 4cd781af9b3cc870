//! Algorithms and keys. Knows key and signature blobs, no SSH messages. Primitives come from libraries; what is
//! written here is how SSH combines them.
//!
//! One algorithm a file behind a small trait; adding one means one file and one row in [`registry`].

pub mod cert;
pub mod cipher;
pub mod compress;
pub mod hash;
pub mod hostkey;
pub mod kdf;
pub mod kex;
pub mod keyfile;
pub mod krl;
pub mod mac;
pub mod moduli;
pub mod pattern;
pub mod registry;
pub mod rng;
pub mod sshfp;
