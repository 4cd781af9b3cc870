//! known_hosts files (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): which host keys are trusted.
//!
//! - `line` and `names` are the grammar, `entry` a line with its place.
//! - `verdict` says what the entries mean for a key.
//! - `edit` changes a text, `file` changes a file safely, `update` follows a server that changes its keys.
//!
//! A line that cannot be read is skipped: it must not take the rest of the file with it, and skipping it can only make
//! a host unknown. Changes keep it.

pub mod edit;
mod entry;
mod file;
mod line;
mod names;
mod prefer;
mod update;
mod verdict;

pub use edit::Edited;
pub use entry::Entry;
pub use line::Marker;
pub use prefer::prefer;
pub use update::Update;
pub use verdict::{CertVerdict, Known, Verdict};

use crate::crypto::hostkey::PublicKey;
use crate::crypto::krl::Krl;
use crate::error::{printable, Error, ErrorKind, Result};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// The port that plain names stand for.
const DEFAULT_PORT: u16 = 22;

/// What stands for a file's name where an entry came from none.
pub const MEMORY: &str = "memory";

/// The entries of one or more known_hosts files.
#[derive(Debug, Clone, Default)]
pub struct KnownHosts {
    entries: Vec<Entry>,
    /// Lists of revoked keys, with their files' names.
    revoked: Vec<(Arc<str>, Arc<Krl>)>,
    /// Such lists that could not be read: as long as there are any, every key counts as revoked.
    unreadable: Vec<Arc<str>>,
}

impl KnownHosts {
    /// Reads the content of a file; `file_name` is for verdicts.
    #[must_use]
    pub fn parse(text: &[u8], file_name: &str) -> Self {
        let file: Arc<str> = file_name.into();
        let entries = line::lines(text).enumerate().filter_map(|(index, line)| Entry::parse(line, &file, index + 1));
        Self { entries: entries.collect(), ..Self::default() }
    }

