//! What a lookup finds: every option's value for one host.

use super::evaluate::Evaluation;
use super::jump::Jump;
use super::option::{find, Kind, Print, Spec, OPTIONS};
use super::settings::Settings;
use super::tokens::{Expand, Tokens, COMMAND, FILE_NAME, PROXY_COMMAND, SHELL_COMMAND};
use super::world::{Local, World};
use crate::error::{Error, ErrorKind, Result};
use std::fmt::Write;

/// The options of one host. Values are as `ssh -G` prints them.
#[derive(Debug, Clone)]
pub struct HostConfig {
    alias: String,
    settings: Settings,
    tokens: Tokens,
    local: Local,
}

fn unusable(name: &str, value: &str, why: &str) -> Error {
    Error::new(ErrorKind::Config, format!("{name} \"{value}\": {why}"))
}

impl HostConfig {
    /// Fills in what nothing has set, and expands what `ssh -G` prints expanded. `host` is where to connect.
    pub(super) fn finish(evaluation: Evaluation<'_>, host: String) -> Result<Self> {
        let (local, world) = (evaluation.local, evaluation.world);
        let alias = evaluation.original.to_owned();
        let mut settings = evaluation.settings;
        complete(&mut settings, &local.user)?;
        settings.replace("hostname", vec![host.clone()]);
        let first = |name: &str| settings.first(name).unwrap_or_default().to_owned();
        let tokens = Tokens {
            host,
            original: alias.clone(),
            port: first("port"),
            user: first("user"),
            key_alias: settings.first("hostkeyalias").unwrap_or(&alias).to_owned(),
            jump: settings
                .jumps
                .as_ref()
                .and_then(|chain| chain.hops.last())
                .map_or_else(String::new, |hop| hop.host.clone()),
        };
        let mut found = Self { alias, settings, tokens, local: local.clone() };
        found.check_loop()?;
        found.expand_shown(world)?;
        Ok(found)
    }

    /// A jump over the host itself would never arrive.
    fn check_loop(&self) -> Result<()> {
        let Some(last) = self.jumps().last() else { return Ok(()) };
        let port = last.port.unwrap_or(22).to_string();
        let user = last.user.as_ref().unwrap_or(&self.tokens.user);
        if last.host == self.tokens.host && port == self.tokens.port && *user == self.tokens.user {
            return Err(unusable("proxyjump", &last.host, "the way to the host leads over the host itself"));
        }
        Ok(())
    }

    fn expand_shown(&mut self, world: &dyn World) -> Result<()> {
        for (name, what) in [
            ("remotecommand", COMMAND),
            ("controlpath", FILE_NAME),
            ("identityagent", FILE_NAME),
            ("userknownhostsfile", FILE_NAME),
            ("forwardagent", FILE_NAME),
        ] {
            self.expand_words(name, what, world, |_| true)?;
        }
        for name in ["localforward", "remoteforward", "dynamicforward"] {
            // Only paths of Unix sockets: the percent sign of an address is a part of it.
            self.expand_words(name, COMMAND, world, |part| part.contains('/'))?;
        }
        Ok(())
    }

    fn expand_words(
        &mut self,
        name: &'static str,
        what: Expand,
        world: &dyn World,
        concerns: fn(&str) -> bool,
    ) -> Result<()> {
        let whole = what.tilde || name == "remotecommand";
        let mut words = Vec::new();
        for word in self.settings.words(name) {
            let expand = |part: &str| match concerns(part) {
                true => self.tokens.expand(part, what, &self.local, world).map_err(|why| unusable(name, word, &why)),
                false => Ok(part.to_owned()),
            };
            let parts: Vec<&str> = if whole { vec![word] } else { word.split(' ').collect() };
            words.push(parts.into_iter().map(expand).collect::<Result<Vec<_>>>()?.join(" "));
        }
        if !words.is_empty() {
            self.settings.replace(name, words);
        }
        Ok(())
    }

    /// The name that was looked up.
    #[must_use]
    pub fn alias(&self) -> &str {
        &self.alias
    }

