//! The world as it is: files, accounts, environment and resolver of this system. Commands are not run.

use super::world::{Family, FileText, Local, Resolved, World};
use crate::engine::{self, AddressFamily};
use crate::error::{Error, ErrorKind, Result};
use std::io::{self, Read};
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Longer files are refused, so that a mistaken path does not fill the memory.
const MAX_LEN: u64 = 16 << 20;

/// This system.
#[derive(Debug, Clone, Copy, Default)]
pub struct System;

impl System {
    /// Who this process runs as. As in OpenSSH, the home directory is the account's, whatever HOME says.
    ///
    /// # Errors
    /// `Unsupported`, where the account has no entry.
    pub fn local() -> Result<Local> {
        let text = "this process's account has no entry among the system's accounts";
        let own = engine::own_account().ok_or_else(|| Error::new(ErrorKind::Unsupported, text))?;
        Ok(Local { user: own.name, uid: own.uid, home: own.home, host_name: engine::host_name() })
    }
}

impl World for System {
    fn read(&self, path: &str) -> io::Result<FileText> {
        let file = std::fs::File::open(path)?;
        // Asked of the open file, so that nobody can exchange it in between.
        let about = file.metadata()?;
        if about.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let mut bytes = Vec::new();
        file.take(MAX_LEN + 1).read_to_end(&mut bytes)?;
        if u64::try_from(bytes.len()).is_ok_and(|len| len > MAX_LEN) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "longer than 16 MiB"));
        }
        Ok(FileText { bytes, owner: about.uid(), mode: about.mode() })
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let names = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().into_string().ok()));
        // A name that is not UTF-8 cannot be named in a configuration either.
        Ok(names.collect::<io::Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    fn exists(&self, path: &str) -> bool {
        Path::new(path).symlink_metadata().is_ok()
    }

    fn home_of(&self, user: &str) -> Option<String> {
        engine::account(user).map(|account| account.home)
    }

    #[allow(clippy::disallowed_methods, reason = "the configuration asks for it, by name")]
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn addresses(&self) -> Result<Vec<IpAddr>> {
        engine::own_addresses()
    }

    fn resolve(&self, name: &str, family: Family) -> Result<Option<Resolved>> {
        let family = match family {
            Family::Any => AddressFamily::Any,
            Family::V4 => AddressFamily::V4,
            Family::V6 => AddressFamily::V6,
        };
        // As OpenSSH has it: where the resolver has no answer, the name is none.
        let found = engine::canonical_name(name, family).unwrap_or_default();
        Ok(found.map(|name| Resolved { canonical: Some(name).filter(|name| !name.is_empty()) }))
    }
}
