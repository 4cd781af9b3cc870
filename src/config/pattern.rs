//! Patterns (ssh_config(5), PATTERNS): `*`, `?`, comma lists, `!`.

use crate::crypto::pattern::wildcard;

/// Whether the whole of `text` fits `pattern`. Takes at most text × pattern steps, whatever the asterisks.
pub(super) fn fits(text: &str, pattern: &str) -> bool {
    wildcard(pattern.as_bytes(), text.as_bytes())
}

/// Whether `text` fits a pattern of a comma list and none of its `!` patterns.
pub(super) fn fits_list(text: &str, list: &str) -> bool {
    let mut found = false;
    for pattern in list.split(',') {
        match pattern.strip_prefix('!') {
            Some(not) if fits(text, not) => return false,
            Some(_) => {}
            None => found |= fits(text, pattern),
        }
    }
    found
}

/// [`fits_list`] where case does not matter, as for host names.
pub(super) fn fits_list_any_case(text: &str, list: &str) -> bool {
    fits_list(&text.to_ascii_lowercase(), &list.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards() {
        for (text, pattern, want) in [
            ("host", "host", true),
            ("host", "hos?", true),
            ("host", "hos", false),
            ("host", "*", true),
            ("", "*", true),
            ("", "?", false),
            ("a.b.c", "*.c", true),
            ("a.b.c", "*.b", false),
            ("aXbXc", "a*X*c", true),
            ("abab", "*ab", true),
            ("abc", "*?*?*?*", true),
            ("ab", "*?*?*?*", false),
        ] {
            assert_eq!(fits(text, pattern), want, "{text} {pattern}");
        }
    }

    #[test]
    fn many_asterisks_take_no_long_time() {
        assert!(!fits(&"a".repeat(2000), &"*a".repeat(500).replace("*a", "*aa*b")));
    }

    #[test]
    fn a_negated_pattern_rules_the_list_out() {
        assert!(fits_list("a", "b,a"));
        assert!(!fits_list("a", "*,!a"));
        assert!(!fits_list("a", "!b"));
        assert!(fits_list_any_case("Web1", "WEB*"));
    }
}
