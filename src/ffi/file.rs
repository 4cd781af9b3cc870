//! Small files, read whole and written whole.

use crate::crypto::rng::system_bytes;
use crate::error::{printable, Error, ErrorKind, Result};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

fn failed(path: &str, error: &io::Error) -> Error {
    Error::new(ErrorKind::File, format!("{}: {error}", printable(path.as_bytes())))
}

/// Reads a file of at most `max` bytes.
pub(super) fn read(path: &str, max: u64) -> Result<Zeroizing<Vec<u8>>> {
    let mut data = Zeroizing::new(Vec::new());
    let file = File::open(path).map_err(|error| failed(path, &error))?;
    file.take(max + 1).read_to_end(&mut data).map_err(|error| failed(path, &error))?;
    if data.len() as u64 > max {
        return Err(Error::new(ErrorKind::File, format!("{}: larger than {max} bytes", printable(path.as_bytes()))));
    }
    Ok(data)
}

/// What `parse` makes of a file of at most `max` bytes; its errors say which file it is.
pub(super) fn load<T>(path: &str, max: u64, parse: impl FnOnce(&[u8]) -> Result<T>) -> Result<T> {
    parse(&read(path, max)?).map_err(|error| error.in_file(path))
}

/// Writes a file so that its name never stands for a part of it: a new file beside it takes its name, or, where it may
/// not be replaced, gets it if nobody has it.
pub(super) fn write(path: &str, data: &[u8], mode: u32, replace: bool) -> Result<()> {
    let temporary = temporary_name(Path::new(path));
    let result = write_new(&temporary, data, mode).and_then(|()| {
        if replace {
            fs::rename(&temporary, path)
        } else {
            fs::hard_link(&temporary, path)
        }
    });
    if result.is_err() || !replace {
        // What failed is told; a leftover is not worth a second error.
        let _ = fs::remove_file(&temporary);
    }
    result.and_then(|()| sync_folder(Path::new(path))).map_err(|error| failed(path, &error))
}

fn temporary_name(path: &Path) -> PathBuf {
    let mut random = [0; 8];
    system_bytes(&mut random);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{:016x}", u64::from_be_bytes(random)));
    path.with_file_name(name)
}

fn write_new(path: &Path, data: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(data)?;
    file.sync_all()
}

/// Makes the new name last through a crash.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
