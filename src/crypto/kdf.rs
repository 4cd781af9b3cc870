//! Deriving keys from a key exchange (RFC 4253 section 7.2).

use super::hash::HashAlg;
use zeroize::Zeroizing;

/// `HASH(K || H || letter || session_id)`, extended to `len` bytes. `secret` is K as it entered the exchange hash,
/// its length field included.
#[must_use]
pub fn derive(
    hash: HashAlg,
    secret: &[u8],
    exchange_hash: &[u8],
    letter: u8,
    session_id: &[u8],
    len: usize,
) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(Vec::with_capacity(len + hash.output_len()));
    key.extend(hash.digest(&[secret, exchange_hash, &[letter], session_id]));
    while key.len() < len {
        let more = hash.digest(&[secret, exchange_hash, &key]);
        key.extend(more);
    }
    key.truncate(len);
    key
}
