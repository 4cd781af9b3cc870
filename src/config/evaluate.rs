//! One pass over the lines: which apply, and what they set. Include reads further files.

use super::assign::{assign, Place};
use super::glob;
use super::line::{self, Line};
use super::matching::{self, Trouble};
use super::option::{keyword, Keyword};
use super::pattern;
use super::settings::Settings;
use super::tokens::{Expand, Tokens, HOST_NAME, INCLUDE};
use super::world::{FileText, Local, World};
use crate::error::{Error, ErrorKind, Result};
use std::io::ErrorKind as IoKind;

/// How deep files may include files.
const MAX_DEPTH: u32 = 16;
/// How many files a lookup may read: files that include each other would multiply else.
const MAX_FILES: u32 = 1024;
/// How many warnings are kept.
const MAX_WARNINGS: usize = 100;

/// Where a file stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    /// The user's own, or included by it; else the system's.
    pub(super) by_user: bool,
    /// Included from a block that does not apply: read for its mistakes only.
    never: bool,
    depth: u32,
}

impl Standing {
    /// A file that no other includes.
    pub(super) fn top(by_user: bool) -> Self {
        Self { by_user, never: false, depth: 0 }
    }
}

/// A lookup on its way.
pub(super) struct Evaluation<'a> {
    pub(super) world: &'a dyn World,
    pub(super) local: &'a Local,
    /// The name that was looked up.
    pub(super) original: &'a str,
    /// The command to be run there, for `Match command`; empty for a shell.
    pub(super) command: &'a str,
    /// What Host is compared with: the name looked up, and in the second pass what became of it.
    pub(super) host: String,
    pub(super) is_final: bool,
    pub(super) wants_final: bool,
    pub(super) settings: Settings,
    files_read: u32,
}

fn config_error(place: &str, text: &str) -> Error {
    Error::new(ErrorKind::Config, format!("{place}: {text}"))
}

impl<'a> Evaluation<'a> {
    pub(super) fn new(original: &'a str, command: &'a str, local: &'a Local, world: &'a dyn World) -> Self {
        Self {
            world,
            local,
            original,
            command,
            host: original.to_owned(),
            is_final: false,
            wants_final: false,
            settings: Settings::default(),
            files_read: 0,
        }
    }

    /// The host's name as far as it is known now, for `Match host` and `%h`.
    pub(super) fn current_host(&self) -> std::result::Result<String, String> {
        match self.settings.first("hostname") {
            Some(name) if !self.is_final => {
                let tokens = Tokens { host: self.host.clone(), ..Tokens::default() };
                tokens.expand(name, HOST_NAME, self.local, self.world)
            }
            Some(name) => Ok(name.to_owned()),
            None => Ok(self.host.clone()),
        }
    }

    pub(super) fn user(&self) -> &str {
        self.settings.first("user").unwrap_or(&self.local.user)
    }