    /// Reads a file. A file that does not exist lists nothing.
    ///
    /// Errors: `File`, where it cannot be read or is longer than 64 MiB.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = file::read(path)?.unwrap_or_default();
        Ok(Self::parse(&text, &path.to_string_lossy()))
    }

    /// Adds another file's entries behind these.
    pub fn append(&mut self, other: Self) {
        self.entries.extend(other.entries);
        self.revoked.extend(other.revoked);
        self.unreadable.extend(other.unreadable);
    }

    /// Adds a list of revoked keys, which outranks all entries; `file_name` is for verdicts.
    pub fn revoke(&mut self, file_name: &str, list: Krl) {
        self.revoked.push((file_name.into(), Arc::new(list)));
    }

    /// Adds what was read of such a list. If that failed every key counts as revoked, as it may be, until the same file is
    /// read.
    ///
    /// Errors: the one of `list`.
    pub fn put_revoked(&mut self, file_name: &str, list: Result<Krl>) -> Result<()> {
        self.unreadable.retain(|file| &**file != file_name);
        match list {
            Ok(list) => self.revoke(file_name, list),
            Err(error) => {
                self.unreadable.push(file_name.into());
                return Err(error);
            }
        }
        Ok(())
    }

    /// Reads such a list, binary or text. That a file does not exist is an error here: nothing may be trusted then.
    ///
    /// Errors: `File`, `KrlCorrupt`.
    pub fn load_revoked(path: impl AsRef<Path>) -> Result<Krl> {
        let path = path.as_ref();
        let absent = || file::failed(path, &io::Error::other("it does not exist"));
        Krl::parse(&file::read(path)?.ok_or_else(absent)?)
    }

    /// Puts what a file has now in the place of what it had, or behind all others.
    pub fn put(&mut self, file_name: &str, now: Self) {
        let at = self.entries.iter().position(|entry| &**entry.file() == file_name);
        self.entries.retain(|entry| &**entry.file() != file_name);
        let at = at.unwrap_or(self.entries.len());
        self.entries.splice(at..at, now.entries);
    }

    /// [`Self::put`], if entries of the file are here.
    pub fn refresh(&mut self, file_name: &str, now: Self) {
        if self.entries.iter().any(|entry| &**entry.file() == file_name) {
            self.put(file_name, now);
        }
    }

    /// The entries of a host, or all, in the order of the files. The name is compared as in [`KnownHosts::check`], but
    /// only as it is: one with a port finds no entry without.
    pub fn entries_for(&self, host: Option<(&str, u16)>) -> impl Iterator<Item = &Entry> {
        let name = host.map(|(host, port)| name_of(host, port));
        self.entries.iter().filter(move |entry| name.as_ref().is_none_or(|name| entry.matches(name)))
    }

    /// Appends one line for a host's key to a file, which is made (for its owner only) if it does not exist.
    /// `hashed` hides the name as OpenSSH's HashKnownHosts does. Gives the new entry, with its place.
    ///
    /// Errors: `InvalidArgument` for a host that would mean something else in the file; `File`.
    pub fn add(path: impl AsRef<Path>, host: &str, port: u16, key: &PublicKey, hashed: bool) -> Result<Self> {
        let (path, line) = (path.as_ref(), edit::line_of(&name_to_write(host, port)?, key, hashed));
        let number = file::append(path, &line)?;
        Ok(Self::of_line(&line, &path.to_string_lossy(), number))
    }

    fn of_line(line: &str, file_name: &str, number: usize) -> Self {
        let entry = Entry::parse(line.trim_end().as_bytes(), &file_name.into(), number);
        Self { entries: entry.into_iter().collect(), ..Self::default() }
    }

    /// Whether a line without a marker, loaded from this file, lists the key for the host.
    #[must_use]
    pub fn lists(&self, file_name: &str, host: &str, port: u16, key: &PublicKey) -> bool {
        let name = name_of(host, port);
        let mut of_file = self.entries.iter().filter(|entry| &**entry.file() == file_name);
        of_file.any(|entry| entry.marker() == Marker::None && entry.matches(&name) && entry.is_of(key))
    }

    /// Adds a host's key in memory only, where it is not there yet; the lines of [`MEMORY`] are numbered on.
    ///
    /// Errors: `InvalidArgument` as for [`KnownHosts::add`].
    pub fn insert(&mut self, host: &str, port: u16, key: &PublicKey) -> Result<()> {
        let line = edit::line_of(&name_to_write(host, port)?, key, false);
        if !self.lists(MEMORY, host, port, key) {
            let in_memory = self.entries.iter().filter(|entry| &**entry.file() == MEMORY);
            let last = in_memory.map(Entry::line).max().unwrap_or(0);
            self.append(Self::of_line(&line, MEMORY, last.saturating_add(1)));
        }
        Ok(())
    }

    /// Forgets a host's keys, or one of them, in memory only. Lines with a marker stay. Gives how many went.
    pub fn forget(&mut self, host: &str, port: u16, key: Option<&PublicKey>) -> usize {
        let name = name_of(host, port);
        let before = self.entries.len();
        self.entries.retain(|entry| {
            let is_meant = entry.marker() == Marker::None && entry.matches(&name);
            !(is_meant && key.is_none_or(|key| entry.blob().as_deref() == Some(key.blob())))
        });
        before - self.entries.len()
    }

    /// Removes the lines of a host from a file, or only those with one key, as `ssh-keygen -R` does: lines with a marker
    /// stay, and a line with other names as well goes as a whole. `strict`: a file with a line that cannot be read is
    /// not changed.
    ///
    /// Errors: `File`.
    pub fn remove(
        path: impl AsRef<Path>,
        host: &str,
        port: u16,
        key: Option<&PublicKey>,
        strict: bool,
    ) -> Result<Edited> {
        let (path, name) = (path.as_ref(), name_of(host, port));
        file::change(path, |text| require_sound(path, edit::remove(text, &name, key), strict))
    }

    /// Hashes the names in a file, as `ssh-keygen -H` does: not those with wildcards, nor those of lines with a marker.
    /// `strict` as for [`KnownHosts::remove`].
    ///
    /// Errors: `File`.
    pub fn hash(path: impl AsRef<Path>, strict: bool) -> Result<Edited> {
        let path = path.as_ref();
        file::change(path, |text| require_sound(path, edit::hash(text), strict))
    }
}

fn require_sound(path: &Path, edited: Edited, strict: bool) -> Result<Edited> {
    match edited.unreadable.first() {
        Some(line) if strict => {
            Err(file::failed(path, &io::Error::other(format!("line {line} is no line of a known_hosts file"))))
        }
        _ => Ok(edited),
    }
}

/// The name that entries are compared with: `host` in lower case, or `[host]:port`.
#[must_use]
pub fn name_of(host: &str, port: u16) -> String {
    let host = host.to_ascii_lowercase();
    if port == DEFAULT_PORT {
        host
    } else {
        format!("[{host}]:{port}")
    }
}

/// [`name_of`], for a new line.
fn name_to_write(host: &str, port: u16) -> Result<String> {
    if host.is_empty() || !host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_:%".contains(&b)) {
        let text = format!("\"{}\" is no host name or address for a known_hosts file", printable(host.as_bytes()));
        return Err(Error::new(ErrorKind::InvalidArgument, text));
    }
    Ok(name_of(host, port))
}

#[cfg(test)]
mod tests;
