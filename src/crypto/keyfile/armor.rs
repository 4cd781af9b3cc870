//! Base64 between two lines, as PEM (RFC 7468, RFC 1421) and OpenSSH wrap what is binary.

use super::corrupt;
use crate::error::Result;
use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use zeroize::Zeroizing;

/// What stands between a first line and its last line, which must be the file's last.
pub(super) fn between<'a>(text: &'a str, begin: &str, end: &str) -> Result<&'a str> {
    let body = text.strip_prefix(begin).ok_or_else(|| corrupt("the first line is damaged"))?;
    let (body, rest) = body.split_once(end).ok_or_else(|| corrupt("the last line is missing"))?;
    if !rest.trim().is_empty() {
        return Err(corrupt("there is text after the last line"));
    }
    Ok(body)
}

/// Decodes base64 that is broken into lines.
pub(super) fn decode(body: &str) -> Result<Zeroizing<Vec<u8>>> {
    // Room for all of it at once: a vector that grows leaves copies behind.
    let mut packed = Zeroizing::new(Vec::with_capacity(body.len()));
    packed.extend(body.bytes().filter(|b| !b.is_ascii_whitespace()));
    let mut bytes = Zeroizing::new(vec![0; base64::decoded_len_estimate(packed.len())]);
    let len =
        STANDARD.decode_slice(packed.as_slice(), bytes.as_mut_slice()).map_err(|_| corrupt("the base64 is damaged"))?;
    bytes.truncate(len);
    Ok(bytes)
}

/// Decodes hexadecimal digits.
pub(super) fn hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}
