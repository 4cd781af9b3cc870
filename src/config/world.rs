//! What a configuration depends on beside its own text. Everything comes through here, so that the evaluation can run
//! in memory.

use crate::error::{Error, ErrorKind, Result};
use std::io;
use std::net::IpAddr;

/// Who asks, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Local {
    /// The account's name.
    pub user: String,
    /// The account's number.
    pub uid: u32,
    /// Its home directory.
    pub home: String,
    /// This host's name, with its domain where it has one.
    pub host_name: String,
}

/// A file and who may write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileText {
    /// What is in it.
    pub bytes: Vec<u8>,
    /// The owner's number.
    pub owner: u32,
    /// The permission bits.
    pub mode: u32,
}

/// Which addresses are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Any.
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// A name that has an address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resolved {
    /// The name that the resolver calls canonical: what the last CNAME leads to.
    pub canonical: Option<String>,
}

/// What a configuration asks of its surroundings. Every method may block.
pub trait World {
    /// Reads a file.
    ///
    /// # Errors
    /// As the system gives them; a file that is not there is `NotFound`.
    fn read(&self, path: &str) -> io::Result<FileText>;

    /// The names in a folder, in any order.
    ///
    /// # Errors
    /// As the system gives them.
    fn list(&self, folder: &str) -> io::Result<Vec<String>>;

    /// Whether there is something at a path.
    fn exists(&self, path: &str) -> bool;

    /// An account's home directory, for `~name`.
    fn home_of(&self, user: &str) -> Option<String>;

    /// An environment variable, for `${NAME}`.
    fn variable(&self, name: &str) -> Option<String>;

    /// This host's own addresses, for `Match localnetwork`.
    ///
    /// # Errors
    /// As the system gives them.
    fn addresses(&self) -> Result<Vec<IpAddr>>;

    /// Runs the command of a `Match exec`; true where it ends with status 0. Nothing is run unless a caller has said
    /// how.
    ///
    /// # Errors
    /// `Unsupported` where commands may not be run; else whatever kept the command from running.
    fn run(&self, command: &str) -> Result<bool> {
        let _ = command;
        let text = "Match exec runs a command, which needs permission";
        Err(Error::new(ErrorKind::Unsupported, text).helped_by("set a handler with ssh_config_set_exec_handler"))
    }

    /// Looks a name up, for CanonicalizeHostname. None: there is no such name.
    ///
    /// # Errors
    /// `ResolveFailed`, where no answer could be had.
    fn resolve(&self, name: &str, family: Family) -> Result<Option<Resolved>>;
}
