//! Reading and changing files. A change is written beside the file and takes its name, so that nobody ever reads half
//! of it. Editors of this library lock the file against each other; whoever does not lock is noticed by the file's
//! content, and the change is made anew.

use super::edit::Edited;
use crate::crypto::rng::system_bytes;
use crate::engine::{Deadline, Event};
use crate::error::{printable, Error, ErrorKind, Result};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufRead, BufReader, ErrorKind as IoKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{fchown, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Longer files are refused, so that a mistaken path does not fill the memory.
const MAX_LEN: u64 = 64 << 20;

/// How often a lock is tried for, and the milliseconds between. Then it is done without: everybody who can read the
/// file can hold its lock.
const LOCK_TRIES: u32 = 100;
const LOCK_PAUSE_MS: i64 = 20;

/// How often a change starts anew because somebody else changed the file meanwhile.
const ATTEMPTS: u32 = 20;

pub(super) fn failed(path: &Path, error: &io::Error) -> Error {
    Error::new(ErrorKind::File, format!("{}: {error}", printable(path.to_string_lossy().as_bytes())))
}

fn read_all(file: &File, path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(MAX_LEN + 1).read_to_end(&mut bytes).map_err(|error| failed(path, &error))?;
    if u64::try_from(bytes.len()).is_ok_and(|len| len > MAX_LEN) {
        return Err(failed(path, &io::Error::other("longer than 64 MiB")));
    }
    Ok(bytes)
}

/// The content of a file; None if it does not exist.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match File::open(path) {
        Ok(file) => read_all(&file, path).map(Some),
        Err(error) if error.kind() == IoKind::NotFound => Ok(None),
        Err(error) => Err(failed(path, &error)),
    }
}

/// Waits for the lock, within a bound; it ends with the file.
fn lock(file: &File) {
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Err(fs::TryLockError::WouldBlock) => {
                let _timeout = Event::new().wait(Deadline::after_ms(LOCK_PAUSE_MS));
            }
            // A file system without locks has none to wait for.
            _ => return,
        }
    }
}

/// Whether the name still stands for this file.
fn is_at(file: &File, path: &Path) -> bool {
    let place = |meta: Metadata| (meta.dev(), meta.ino());
    file.metadata().map(place).ok() == fs::metadata(path).map(place).ok()
}

/// Appends in one write, so that programs that do so at once do not mix their lines. Gives the new line's number, from 1.
pub(super) fn append(path: &Path, line: &str) -> Result<usize> {
    let open = || OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path);
    let put = |mut file: File| {
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
        file.write_all(whole.as_bytes())?;
        // Counted behind the write: one who does not lock may have been first.
        let end = file.stream_position()?;
        file.rewind()?;
        count_lines(file.take(end))
    };
    for _ in 0..ATTEMPTS {
        let file = open().map_err(|error| failed(path, &error))?;
        lock(&file);
        if is_at(&file, path) {
            return put(file).map_err(|error| failed(path, &error));
        }
    }
    Err(busy(path))
}

fn count_lines(text: impl Read) -> io::Result<usize> {
    let (mut text, mut count) = (BufReader::new(text), 0);
    loop {
        let part = text.fill_buf()?;
        if part.is_empty() {
            return Ok(count);
        }
        count += part.iter().filter(|&&b| b == b'\n').count();
        let len = part.len();
        text.consume(len);
    }
}

fn busy(path: &Path) -> Error {
    failed(path, &io::Error::other("others change it all the time"))
}

/// Changes a file. It keeps its mode, and a symbolic link stays one.
pub(super) fn change(path: &Path, edit: impl Fn(&[u8]) -> Result<Edited>) -> Result<Edited> {
    let target = fs::canonicalize(path).map_err(|error| failed(path, &error))?;
    for _ in 0..ATTEMPTS {
        let file = File::open(&target).map_err(|error| failed(path, &error))?;
        lock(&file);
        if !is_at(&file, &target) {
            continue;
        }
        let before = read_all(&file, path)?;
        let edited = edit(&before)?;
        if !edited.is_change() {
            return Ok(edited);
        }
        let temporary = temporary_name(&target);
        let written = write_beside(&temporary, &edited.text, &file);
        let is_ours = written.is_ok() && is_at(&file, &target) && read(&target)?.is_some_and(|now| now == before);
        let done = match written {
            Ok(()) if is_ours => fs::rename(&temporary, &target).and_then(|()| sync_folder(&target)),
            other => other,
        };
        if !is_ours || done.is_err() {
            // What failed is told; a leftover is not worth a second error.
            let _ = fs::remove_file(&temporary);
        }
        done.map_err(|error| failed(path, &error))?;
        if is_ours {
            return Ok(edited);
        }
    }
    Err(busy(path))
}

fn temporary_name(path: &Path) -> PathBuf {
    let mut random = [0; 8];
    system_bytes(&mut random);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{:016x}", u64::from_be_bytes(random)));
    path.with_file_name(name)
}

/// Writes a new file that whoever may read the old one may read.
fn write_beside(path: &Path, text: &[u8], old: &File) -> io::Result<()> {
    let meta = old.metadata()?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    if (meta.uid(), meta.gid()) != file.metadata().map(|new| (new.uid(), new.gid()))? {
        // Only root may, and only root needs to: a user's file stays the user's.
        let _ = fchown(&file, Some(meta.uid()), Some(meta.gid()));
    }
    file.set_permissions(fs::Permissions::from_mode(meta.permissions().mode() & 0o777))?;
    file.write_all(text)?;
    file.sync_all()
}

/// Makes the new name last through a crash.
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}
