//! Patterns of names: `*` is any run of bytes, `?` any one byte (ssh_config(5), PATTERNS).

/// Whether `text` fits `pattern`. Goes back to the last star only, so its time is bounded by the product of the lengths.
#[must_use]
pub fn wildcard(pattern: &[u8], text: &[u8]) -> bool {
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

/// How a text fits a comma-separated list of patterns, of which those behind `!` exclude. None: a pattern excludes it.
/// Case does not count, as for host names.
#[must_use]
pub fn host_list(list: &[u8], text: &[u8]) -> Option<bool> {
    /// A longer pattern spoils the list, as in OpenSSH.
    const MAX_PATTERN: usize = 1023;
    let text = text.to_ascii_lowercase();
    let mut found = false;
    for pattern in list.split(|&b| b == b',') {
        let pattern = pattern.to_ascii_lowercase();
        let (negated, pattern) = match pattern.strip_prefix(b"!") {
            Some(rest) => (true, rest),
            None => (false, pattern.as_slice()),
        };
        if pattern.len() >= MAX_PATTERN {
            return Some(false);
        }
        if wildcard(pattern, &text) {
            if negated {
                return None;
            }
            found = true;
        }
    }
    Some(found)
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
            ("a", "ab", false),
            ("a?c", "abc", true),
            ("*.example.org", "host.example.org", true),
            ("*.example.org", "example.org", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("**", "x", true),
            ("*abd", "abcabd", true),
            ("*?c*", "abc", true),
            ("*?*?*?*", "ab", false),
            ("*.example.com", ".example.com", true),
            ("host", "Host", false),
        ] {
            assert_eq!(wildcard(pattern.as_bytes(), text.as_bytes()), fits, "{pattern} {text}");
        }
        // No exponential time.
        assert!(!wildcard("*a".repeat(200).as_bytes(), "a".repeat(199).as_bytes()));
    }

    #[test]
    fn lists() {
        for (list, text, fits) in [
            ("a,b", "b", Some(true)),
            ("a,b", "c", Some(false)),
            ("*,!b", "b", None),
            ("!b,*", "b", None),
            ("!b", "c", Some(false)),
            ("*.Example.ORG", "Host.example.org", Some(true)),
        ] {
            assert_eq!(host_list(list.as_bytes(), text.as_bytes()), fits, "{list} {text}");
        }
        let long = format!("{},*", "x".repeat(1023));
        assert_eq!(host_list(long.as_bytes(), b"y"), Some(false));
    }
}
