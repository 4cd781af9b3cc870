//! Tokens: `%h` and the like, `${NAME}` and `~` in values.

use super::world::{Local, World};
use crate::crypto::hash::HashAlg;
use std::fmt::Write;

/// What the tokens of a connection stand for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Tokens {
    /// `%h`: where to connect.
    pub(super) host: String,
    /// `%n`: the name that was looked up.
    pub(super) original: String,
    /// `%p`
    pub(super) port: String,
    /// `%r`: the user there.
    pub(super) user: String,
    /// `%k`: what the host's key is filed under.
    pub(super) key_alias: String,
    /// `%j`: the jump hosts.
    pub(super) jump: String,
}

/// Which expansions a value takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Expand {
    /// The letters after `%`; None: a percent sign is one.
    pub(super) percent: Option<&'static str>,
    pub(super) variables: bool,
    pub(super) tilde: bool,
    /// A shell reads the result: what comes from a host or user name must mean nothing to it.
    pub(super) shell: bool,
}

/// The tokens that most options take.
const USUAL: &str = "CLdhijklnpru";
/// Those of a proxy command.
const PROXY: &str = "hknpr";

pub(super) const FILE_NAME: Expand = Expand { percent: Some(USUAL), variables: true, tilde: true, shell: false };
pub(super) const COMMAND: Expand = Expand { percent: Some(USUAL), variables: false, tilde: false, shell: false };
pub(super) const SHELL_COMMAND: Expand = Expand { shell: true, ..COMMAND };
pub(super) const PROXY_COMMAND: Expand = Expand { percent: Some(PROXY), ..SHELL_COMMAND };
pub(super) const HOST_NAME: Expand = Expand { percent: Some("h"), variables: false, tilde: false, shell: false };
pub(super) const INCLUDE: Expand = Expand { percent: Some(USUAL), variables: true, tilde: false, shell: false };
pub(super) const VARIABLES: Expand = Expand { percent: None, variables: true, tilde: false, shell: false };

impl Tokens {
    fn value(&self, letter: char, local: &Local) -> String {
        match letter {
            'C' => self.hash(local),
            'L' => local.host_name.split('.').next().unwrap_or_default().to_owned(),
            'd' => local.home.clone(),
            'h' => self.host.clone(),
            'i' => local.uid.to_string(),
            'j' => self.jump.clone(),
            'k' => self.key_alias.clone(),
            'l' => local.host_name.clone(),
            'n' => self.original.clone(),
            'p' => self.port.clone(),
            'r' => self.user.clone(),
            'u' => local.user.clone(),
            _ => String::new(),
        }
    }

    /// What a letter stands for, where a shell would take it for no more than a name.
    fn shell_word(&self, letter: char, local: &Local) -> Result<String, String> {
        let text = self.value(letter, local);
        let special = |c: char| c.is_ascii_control() || " '`\"$\\;&<>|(){}*?[]!#~".contains(c);
        let missing = text.is_empty() && letter != 'j';
        if "hjknr".contains(letter) && (missing || text.starts_with('-') || text.contains(special)) {
            let why = "not put into a command: a shell would take it for more than a name";
            return Err(format!("\"{}\": {why}", text.escape_debug()));
        }
        Ok(text)
    }

    /// `%C`: SHA-1 over `%l%h%p%r%j`, short and different for each connection.
    fn hash(&self, local: &Local) -> String {
        let text = [&local.host_name, &self.host, &self.port, &self.user, &self.jump].map(String::as_str).concat();
        HashAlg::Sha1.digest(&[text.as_bytes()]).iter().fold(String::new(), |mut hex, byte| {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// Expands a value. An error says what is wrong with it.
    pub(super) fn expand(&self, text: &str, what: Expand, local: &Local, world: &dyn World) -> Result<String, String> {
        let (lead, mut rest) = if what.tilde { tilde(text, local, world)? } else { (String::new(), text) };
        let mut out = lead;
        while let Some(at) = rest.find(['%', '$']) {
            let (before, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
            out.push_str(before);
            rest = match (tail.strip_prefix("${"), tail.strip_prefix('%'), what.percent) {
                (Some(named), _, _) if what.variables => {
                    let (name, behind) = named.split_once('}').ok_or("\"${\" without \"}\"")?;
                    out.push_str(&world.variable(name).ok_or_else(|| format!("${{{name}}} is not set"))?);
                    behind
                }
                (_, Some(behind), Some(letters)) => {
                    let letter = behind.chars().next().ok_or("a \"%\" at the end")?;
                    match letter {
                        '%' => out.push('%'),
                        _ if !letters.contains(letter) => return Err(format!("%{letter} stands for nothing here")),
                        _ if what.shell => out.push_str(&self.shell_word(letter, local)?),
                        _ => out.push_str(&self.value(letter, local)),
                    }
                    behind.get(letter.len_utf8()..).unwrap_or_default()
                }
                _ => {
                    let (sign, behind) = tail.split_at_checked(1).unwrap_or((tail, ""));
                    out.push_str(sign);
                    behind
                }
            };
        }
        out.push_str(rest);
        Ok(out)
    }
}

/// `~`, `~/path`, `~user/path`: what the start stands for, and what is left to expand.
fn tilde<'a>(text: &'a str, local: &Local, world: &dyn World) -> Result<(String, &'a str), String> {
    let Some(behind) = text.strip_prefix('~') else { return Ok((String::new(), text)) };
    let (user, path) = behind.split_once('/').unwrap_or((behind, ""));
    let home = match user {
        "" => local.home.clone(),
        _ => world.home_of(user).ok_or_else(|| format!("there is no user {user}"))?,
    };
    let slash = if home.ends_with('/') { "" } else { "/" };
    Ok((format!("{home}{slash}"), path.trim_start_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::super::tests::Memory;
    use super::*;

    fn expand(text: &str, what: Expand) -> Result<String, String> {
        let world = Memory::new();
        let tokens = Tokens {
            host: "h.example".into(),
            original: "h".into(),
            port: "2022".into(),
            user: "ru".into(),
            key_alias: "alias".into(),
            jump: String::new(),
        };
        tokens.expand(text, what, &world.local(), &world)
    }

    #[test]
    fn all_of_them() {
        assert_eq!(expand("~/.ssh/%h_%p_%%", FILE_NAME).unwrap(), "/home/me/.ssh/h.example_2022_%");
        assert_eq!(expand("~other/x", FILE_NAME).unwrap(), "/home/other/x");
        assert_eq!(
            expand("%n %k %r %u %i %L %l %d", COMMAND).unwrap(),
            "h alias ru me 1000 here here.example /home/me"
        );
        assert_eq!(expand("${EDITOR}/$x", FILE_NAME).unwrap(), "ed/$x");
        assert_eq!(expand("${EDITOR}", COMMAND).unwrap(), "${EDITOR}");
        assert_eq!(expand("a~", FILE_NAME).unwrap(), "a~");
        // sha1("here.exampleh.example2022ru")
        assert_eq!(expand("%C", COMMAND).unwrap().len(), 40);
    }

    #[test]
    fn what_stands_for_nothing() {
        assert!(expand("%x", FILE_NAME).unwrap_err().contains("%x"));
        assert!(expand("%", FILE_NAME).is_err());
        assert!(expand("${NOTHING}", FILE_NAME).unwrap_err().contains("NOTHING"));
        assert!(expand("${EDITOR", FILE_NAME).is_err());
        assert!(expand("~nobody/x", FILE_NAME).is_err());
        assert!(expand("%d", PROXY_COMMAND).is_err());
    }
}
