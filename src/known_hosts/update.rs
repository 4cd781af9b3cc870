//! Following a server that changes its keys (OpenSSH's UpdateHostKeys): what it proved to hold is learnt, what it no
//! longer has is forgotten.

use super::names::has_patterns;
use super::{edit, file, name_of, name_to_write, Edited, KnownHosts, Marker, MEMORY};
use crate::crypto::hostkey::PublicKey;
use crate::error::Result;
use std::path::Path;

/// What became of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Update {
    /// The file has the server's keys now, or had them.
    Done(Edited),
    /// Nothing was changed, and why.
    Left(String),
}

impl KnownHosts {
    /// Makes `keys`, which the server proved to hold, the host's keys in a file; `in_use` is the one of this connection.
    ///
    /// Left alone are, as by OpenSSH: a host whose key in use is not listed in this file; one with lines that have a
    /// marker, wildcards or more than two names; one whose keys, new or old, stand under other names as well. So is a
    /// host that another of the loaded files has lines for.
    ///
    /// Errors: `File`; `InvalidArgument` for a host that would mean something else in the file.
    pub fn update(
        &self,
        path: impl AsRef<Path>,
        host: &str,
        port: u16,
        keys: &[&PublicKey],
        in_use: &PublicKey,
        hashed: bool,
    ) -> Result<Update> {
        let path = path.as_ref();
        let name = name_to_write(host, port)?;
        // What the file says now, not when it was loaded.
        let mut now = self.clone();
        now.put(&path.to_string_lossy(), Self::load(path)?);
        if let Some(reason) = now.reason_to_leave(&path.to_string_lossy(), &name_of(host, port), keys, in_use) {
            return Ok(Update::Left(reason));
        }
        file::change(path, |text| Ok(edit::replace(text, &name, keys, hashed))).map(Update::Done)
    }

    fn reason_to_leave(&self, file: &str, name: &str, keys: &[&PublicKey], in_use: &PublicKey) -> Option<String> {
        let (mut is_listed, mut old) = (false, Vec::new());
        for entry in self.entries.iter().filter(|entry| entry.matches(name)) {
            let place = format!("{}, line {}", entry.file(), entry.line());
            let names = entry.names_text();
            if entry.marker() != Marker::None {
                return Some(format!("{place} has a marker"));
            }
            if has_patterns(names) || names.iter().filter(|&&b| b == b',').count() > 1 {
                return Some(format!("{place} is for more than this host"));
            }
            match &**entry.file() {
                // Also what was learnt in this session, and went to the file.
                MEMORY => continue,
                name if name != file => return Some(format!("{place} is in another file")),
                _ => {}
            }
            let Some(blob) = entry.blob() else { continue };
            is_listed |= blob == in_use.blob();
            if !keys.iter().any(|key| key.blob() == blob) {
                old.push(blob);
            }
        }
        if !is_listed || !keys.contains(&in_use) {
            return Some(format!("the key in use is not listed in {file}"));
        }
        let other = |entry: &&super::Entry| {
            entry.blob().is_some_and(|blob| old.contains(&blob) || keys.iter().any(|key| key.blob() == blob))
        };
        let elsewhere = self.entries.iter().filter(|entry| !entry.matches(name)).find(other)?;
        Some(format!("{}, line {} has one of the keys for another name", elsewhere.file(), elsewhere.line()))
    }
}
