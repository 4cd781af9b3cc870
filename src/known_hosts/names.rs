//! The names of a line: patterns, or one hashed name.

use crate::crypto::pattern::wildcard;
use crate::crypto::rng::system_bytes;
use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use ring::hmac;

/// Bytes of salt and of hash in a hashed name.
const HASH_LEN: usize = 20;

/// The hosts of a line.
#[derive(Debug, Clone)]
pub(super) enum Names {
    /// Patterns, in lower case.
    Patterns(Vec<Pattern>),
    /// `|1|salt|HMAC-SHA1(salt, name)`.
    Hashed { salt: [u8; HASH_LEN], hash: [u8; HASH_LEN] },
}

#[derive(Debug, Clone)]
pub(super) struct Pattern {
    negated: bool,
    text: Box<[u8]>,
}

impl Names {
    /// None for a hash that is none.
    pub(super) fn parse(field: &[u8]) -> Option<Self> {
        if is_hashed(field) {
            let mut parts = field.strip_prefix(b"|1|")?.split(|&b| b == b'|');
            let bytes = |text: Option<&[u8]>| <[u8; HASH_LEN]>::try_from(STANDARD.decode(text?).ok()?).ok();
            let (salt, hash) = (bytes(parts.next())?, bytes(parts.next())?);
            return parts.next().is_none().then_some(Self::Hashed { salt, hash });
        }
        let pattern = |text: &[u8]| match text.strip_prefix(b"!") {
            Some(rest) => Pattern { negated: true, text: rest.to_ascii_lowercase().into() },
            None => Pattern { negated: false, text: text.to_ascii_lowercase().into() },
        };
        let patterns = field.split(|&b| b == b',').filter(|text| !text.is_empty()).map(pattern);
        Some(Self::Patterns(patterns.collect()))
    }

    /// Whether they have this name: `host`, or `[host]:port`, in lower case.
    pub(super) fn matches(&self, name: &str) -> bool {
        match self {
            Self::Hashed { salt, hash } => {
                let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, salt);
                hmac::verify(&key, name.as_bytes(), hash).is_ok()
            }
            Self::Patterns(patterns) => {
                let hits = || patterns.iter().filter(|pattern| wildcard(&pattern.text, name.as_bytes()));
                // One negated hit outweighs all others.
                hits().any(|pattern| !pattern.negated) && !hits().any(|pattern| pattern.negated)
            }
        }
    }
}

/// Whether a names field is a hashed name, or claims to be.
pub(super) fn is_hashed(field: &[u8]) -> bool {
    field.first() == Some(&b'|')
}

/// Whether a names field stands for more hosts than it names.
pub(super) fn has_patterns(field: &[u8]) -> bool {
    field.iter().any(|b| b"*?!".contains(b))
}

/// A host's name as OpenSSH's HashKnownHosts writes it: `|1|salt|HMAC-SHA1 of the name under the salt`.
pub(super) fn hashed(name: &[u8]) -> String {
    let mut salt = [0; HASH_LEN];
    system_bytes(&mut salt);
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &salt);
    format!("|1|{}|{}", STANDARD.encode(salt), STANDARD.encode(hmac::sign(&key, name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_under_its_hash_only() {
        let names = Names::parse(hashed(b"host").as_bytes()).unwrap();
        assert!(names.matches("host") && !names.matches("hosts"));
        for bad in ["|", "|1", "|1|", "|1||", "|1|AAAA|AAAA", "|2|a|b", "|1|a|b|c"] {
            assert!(Names::parse(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
