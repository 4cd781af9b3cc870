//! The exchange hash H (RFC 4253 section 8, RFC 4419 section 3, RFC 5656 section 4).

use crate::crypto::kex::SecretEncoding;
use crate::crypto::registry::{KexFlow, KexInfo, SignatureInfo};
use crate::wire::Writer;
use zeroize::Zeroizing;

/// What both sides know of an exchange before its arithmetic.
#[derive(Clone)]
pub struct Context {
    pub kex: &'static KexInfo,
    pub host_key: &'static SignatureInfo,
    /// Identification strings without CR LF.
    pub v_c: Vec<u8>,
    pub v_s: Vec<u8>,
    /// KEXINIT payloads.
    pub i_c: Vec<u8>,
    pub i_s: Vec<u8>,
    /// Group exchange only.
    pub group: Option<GroupRequest>,
}

/// What group exchange adds to the hash: the request, and the group's magnitudes once it is known.
#[derive(Clone)]
pub struct GroupRequest {
    pub min: u32,
    pub preferred: u32,
    pub max: u32,
    pub p: Vec<u8>,
    pub g: Vec<u8>,
}

/// K as it enters the hash and key derivation, its length field included.
pub fn encode_secret(kex: &KexInfo, secret: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(secret.len() + 5));
    let mut w = Writer::new(&mut out);
    match kex.secret {
        SecretEncoding::Mpint => w.mpint(secret),
        SecretEncoding::Octets => w.string(secret),
    };
    out
}

/// H over the context, the server's key and both public values.
pub fn exchange_hash(
    context: &Context,
    host_key_blob: &[u8],
    client_public: &[u8],
    server_public: &[u8],
    encoded_secret: &[u8],
) -> Vec<u8> {
    let mut input = Zeroizing::new(Vec::with_capacity(4096));
    let mut w = Writer::new(&mut input);
    w.string(&context.v_c).string(&context.v_s).string(&context.i_c).string(&context.i_s).string(host_key_blob);
    if let Some(group) = &context.group {
        w.u32(group.min).u32(group.preferred).u32(group.max).mpint(&group.p).mpint(&group.g);
    }
    for public in [client_public, server_public] {
        match context.kex.flow {
            KexFlow::Octets => w.string(public),
            KexFlow::Dh | KexFlow::GroupExchange => w.mpint(public),
        };
    }
    w.raw(encoded_secret);
    context.kex.hash.digest(&[&input])
}
