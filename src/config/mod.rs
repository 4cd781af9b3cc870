//! ssh_config(5): what a user's and a system's configuration say about a host.
//!
//! A [`Config`] holds the options of a command line and the files; [`Config::lookup`] reads them for one host, as
//! OpenSSH's client does: the first value of an option wins, lists grow, blocks apply as their patterns and criteria
//! fit. Files are included, commands are run and names are looked up through a [`World`] only.
//!
//! Where OpenSSH's versions differ, the newer one is followed. Differences from all of them are in docs/CONFIG.md.

mod algorithms;
mod assign;
mod canonical;
mod evaluate;
mod forward;
mod glob;
mod host;
mod jump;
mod line;
mod matching;
mod option;
mod pattern;
mod settings;
mod system;
mod tokens;
mod value;
mod world;

#[cfg(test)]
pub(crate) mod tests;

pub use host::HostConfig;
pub use jump::Jump;
pub use system::System;
pub use world::{Family, FileText, Local, Resolved, World};

use crate::error::{Error, ErrorKind, Result};
use evaluate::{check_owner, Evaluation, Standing};
use std::io::ErrorKind as IoKind;

/// The system's file.
const SYSTEM_FILE: &str = "/etc/ssh/ssh_config";

/// What is said of the destination on the command line holds for none of the hosts on the way.
const ABOUT_DESTINATION: &[&str] = &["hostname", "port", "user", "proxyjump", "proxycommand", "hostkeyalias", "tag"];

#[derive(Debug, Clone)]
struct Source {
    name: String,
    bytes: Vec<u8>,
    by_user: bool,
}

/// Where options come from: a command line's first, then files in the order in which they were added.
#[derive(Debug, Clone, Default)]
pub struct Config {
    options: Vec<String>,
    sources: Vec<Source>,
    command: String,
}

impl Config {
    /// Sets an option, "Key=Value" or "Key Value", as `-o` does. It goes before every file, and behind what was set
    /// this way before.
    ///
    /// # Errors
    /// `Config`, where it is no option; the values of those that depend on the host are checked by [`Self::lookup`].
    pub fn set_option(&mut self, text: &str, local: &Local, world: &dyn World) -> Result<()> {
        let mut probe = Evaluation::new("localhost", "", local, world);
        // What was set before may say which names are ignored.
        for option in &self.options {
            probe.option(option)?;
        }
        probe.option(text)?;
        self.options.push(text.to_owned());
        Ok(())
    }

    /// The command that will be run there, for `Match command`; empty for a shell.
    pub fn set_command(&mut self, command: &str) {
        command.clone_into(&mut self.command);
    }

    /// Adds text as if it were a user's file of this name.
    pub fn add_text(&mut self, name: &str, bytes: Vec<u8>) {
        self.sources.push(Source { name: name.to_owned(), bytes, by_user: true });
    }

    /// Adds a file, as `-F` does: whoever owns it.
    ///
    /// # Errors
    /// `File`, where it cannot be read.
    pub fn load_file(&mut self, path: &str, world: &dyn World) -> Result<()> {
        let file = world.read(path).map_err(|error| Error::new(ErrorKind::File, format!("{path}: {error}")))?;
        self.add_text(path, file.bytes);
        Ok(())
    }

    /// Adds `~/.ssh/config` and /etc/ssh/ssh_config, where there are such files.
    ///
    /// # Errors
    /// `File`, where one cannot be read; `Config`, where others could have written the user's.
    pub fn load_defaults(&mut self, local: &Local, world: &dyn World) -> Result<()> {
        for (path, by_user) in [(format!("{}/.ssh/config", local.home), true), (SYSTEM_FILE.to_owned(), false)] {
            let file = match world.read(&path) {
                Ok(file) => file,
                Err(error) if matches!(error.kind(), IoKind::NotFound | IoKind::NotADirectory) => continue,
                Err(error) => return Err(Error::new(ErrorKind::File, format!("{path}: {error}"))),
            };
            if by_user {
                check_owner(&path, &file, local)?;
            }
            self.sources.push(Source { name: path, bytes: file.bytes, by_user });
        }
        Ok(())
    }

    /// The configuration for a host on the way: the files, and the options that are not about the destination itself.
    #[must_use]
    pub fn for_hop(&self) -> Self {
        let about_host = |option: &String| match line::read(option) {
            Ok(Some(line)) => ABOUT_DESTINATION.contains(&line.keyword.as_str()),
            _ => false,
        };
        let options = self.options.iter().filter(|option| !about_host(option)).cloned().collect();
        Self { options, sources: self.sources.clone(), command: String::new() }
    }

    /// Sets the user and port that a ProxyJump names, before everything else.
    pub fn put_first(&mut self, jump: &Jump) {
        let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
        let user = jump.user.as_ref().map(|user| format!("User=\"{}\"", quoted(user)));
        let port = jump.port.map(|port| format!("Port={port}"));
        self.options.splice(0..0, user.into_iter().chain(port));
    }

    /// The options of a host, by the name that a user gives it.
    ///
    /// # Errors
    /// `Config` with file and line, for the first line that OpenSSH would refuse, or for values that do not go
    /// together; `InvalidArgument`, where `alias` cannot be a host's name; `ResolveFailed`; what [`World::run`] gives.
    pub fn lookup(&self, alias: &str, local: &Local, world: &dyn World) -> Result<HostConfig> {
        check_name(alias)?;
        let mut evaluation = Evaluation::new(alias, &self.command, local, world);
        for option in &self.options {
            evaluation.option(option)?;
        }
        self.pass(&mut evaluation)?;
        let named =
            evaluation.current_host().map_err(|why| Error::new(ErrorKind::Config, format!("hostname: {why}")))?;
        let host = canonical::canonicalize(&named, &evaluation.settings, world)?;
        check_name(&host)?;
        let canonicalizes = !matches!(evaluation.settings.first("canonicalizehostname"), None | Some("false"));
        if evaluation.wants_final || canonicalizes {
            evaluation.settings.replace("hostname", vec![host.clone()]);
            evaluation.host.clone_from(&host);
            evaluation.is_final = true;
            self.pass(&mut evaluation)?;
        }
        HostConfig::finish(evaluation, host)
    }

    fn pass(&self, evaluation: &mut Evaluation<'_>) -> Result<()> {
        let mut sources = self.sources.iter();
        sources.try_for_each(|source| evaluation.file(&source.name, &source.bytes, Standing::top(source.by_user)))
    }
}

/// Names end up in commands, files and on screens: what no host is called is refused, as OpenSSH does.
fn check_name(name: &str) -> Result<()> {
    let odd = |c: char| c.is_whitespace() || c.is_control() || "'`\"$\\;&<>|(){}".contains(c);
    if name.is_empty() || name.starts_with('-') || name.contains(odd) {
        let text = format!("\"{}\" is not a host's name", name.escape_debug());
        return Err(Error::new(ErrorKind::InvalidArgument, text));
    }
    Ok(())
}
