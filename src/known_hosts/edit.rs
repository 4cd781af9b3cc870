//! Changes of a file's text. Lines that are not changed, be they comments, unknown or broken, stay as they are to the
//! byte; a last line without an end gets one.

use super::entry::blob_of;
use super::line::{lines, Fields, Line, Marker};
use super::names::{has_patterns, hashed, is_hashed, Names};
use crate::crypto::hostkey::PublicKey;
use crate::error::ErrorKind;

/// A changed text, and what was changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edited {
    /// The new text.
    pub text: Vec<u8>,
    /// The lines removed, from 1.
    pub removed: Vec<usize>,
    /// How many lines were added.
    pub added: usize,
    /// How many names were hashed.
    pub hashed: usize,
    /// Lines that are neither entry, comment nor blank, from 1. They were kept.
    pub unreadable: Vec<usize>,
}

impl Edited {
    /// Whether there is anything to write.
    #[must_use]
    pub fn is_change(&self) -> bool {
        !self.removed.is_empty() || self.added > 0 || self.hashed > 0
    }

    fn keep(&mut self, line: &[u8]) {
        self.text.extend_from_slice(line);
        self.text.push(b'\n');
    }

    fn add(&mut self, line: &str) {
        self.text.extend_from_slice(line.as_bytes());
        self.added += 1;
    }

    /// Goes through the lines; entries are shown to `each`, which keeps them or not. False from it: the line counts as
    /// unreadable, and is kept.
    fn walk(text: &[u8], mut each: impl FnMut(&mut Self, usize, &[u8], Fields<'_>) -> bool) -> Self {
        let mut out = Self { text: Vec::with_capacity(text.len() + 1), ..Self::default() };
        for (index, line) in lines(text).enumerate() {
            let parsed = Line::parse(line);
            match parsed {
                Line::Entry(fields) if each(&mut out, index + 1, line, fields) => continue,
                Line::Empty => {}
                _ => out.unreadable.push(index + 1),
            }
            out.keep(line);
        }
        out
    }
}

/// Removes the lines of a host, or only those with one key. Lines with a marker stay, as `ssh-keygen -R` leaves them; a
/// line with other names as well goes as a whole, as it does there.
#[must_use]
pub fn remove(text: &[u8], name: &str, key: Option<&PublicKey>) -> Edited {
    Edited::walk(text, |out, number, line, fields| {
        let Some(names) = Names::parse(fields.names) else { return false };
        let is_meant = fields.marker == Marker::None
            && names.matches(name)
            && key.is_none_or(|key| blob_of(fields.key_type, fields.key).as_deref() == Some(key.blob()));
        if is_meant {
            out.removed.push(number);
        } else {
            out.keep(line);
        }
        true
    })
}

/// Hashes all names that can be: not those with `*`, `?` or `!`, and none on a line with a marker, as `ssh-keygen -H`
/// does. A line with several names becomes several lines.
#[must_use]
pub fn hash(text: &[u8]) -> Edited {
    Edited::walk(text, |out, _, line, fields| {
        let names: Vec<&[u8]> = fields.names.split(|&b| b == b',').filter(|name| !name.is_empty()).collect();
        if fields.marker != Marker::None || is_hashed(fields.names) || has_patterns(fields.names) || names.is_empty() {
            out.keep(line);
            return true;
        }
        // With the CR of a line that ends in one.
        let start = line.len() - fields.key.len() - usize::from(line.ends_with(b"\r"));
        let key = line.split_at_checked(start).map_or(fields.key, |(_, key)| key);
        for name in names {
            out.text.extend_from_slice(hashed(&name.to_ascii_lowercase()).as_bytes());
            out.text.push(b' ');
            out.keep(key);
            out.hashed += 1;
        }
        true
    })
}

/// Makes `keys` the keys of a host: lines with another key go, and missing ones are added at the end. Lines with a
/// marker stay, and those whose key is of no use here: nobody can tell whether the host still has it.
#[must_use]
pub fn replace(text: &[u8], name: &str, keys: &[&PublicKey], hide: bool) -> Edited {
    let mut found = vec![false; keys.len()];
    let mut out = Edited::walk(text, |out, number, line, fields| {
        let Some(names) = Names::parse(fields.names) else { return false };
        let is_hosts = fields.marker == Marker::None && names.matches(name);
        let blob = match is_hosts {
            true => blob_of(fields.key_type, fields.key).unwrap_or_default(),
            false => Vec::new(),
        };
        let listed = keys.iter().zip(&mut found).find(|(key, _)| key.blob() == blob);
        let is_useless = || PublicKey::parse(&blob).is_err_and(|error| error.kind() != ErrorKind::KeyWeak);
        if let Some((_, found)) = listed {
            *found = true;
            out.keep(line);
        } else if !is_hosts || is_useless() {
            out.keep(line);
        } else {
            out.removed.push(number);
        }
        true
    });
    for (key, _) in keys.iter().zip(found).filter(|(_, found)| !found) {
        out.add(&line_of(name, key, hide));
    }
    out
}

/// A line for a key, with its end.
pub(super) fn line_of(name: &str, key: &PublicKey, hide: bool) -> String {
    let shown = if hide { hashed(name.as_bytes()) } else { name.to_owned() };
    format!("{shown} {}\n", key.to_line(""))
}