    pub(super) fn session_type(&self) -> &'static str {
        match self.settings.first("sessiontype") {
            Some("subsystem") => "subsystem",
            Some("none") => "none",
            _ if self.command.is_empty() => "shell",
            _ => "exec",
        }
    }

    /// Expands tokens in the middle of a pass, with what is known by then.
    pub(super) fn expand(&self, text: &str, what: Expand) -> std::result::Result<String, String> {
        let host = self.current_host()?;
        let tokens = Tokens {
            original: self.original.to_owned(),
            port: self.settings.first("port").unwrap_or("22").to_owned(),
            user: self.user().to_owned(),
            key_alias: self.settings.first("hostkeyalias").unwrap_or(&host).to_owned(),
            jump: self
                .settings
                .jumps
                .as_ref()
                .and_then(|chain| chain.hops.last())
                .map_or_else(String::new, |hop| hop.host.clone()),
            host,
        };
        tokens.expand(text, what, self.local, self.world)
    }

    /// Takes an option of the command line, "Key=Value" or "Key Value".
    pub(super) fn option(&mut self, text: &str) -> Result<()> {
        let place = "command line";
        let line = line::read(text).map_err(|why| config_error(place, &why))?;
        let Some(line) = line else { return Ok(()) };
        match keyword(&line.keyword) {
            Keyword::Host | Keyword::Match | Keyword::Include => {
                Err(config_error(place, &format!("{} can only stand in a file", line.keyword)))
            }
            _ => self.apply(&line, true, Standing::top(true), place),
        }
    }

    /// Takes a file in.
    pub(super) fn file(&mut self, name: &str, bytes: &[u8], standing: Standing) -> Result<()> {
        let mut active = true;
        self.lines(name, bytes, standing, &mut active)
    }

    fn lines(&mut self, name: &str, bytes: &[u8], standing: Standing, active: &mut bool) -> Result<()> {
        self.files_read += 1;
        if self.files_read > MAX_FILES {
            return Err(config_error(name, &format!("more than {MAX_FILES} files are included")));
        }
        for (index, bytes) in bytes.split(|&b| b == b'\n').enumerate() {
            let place = format!("{name}:{}", index + 1);
            let Ok(text) = std::str::from_utf8(bytes) else {
                // A comment may be in any character set.
                if bytes.trim_ascii_start().starts_with(b"#") {
                    continue;
                }
                return Err(config_error(&place, "the line is not UTF-8"));
            };
            if text.contains('\0') {
                return Err(config_error(&place, "the line holds a NUL byte"));
            }
            let line = line::read(text).map_err(|why| config_error(&place, &why))?;
            let Some(line) = line else { continue };
            self.line(&line, standing, active, &place)?;
        }
        Ok(())
    }

    fn line(&mut self, line: &Line, standing: Standing, active: &mut bool, place: &str) -> Result<()> {
        let in_place = |why: String| config_error(place, &format!("{}: {why}", line.keyword));
        match keyword(&line.keyword) {
            Keyword::Host => {
                let fits = matching::host(&self.host, &line.words).map_err(in_place)?;
                *active = fits && !standing.never;
                Ok(())
            }
            Keyword::Match => {
                *active = match matching::criteria(self, &line.words, standing.never) {
                    Ok(holds) => holds && !standing.never,
                    Err(Trouble::Text(why)) => return Err(in_place(why)),
                    Err(Trouble::Error(error)) => {
                        let text = format!("{place}: {}", error.text());
                        return Err(Error::new(error.kind(), text).helped_by(error.hint()));
                    }
                };
                Ok(())
            }
            Keyword::Include => {
                for word in &line.words {
                    self.include(word, standing, *active, place).map_err(|trouble| match trouble {
                        Trouble::Text(why) => in_place(why),
                        Trouble::Error(error) => error,
                    })?;
                }
                Ok(())
            }
            _ => self.apply(line, *active, standing, place),
        }
    }

    /// A line that is no block's beginning.
    fn apply(&mut self, line: &Line, active: bool, standing: Standing, place: &str) -> Result<()> {
        let in_place = |why: String| config_error(place, &format!("{}: {why}", line.keyword));
        match keyword(&line.keyword) {
            Keyword::Refuse if active => Err(config_error(place, &format!("refuseconnection: {}", line.rest))),
            Keyword::Option(spec) => {
                let place =
                    Place { active, by_user: standing.by_user, origin: place, local: self.local, world: self.world };
                assign(&mut self.settings, spec, line, &place).map_err(in_place)
            }
            Keyword::Unknown if !self.is_ignored(&line.keyword) => {
                let error = config_error(place, &format!("unknown option \"{}\"", line.keyword));
                Err(error.helped_by("correct the name, or list it with IgnoreUnknown before"))
            }
            Keyword::Past if line.keyword != "protocol" && self.settings.warnings.len() < MAX_WARNINGS => {
                self.settings.warnings.push(format!("{place}: {} means nothing any more", line.keyword));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn is_ignored(&self, keyword: &str) -> bool {
        self.settings.first("ignoreunknown").is_some_and(|list| pattern::fits_list_any_case(keyword, list))
    }

    fn include(
        &mut self,
        word: &str,
        standing: Standing,
        active: bool,
        place: &str,
    ) -> std::result::Result<(), Trouble> {
        let path = self.expand(word, INCLUDE)?;
        let path = match path.strip_prefix('~') {
            _ if path.is_empty() => return Err("an empty path".to_owned().into()),
            Some(_) if !standing.by_user => {
                return Err("\"~\" stands for nobody in the system's file".to_owned().into())
            }
            Some(_) => self.expand(&path, Expand { percent: None, variables: false, tilde: true, shell: false })?,
            None if path.starts_with('/') => path,
            None if standing.by_user => format!("{}/.ssh/{path}", self.local.home),
            None => format!("/etc/ssh/{path}"),
        };
        let inner = Standing { never: standing.never || !active, depth: standing.depth + 1, ..standing };
        if inner.depth > MAX_DEPTH {
            return Err(format!("files include each other more than {MAX_DEPTH} deep").into());
        }
        for path in glob::paths(&path, self.world) {
            let file = match self.world.read(&path) {
                Ok(file) => file,
                // It may be gone since it was listed; a folder has no lines.
                Err(error) if matches!(error.kind(), IoKind::NotFound | IoKind::IsADirectory) => continue,
                Err(error) => {
                    let text = format!("{place}: including {path}: {error}");
                    return Err(Trouble::Error(Error::new(ErrorKind::File, text)));
                }
            };
            check_owner(&path, &file, self.local).map_err(Trouble::Error)?;
            // What the file's blocks say of themselves ends with it.
            let mut inside = active;
            self.lines(&path, &file.bytes, inner, &mut inside).map_err(Trouble::Error)?;
        }
        Ok(())
    }
}

/// Others must not be able to write a configuration: it can name commands to run.
pub(super) fn check_owner(path: &str, file: &FileText, local: &Local) -> Result<()> {
    let why = if file.owner != 0 && file.owner != local.uid {
        "it belongs to somebody else"
    } else if file.mode & 0o022 != 0 {
        "others can write it"
    } else {
        return Ok(());
    };
    let error = config_error(path, &format!("not read: {why}"));
    Err(error.helped_by("the file must belong to you or root, and be writable by its owner only (chmod go-w)"))
}