    /// Where to connect: HostName, expanded and canonical, or the alias.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.tokens.host
    }

    /// The options there are, in the order in which `ssh -G` prints them. Names are in lower case.
    pub fn names() -> impl Iterator<Item = &'static str> {
        OPTIONS.iter().map(|spec| spec.name)
    }

    /// The values of an option, none where it has none. Case does not matter. None: there is no such option.
    #[must_use]
    pub fn values(&self, name: &str) -> Option<&[String]> {
        find(&name.to_ascii_lowercase()).map(|spec| self.settings.words(spec.name))
    }

    /// The first value of an option.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values(name)?.first().map(String::as_str)
    }

    /// Where an option was first set: "file:line" or "command line". None: nowhere, its default holds.
    #[must_use]
    pub fn origin(&self, name: &str) -> Option<&str> {
        let value = self.settings.values.get(name.to_ascii_lowercase().as_str())?;
        Some(value.origin.as_str()).filter(|origin| !origin.is_empty())
    }

    /// Whether an option's first value is a word that means yes.
    #[must_use]
    pub fn is_yes(&self, name: &str) -> bool {
        matches!(self.get(name), Some("yes" | "true"))
    }

    /// An option's first value as a number; None where it is none.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }

    /// A value with its `~`, tokens and variables expanded, as it is used: file names and commands.
    ///
    /// # Errors
    /// `InvalidArgument` where there is no such value; `Config` where a token stands for nothing, or where a host or
    /// user name would mean more than a name to the shell that runs a command.
    pub fn expanded(&self, name: &str, index: usize, world: &dyn World) -> Result<String> {
        let name = name.to_ascii_lowercase();
        let missing = || Error::new(ErrorKind::InvalidArgument, format!("{name}: there is no value {index}"));
        let value = self.values(&name).and_then(|values| values.get(index)).ok_or_else(missing)?;
        let what = match name.as_str() {
            "identityfile" | "certificatefile" | "revokedhostkeys" | "globalknownhostsfile" => FILE_NAME,
            "localcommand" => SHELL_COMMAND,
            "proxycommand" => PROXY_COMMAND,
            // The rest is expanded already, or takes no tokens.
            _ => return Ok(value.clone()),
        };
        self.tokens.expand(value, what, &self.local, world).map_err(|why| unusable(&name, value, &why))
    }

    /// The hosts of ProxyJump, the first to be connected to first; empty where there are none.
    #[must_use]
    pub fn jumps(&self) -> &[Jump] {
        self.settings.jumps.as_ref().map_or(&[], |chain| &chain.hops)
    }

    /// What was odd, but no mistake: options that mean nothing any more.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.settings.warnings
    }

    /// All options as `ssh -G` prints them.
    #[must_use]
    pub fn dump(&self) -> String {
        let mut out = format!("host {}\n", self.alias);
        for spec in OPTIONS {
            // Writing to a String cannot fail.
            let _ = self.dump_one(spec, &mut out);
        }
        out
    }

    fn dump_one(&self, spec: &Spec, out: &mut String) -> std::fmt::Result {
        let words = self.settings.words(spec.name);
        match spec.print {
            Print::OneLine if words.is_empty() => writeln!(out, "{} none", spec.name),
            Print::OneLine => writeln!(out, "{} {}", spec.name, words.join(" ")),
            Print::Lines => words.iter().try_for_each(|word| match (spec.name, word.as_bytes()) {
                ("escapechar", [b'^', _]) => writeln!(out, "escapechar \\{word}"),
                ("escapechar", [b'\\']) => writeln!(out, "escapechar \\\\"),
                _ => writeln!(out, "{} {word}", spec.name),
            }),
        }
    }
}

/// Defaults, and what follows from other options.
fn complete(settings: &mut Settings, user: &str) -> Result<()> {
    if settings.is("clearallforwardings", "yes") {
        for name in ["localforward", "remoteforward", "dynamicforward"] {
            settings.retain(name, |_| false);
        }
        settings.replace("tunnel", vec!["false".into()]);
    }
    // The user's own files are renewed unless other files or the DNS have a say.
    if !settings.has("updatehostkeys") {
        let usual =
            !settings.has("userknownhostsfile") || settings.words("userknownhostsfile") == ["~/.ssh/known_hosts"];
        let by_dns = matches!(settings.first("verifyhostkeydns"), Some("true" | "ask"));
        let word = if usual && !by_dns { "true" } else { "false" };
        settings.set_once("updatehostkeys", vec![word.into()], "");
    }
    settings.set_once("user", vec![user.to_owned()], "");
    for spec in OPTIONS {
        if let Kind::Algorithms(list) = spec.kind {
            let assembled = list.assemble(settings.first(spec.name));
            if assembled.is_empty() {
                return Err(unusable(spec.name, settings.first(spec.name).unwrap_or_default(), "no algorithm is left"));
            }
            settings.replace(spec.name, vec![assembled]);
        } else if !spec.default.is_empty() && settings.words(spec.name).is_empty() {
            let words = spec.default.iter().map(|&word| word.to_owned()).collect();
            settings.replace(spec.name, words);
        }
    }
    if let Some(bytes) = settings.first("rekeylimit").map(str::to_owned) {
        let seconds = settings.rekey_seconds.clone().unwrap_or_else(|| "0".into());
        settings.replace("rekeylimit", vec![bytes, seconds]);
    }
    clear_none(settings);
    if settings.is("connectionattempts", "0") {
        return Err(unusable("connectionattempts", "0", "it must be at least 1"));
    }
    if let Some(alias) = settings.first("hostkeyalias").map(str::to_ascii_lowercase) {
        settings.replace("hostkeyalias", vec![alias]);
    }
    // There is nobody to ask, or no line to ask on.
    let silent = matches!(settings.first("loglevel"), Some("QUIET" | "FATAL" | "ERROR"));
    let kept = settings.first("controlpersist") != Some("no") && settings.has("controlpath");
    let busy = settings.has("remotecommand") || settings.is("requesttty", "false");
    if settings.is("updatehostkeys", "ask") && (silent || kept || busy) {
        settings.replace("updatehostkeys", vec!["false".into()]);
    }
    Ok(())
}

/// "none" stands for no value.
fn clear_none(settings: &mut Settings) {
    for name in [
        "localcommand",
        "remotecommand",
        "proxycommand",
        "controlpath",
        "revokedhostkeys",
        "pkcs11provider",
        "securitykeyprovider",
        "knownhostscommand",
        "versionaddendum",
        "proxyjump",
    ] {
        if settings.first(name).is_some_and(|word| word.eq_ignore_ascii_case("none")) {
            settings.values.remove(name);
        }
    }
    for name in ["globalknownhostsfile", "userknownhostsfile", "canonicalizepermittedcnames", "channeltimeout"] {
        settings.retain(name, |word| !word.eq_ignore_ascii_case("none"));
    }
}
