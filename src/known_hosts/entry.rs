//! An entry of a known_hosts file, and where it stands.

use super::line::{word, Fields, Line, Marker};
use super::names::Names;
use crate::crypto::hostkey::PublicKey;
use crate::error::{ErrorKind, Result};
use crate::wire::Reader;
use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use std::fmt;
use std::sync::Arc;

/// A line that could be read. Its key is decoded when it is asked for: most entries of a file are never looked at.
#[derive(Clone)]
pub struct Entry {
    marker: Marker,
    names: Names,
    key_type: &'static str,
    text: Box<[u8]>,
    /// Bytes of `text` from where the key's type begins.
    key_len: usize,
    file: Arc<str>,
    line: usize,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} {:?} {:?} {}", self.file, self.line, self.marker, self.names, self.key_type)
    }
}

/// The blob behind a key's type, if it is one of that type.
pub(super) fn blob_of(key_type: &str, key: &[u8]) -> Option<Vec<u8>> {
    let (encoded, _) = word(word(key).1);
    let blob = STANDARD.decode(encoded).ok()?;
    (Reader::new(&blob).string().ok()? == key_type.as_bytes()).then_some(blob)
}

impl Entry {
    /// Reads a line; None for comments and for what is not understood.
    pub(super) fn parse(text: &[u8], file: &Arc<str>, line: usize) -> Option<Self> {
        let Line::Entry(Fields { marker, names, key_type, key }) = Line::parse(text) else { return None };
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let (names, key_len) = (Names::parse(names)?, key.len());
        Some(Self { marker, names, key_type, text: text.into(), key_len, file: file.clone(), line })
    }

    /// What stands before its names.
    #[must_use]
    pub fn marker(&self) -> Marker {
        self.marker
    }

    /// The type of its key, as the line names it.
    #[must_use]
    pub fn key_type(&self) -> &'static str {
        self.key_type
    }

    /// The whole line, without its end.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// The file it stands in.
    #[must_use]
    pub fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// Its line there, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    fn key_text(&self) -> &[u8] {
        let start = self.text.len().saturating_sub(self.key_len);
        self.text.split_at_checked(start).map_or(&[], |(_, key)| key)
    }

    /// The names as they are written.
    pub(super) fn names_text(&self) -> &[u8] {
        match Line::parse(&self.text) {
            Line::Entry(fields) => fields.names,
            _ => &[],
        }
    }

    /// What follows the key.
    #[must_use]
    pub fn comment(&self) -> &[u8] {
        word(word(self.key_text()).1).1
    }

    /// The key's blob; None where its base64 is damaged or of another type.
    pub(super) fn blob(&self) -> Option<Vec<u8>> {
        blob_of(self.key_type, self.key_text())
    }

    /// The key.
    ///
    /// Errors: those of [`PublicKey::parse`].
    pub fn key(&self) -> Result<PublicKey> {
        PublicKey::parse(&self.blob().ok_or(ErrorKind::KeyCorrupt)?)
    }

    /// Whether this is the line's key.
    pub(super) fn is_of(&self, key: &PublicKey) -> bool {
        self.key_type == key.key_type() && self.blob().is_some_and(|blob| blob == key.blob())
    }

    /// Whether there is a key that a host could have. A weak one is: that it is refused does not make it unlisted.
    pub(super) fn is_sound(&self) -> bool {
        self.key().map_or_else(|error| error.kind() == ErrorKind::KeyWeak, |_| true)
    }

    /// Whether its names have this one: `host`, or `[host]:port`, in lower case.
    pub(super) fn matches(&self, name: &str) -> bool {
        self.names.matches(name)
    }
}
