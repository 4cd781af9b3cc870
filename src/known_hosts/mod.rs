//! known_hosts files (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): which host keys are trusted.
//!
//! Plain and hashed names, `[host]:port`, lists, `*` and `?`, `!` and `@revoked` are understood; `@cert-authority`
//! lines are skipped, as certificates are not. A line that cannot be read is skipped too: it must not take the rest of
//! the file with it, and skipping it can only make a host unknown.

mod entry;

use crate::crypto::hostkey::PublicKey;
use crate::error::{printable, Error, ErrorKind, Result};
use entry::{Entry, Marker};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind as IoKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

/// Longer files are refused, so that a mistaken path does not fill the memory.
const MAX_LEN: u64 = 64 << 20;

/// The port that plain names stand for.
const DEFAULT_PORT: u16 = 22;

/// What is known of a host's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The key is listed for the host.
    Match,
    /// Nothing is listed for the host.
    Unknown,
    /// Other keys are listed for the host, and this one is not. Keys of another type count: whoever stands between
    /// the two ends can choose the type.
    Changed {
        /// The file of the listed key.
        file: Arc<str>,
        /// Its line, from 1.
        line: usize,
    },
    /// The key is marked `@revoked` for the host; whatever else is listed, it must not be used.
    Revoked {
        /// The file of the mark.
        file: Arc<str>,
        /// Its line, from 1.
        line: usize,
    },
}

/// The entries of one or more known_hosts files.
#[derive(Debug, Clone, Default)]
pub struct KnownHosts {
    entries: Vec<Entry>,
}

impl KnownHosts {
    /// Reads the text of a file; `file_name` is for verdicts.
    #[must_use]
    pub fn parse(text: &str, file_name: &str) -> Self {
        let file: Arc<str> = file_name.into();
        let entries =
            text.lines().enumerate().filter_map(|(index, line)| Entry::parse(line, &file, index + 1)).collect();
        Self { entries }
    }

    /// Reads a file. A file that does not exist lists nothing.
    ///
    /// Errors: `File`, where it cannot be read or is longer than 64 MiB.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == IoKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(file_error(path, &error)),
        };
        let mut bytes = Vec::new();
        file.take(MAX_LEN + 1).read_to_end(&mut bytes).map_err(|error| file_error(path, &error))?;
        if u64::try_from(bytes.len()).is_ok_and(|len| len > MAX_LEN) {
            return Err(Error::new(ErrorKind::File, format!("{}: longer than 64 MiB", path.display())));
        }
        // Bytes that are not UTF-8 spoil their own line only.
        Ok(Self::parse(&String::from_utf8_lossy(&bytes), &path.to_string_lossy()))
    }

    /// Adds another file's entries behind these.
    pub fn append(&mut self, other: Self) {
        self.entries.extend(other.entries);
    }

    /// What is known of `key` for a host. `host` is the name as the user gave it, or an address; letter case does not
    /// matter. Entries without a port are for port 22 only.
    #[must_use]
    pub fn check(&self, host: &str, port: u16, key: &PublicKey) -> Verdict {
        let name = name_of(host, port);
        let (mut matched, mut other) = (false, None);
        for entry in self.entries.iter().filter(|entry| entry.matches(&name)) {
            let same = &*entry.blob == key.blob();
            match entry.marker {
                Marker::Revoked if same => {
                    return Verdict::Revoked { file: entry.file.clone(), line: entry.line };
                }
                Marker::Revoked => {}
                Marker::None if same => matched = true,
                // An entry of the same type explains the change best.
                Marker::None
                    if other.is_none_or(|old: &Entry| {
                        old.key_type != key.key_type() && entry.key_type == key.key_type()
                    }) =>
                {
                    other = Some(entry);
                }
                Marker::None => {}
            }
        }
        match other {
            _ if matched => Verdict::Match,
            Some(entry) => Verdict::Changed { file: entry.file.clone(), line: entry.line },
            None => Verdict::Unknown,
        }
    }

    /// The types of the keys listed for a host, in file order and each once, as [`PublicKey::key_type`] names them: a
    /// client that asks for these first meets a key it can check.
    #[must_use]
    pub fn key_types_for(&self, host: &str, port: u16) -> Vec<&'static str> {
        let name = name_of(host, port);
        let mut types = Vec::new();
        for entry in self.entries.iter().filter(|entry| entry.marker == Marker::None && entry.matches(&name)) {
            if !types.contains(&entry.key_type) {
                types.push(entry.key_type);
            }
        }
        types
    }

    /// Appends one line for a host's key to a file, which is made (for its owner only) if it does not exist.
    /// `hashed` hides the name as OpenSSH's HashKnownHosts does.
    ///
    /// Errors: `InvalidArgument` for a host that would mean something else in the file; `File`.
    pub fn add(path: impl AsRef<Path>, host: &str, port: u16, key: &PublicKey, hashed: bool) -> Result<()> {
        let path = path.as_ref();
        append_line(path, &Self::line(host, port, key, hashed)?).map_err(|error| file_error(path, &error))
    }

    /// Adds a host's key in memory only.
    ///
    /// Errors: `InvalidArgument` as for [`KnownHosts::add`].
    pub fn insert(&mut self, host: &str, port: u16, key: &PublicKey) -> Result<()> {
        self.append(Self::parse(&Self::line(host, port, key, false)?, "memory"));
        Ok(())
    }

    /// A host's key as a line with its end.
    fn line(host: &str, port: u16, key: &PublicKey, hashed: bool) -> Result<String> {
        if host.is_empty() || !host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_:%".contains(&b)) {
            let text = format!("\"{}\" is no host name or address for a known_hosts file", printable(host.as_bytes()));
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        let name = name_of(host, port);
        let name = if hashed { entry::hashed(&name) } else { name };
        Ok(format!("{name} {}\n", key.to_line("")))
    }
}

/// The name that entries are compared with.
fn name_of(host: &str, port: u16) -> String {
    let host = host.to_ascii_lowercase();
    if port == DEFAULT_PORT {
        host
    } else {
        format!("[{host}]:{port}")
    }
}

/// Appends in one write, so that two programs that do so at once do not mix their lines.
fn append_line(path: &Path, line: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
    let mut whole = String::new();
    if file.seek(SeekFrom::End(0))? > 0 {
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        // An unfinished last line would swallow ours.
        if last != *b"\n" {
            whole.push('\n');
        }
    }
    whole.push_str(line);
    file.write_all(whole.as_bytes())
}

fn file_error(path: &Path, error: &std::io::Error) -> Error {
    Error::new(ErrorKind::File, format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests;
