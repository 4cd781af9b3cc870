//! One line of a known_hosts file.

use crate::crypto::rng::system_bytes;
use crate::wire::Reader;
use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use ring::hmac;
use std::fmt;
use std::sync::Arc;

/// The key types that can be compared, as the registry names them.
const KEY_TYPES: &[&str] =
    &["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"];

/// Bytes of salt and of hash in a hashed name.
const HASH_LEN: usize = 20;

/// What stands before the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    None,
    Revoked,
}

/// The hosts of a line.
#[derive(Debug, Clone)]
enum Names {
    /// Patterns, in lower case.
    Patterns(Vec<Pattern>),
    /// `|1|salt|HMAC-SHA1(salt, name)`.
    Hashed { salt: [u8; HASH_LEN], hash: [u8; HASH_LEN] },
}

#[derive(Debug, Clone)]
struct Pattern {
    negated: bool,
    text: Box<str>,
}

/// A line that could be read.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) marker: Marker,
    names: Names,
    pub(super) key_type: &'static str,
    /// Compared as it is: a key that parses has one blob only. Not parsed further, as most are never looked at.
    pub(super) blob: Box<[u8]>,
    pub(super) file: Arc<str>,
    pub(super) line: usize,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} {:?} {:?} {}", self.file, self.line, self.marker, self.names, self.key_type)
    }
}

impl Entry {
    /// Reads a line; None for comments, for what is not understood, and for `@cert-authority`.
    pub(super) fn parse(text: &str, file: &Arc<str>, line: usize) -> Option<Self> {
        let mut fields = text.split_ascii_whitespace();
        let mut first = fields.next().filter(|field| !field.starts_with('#'))?;
        let mut marker = Marker::None;
        if first.starts_with('@') {
            // Any other marker gives the key a meaning that is not known here: it must not be trusted as a host's.
            marker = (first == "@revoked").then_some(Marker::Revoked)?;
            first = fields.next()?;
        }
        let names = Names::parse(first)?;
        let name = fields.next()?;
        let key_type = KEY_TYPES.iter().copied().find(|known| *known == name)?;
        let blob = STANDARD.decode(fields.next()?).ok()?;
        if Reader::new(&blob).string().ok()? != key_type.as_bytes() {
            return None;
        }
        Some(Self { marker, names, key_type, blob: blob.into(), file: file.clone(), line })
    }

    /// Whether the line is for this name: `host`, or `[host]:port`, in lower case.
    pub(super) fn matches(&self, name: &str) -> bool {
        match &self.names {
            Names::Hashed { salt, hash } => {
                let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, salt);
                hmac::verify(&key, name.as_bytes(), hash).is_ok()
            }
            Names::Patterns(patterns) => {
                let hits = || patterns.iter().filter(|pattern| wildcard(pattern.text.as_bytes(), name.as_bytes()));
                // One negated hit outweighs all others.
                hits().any(|pattern| !pattern.negated) && !hits().any(|pattern| pattern.negated)
            }
        }
    }
}

impl Names {
    fn parse(field: &str) -> Option<Self> {
        if let Some(rest) = field.strip_prefix('|') {
            let (salt, hash) = rest.strip_prefix("1|")?.split_once('|')?;
            let bytes = |text: &str| <[u8; HASH_LEN]>::try_from(STANDARD.decode(text).ok()?).ok();
            return Some(Self::Hashed { salt: bytes(salt)?, hash: bytes(hash)? });
        }
        let pattern = |text: &str| match text.strip_prefix('!') {
            Some(rest) => Pattern { negated: true, text: rest.to_ascii_lowercase().into() },
            None => Pattern { negated: false, text: text.to_ascii_lowercase().into() },
        };
        Some(Self::Patterns(field.split(',').filter(|text| !text.is_empty()).map(pattern).collect()))
    }
}

/// A host's name as OpenSSH's HashKnownHosts writes it: `|1|salt|HMAC-SHA1 of the name under the salt`.
pub(super) fn hashed(name: &str) -> String {
    let mut salt = [0; HASH_LEN];
    system_bytes(&mut salt);
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &salt);
    format!("|1|{}|{}", STANDARD.encode(salt), STANDARD.encode(hmac::sign(&key, name.as_bytes())))
}

/// Whether `text` fits `pattern`, where `*` is any run of bytes and `?` any one byte. Goes back to the last star only,
/// so its time is bounded by the product of the lengths.
fn wildcard(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (pattern, text);
    let mut star: Option<(&[u8], &[u8])> = None;
    loop {
        match (p, t) {
            ([b'*', rest @ ..], _) => {
                star = Some((rest, t));
                p = rest;
            }
            ([], []) => return true,
            ([a, p_rest @ ..], [b, t_rest @ ..]) if a == b || *a == b'?' => (p, t) = (p_rest, t_rest),
            _ => match star {
                // The last star takes one byte more.
                Some((after, [_, rest @ ..])) => {
                    star = Some((after, rest));
                    (p, t) = (after, rest);
                }
                _ => return false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards() {
        for (pattern, text, fits) in [
            ("", "", true),
            ("*", "", true),
            ("?", "", false),
            ("a", "a", true),
            ("a", "ab", false),
            ("a?c", "abc", true),
            ("*.example.org", "host.example.org", true),
            ("*.example.org", "example.org", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("**", "x", true),
            ("[*]:22?", "[host]:222", true),
        ] {
            assert_eq!(wildcard(pattern.as_bytes(), text.as_bytes()), fits, "{pattern} {text}");
        }
        // No exponential time.
        assert!(!wildcard("*a".repeat(200).as_bytes(), "a".repeat(199).as_bytes()));
    }

    #[test]
    fn any_bytes_end_in_a_result() {
        let file: Arc<str> = "f".into();
        for line in [
            "",
            " ",
            "#",
            "@",
            "@revoked",
            "|",
            "|1",
            "|1|",
            "|1||",
            "|1|AAAA|AAAA x",
            "|2|a|b c d",
            "h",
            "h t",
            "h ssh-rsa",
            "h ssh-rsa !",
            "h ssh-rsa AAAA",
            "h ssh-dss AAAAB3NzaC1kc3M=",
            "\u{fffd} \u{fffd}",
            "h 1024 35 9",
        ] {
            assert!(Entry::parse(line, &file, 1).is_none(), "{line}");
        }
    }
}
