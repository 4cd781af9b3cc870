//! `name-list` (RFC 4251 section 5).

use crate::error::{Error, Result};

/// The most names one list may hold; real lists have a few dozen.
pub const MAX_NAMES: usize = 512;

/// A checked comma-separated list: printable US-ASCII names, none empty, at most [`MAX_NAMES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameList<'a>(&'a str);

impl<'a> NameList<'a> {
    /// Checks a list's bytes.
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        let text = std::str::from_utf8(bytes).map_err(|_| Error::protocol("name-list is not US-ASCII"))?;
        if text.bytes().any(|b| !b.is_ascii_graphic()) {
            return Err(Error::protocol("name-list holds a byte that is not printable US-ASCII"));
        }
        let list = Self(text);
        if list.iter().any(str::is_empty) {
            return Err(Error::protocol("name-list holds an empty name (RFC 4251 section 5)"));
        }
        if list.iter().count() > MAX_NAMES {
            return Err(Error::protocol(format!("name-list holds more than {MAX_NAMES} names")));
        }
        Ok(list)
    }

    /// The names in order.
    pub fn iter(&self) -> impl Iterator<Item = &'a str> {
        let text = self.0;
        // An empty list has no names, but `split` would yield one empty name.
        text.split(',').filter(move |_| !text.is_empty())
    }

    /// Whether `name` is in the list.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.iter().any(|n| n == name)
    }

    /// The names as owned strings.
    #[must_use]
    pub fn to_vec(&self) -> Vec<String> {
        self.iter().map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_list_has_no_names() {
        assert_eq!(NameList::parse(b"").unwrap().iter().count(), 0);
    }

    #[test]
    fn empty_names_and_control_bytes_are_refused() {
        for bad in [&b","[..], b"a,,b", b"a,", b",a", b"a b", b"a\0", b"\xff"] {
            assert!(NameList::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(NameList::parse(b"zlib,none").unwrap().to_vec(), ["zlib", "none"]);
    }
}
