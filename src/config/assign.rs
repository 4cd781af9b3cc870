//! Takes an option's words into the settings.

use super::forward::{Forward, Which};
use super::jump::Chain;
use super::line::Line;
use super::option::{Kind, Spec};
use super::pattern;
use super::settings::Settings;
use super::tokens::{Tokens, VARIABLES};
use super::value;
use super::world::{Local, World};

/// How many files IdentityFile and CertificateFile may name, each; how many domains and names of the other lists.
const MAX_FILES: usize = 100;
const MAX_LIST: usize = 32;
/// How many words the lists without a bound in OpenSSH may hold: enough for anyone, and no file fills the memory.
const MAX_WORDS: usize = 4096;

/// The surroundings of a line.
pub(super) struct Place<'a> {
    /// Whether the block it stands in applies to the host.
    pub(super) active: bool,
    /// The user's own file, or the command line.
    pub(super) by_user: bool,
    /// "file:line".
    pub(super) origin: &'a str,
    pub(super) local: &'a Local,
    pub(super) world: &'a dyn World,
}

/// A line's words, taken one by one.
pub(super) struct Words<'a>(pub(super) std::slice::Iter<'a, String>);

impl<'a> Words<'a> {
    /// The next word, which must be there and say something.
    pub(super) fn take(&mut self) -> Result<&'a str, String> {
        self.0.next().map(String::as_str).filter(|word| !word.is_empty()).ok_or_else(|| "the value is missing".into())
    }

    fn next(&mut self) -> Option<&'a str> {
        self.0.next().map(String::as_str)
    }

    fn end(&mut self) -> Result<(), String> {
        match self.0.next() {
            None => Ok(()),
            Some(word) => Err(format!("\"{word}\" is one word too many")),
        }
    }

    /// All that are left; `alone` are words that stand for no list and allow no other word.
    fn list(&mut self, alone: &[&str], most: usize) -> Result<Vec<String>, String> {
        let words: Vec<String> = self.0.by_ref().cloned().collect();
        for word in &words {
            if word.is_empty() {
                return Err("an empty word in the list".into());
            }
            if words.len() > 1 && alone.iter().any(|one| word.eq_ignore_ascii_case(one)) {
                return Err(format!("\"{word}\" must stand alone"));
            }
        }
        match words.len() {
            0 => Err("the value is missing".into()),
            n if n > most => Err(format!("more than {most} words")),
            _ => Ok(words),
        }
    }
}

/// Takes a line in. What it says is checked also where it does not apply. An error says what is wrong.
pub(super) fn assign(
    settings: &mut Settings,
    spec: &'static Spec,
    line: &Line,
    place: &Place<'_>,
) -> Result<(), String> {
    let mut words = Words(line.words.iter());
    let stored = match spec.kind {
        Kind::Choice(choices) => {
            let word = words.take()?;
            let bad = || format!("\"{word}\" is none of {}", value::listed(choices));
            Some(vec![value::choice(choices, word).ok_or_else(bad)?.to_owned()])
        }
        Kind::Number => Some(vec![number(words.take()?)?]),
        Kind::Time => match words.take()? {
            "none" => None,
            word => Some(vec![time(word)?]),
        },
        Kind::Text => Some(vec![words.take()?.to_owned()]),
        Kind::Command => {
            let command = line.rest.trim_start_matches([' ', '\t', '=']).to_owned();
            words = Words([].iter());
            Some(vec![command])
        }
        Kind::Words(most) => Some(words.list(&["none"], most)?),
        Kind::Domains => {
            let list = words.list(&["none"], MAX_LIST)?;
            let bad = |word: &String| format!("\"{word}\" is not a domain name");
            Some(list.iter().map(|word| value::domain(word).ok_or_else(|| bad(word))).collect::<Result<_, _>>()?)
        }
        Kind::Algorithms(list) => {
            let word = words.take()?;
            list.check(word)?;
            Some(vec![word.to_owned()])
        }
        Kind::File => {
            let path = words.take()?;
            if place.active {
                if settings.words(spec.name).len() >= MAX_FILES {
                    return Err(format!("more than {MAX_FILES} files"));
                }
                settings.add_file(spec.name, path, place.by_user, place.origin);
            }
            None
        }
        Kind::Special => special(settings, spec.name, line, &mut words, place)?,
    };
    words.end()?;
    if let (Some(stored), true) = (stored, place.active) {
        settings.set_once(spec.name, stored, place.origin);
    }
    Ok(())
}

fn number(word: &str) -> Result<String, String> {
    value::number(word).map(|n| n.to_string()).ok_or_else(|| format!("\"{word}\" is not a number from 0"))
}

fn time(word: &str) -> Result<String, String> {
    value::seconds(word).map(|n| n.to_string()).ok_or_else(|| format!("\"{word}\" is not a time, such as 90 or 1h30m"))
}

type Stored = Result<Option<Vec<String>>, String>;

fn one(word: Option<String>, bad: impl FnOnce() -> String) -> Stored {
    word.map(|word| Some(vec![word])).ok_or_else(bad)
}

/// The options that are like no other.
fn special(
    settings: &mut Settings,
    name: &'static str,
    line: &Line,
    words: &mut Words<'_>,
    place: &Place<'_>,
) -> Stored {
    match name {
        "proxycommand" => {
            *words = Words([].iter());
            let command = line.rest.trim_start_matches([' ', '\t', '=']).to_owned();
            Ok((!settings.has("proxyjump")).then(|| vec![command]))
        }
        "proxyjump" => {
            *words = Words([].iter());
            proxy_jump(settings, line.rest.trim_start_matches([' ', '\t', '=']), place)
        }
        "localforward" => forward(settings, name, Which::Local, words, place),
        "remoteforward" => forward(settings, name, Which::Remote, words, place),
        "dynamicforward" => forward(settings, name, Which::Dynamic, words, place),
        "sendenv" => send_env(settings, words, place),
        "setenv" => set_env(settings, words, place),
        "rekeylimit" => rekey_limit(settings, words, place),
        "forwardagent" => {
            let word = words.take()?;
            match value::choice(value::FLAG, word) {
                Some(flag) => Ok(Some(vec![flag.to_owned()])),
                None => agent_path(word, place),
            }
        }
        "identityagent" => agent_path(words.take()?, place),
        "ipqos" => {
            let (first, second) = (words.take()?, words.next());
            let class =
                |word: &str| value::traffic_class(word).ok_or_else(|| format!("\"{word}\" is no traffic class"));
            let interactive = class(first)?;
            let bulk = second.map_or(Ok(interactive.clone()), class)?;
            Ok(Some(vec![interactive, bulk]))
        }
        "addkeystoagent" => add_keys(words),
        "permitremoteopen" => permit_remote_open(words),
        "canonicalizepermittedcnames" => permitted_cnames(words),
        "channeltimeout" => channel_timeout(words),
        _ => single(name, words.take()?),
    }
}

/// The options of one word.
fn single(name: &str, word: &str) -> Stored {
    let bad = || format!("\"{word}\" is not a value of this option");
    match name {
        "port" => one(value::port(word).filter(|&port| port != 0).map(|port| port.to_string()), || {
            format!("\"{word}\" is not a port from 1 to 65535")
        }),
        "escapechar" => one(value::escape_char(word), bad),
        "tunneldevice" => one(value::tunnel_device(word), bad),
        "streamlocalbindmask" => {
            let mask = u32::from_str_radix(word, 8).ok().filter(|&mask| mask <= 0o777);
            one(mask.map(|mask| format!("0{mask:o}")), || format!("\"{word}\" is not an octal mask up to 0777"))
        }
        "controlpersist" => match word {
            "no" | "false" => Ok(Some(vec!["no".into()])),
            "yes" | "true" => Ok(Some(vec!["yes".into()])),
            _ => match time(word)?.as_str() {
                "0" => Ok(Some(vec!["yes".into()])),
                seconds => Ok(Some(vec![seconds.to_owned()])),
            },
        },
        "obscurekeystroketiming" => match (value::choice(value::FLAG, word), word.strip_prefix("interval:")) {
            (Some(flag), _) => Ok(Some(vec![flag.to_owned()])),
            (None, Some(ms)) if value::number(ms).is_some_and(|n| (1..=1000).contains(&n)) => {
                Ok(Some(vec![word.to_owned()]))
            }
            _ => Err(bad()),
        },
        _ => Err(bad()),
    }
}

/// A jump host leaves no room for a proxy command that comes later, and the other way round.
fn proxy_jump(settings: &mut Settings, text: &str, place: &Place<'_>) -> Stored {
    let applies = place.active && !settings.has("proxycommand") && !settings.has("proxyjump");
    if text.eq_ignore_ascii_case("none") {
        return Ok(applies.then(|| vec!["none".into()]));
    }
    let chain = Chain::parse(text).ok_or_else(|| format!("\"{text}\" is not a list of [user@]host[:port]"))?;
    if !applies {
        return Ok(None);
    }
    let shown = vec![chain.text.clone()];
    settings.jumps = Some(chain);
    Ok(Some(shown))
}

fn forward(
    settings: &mut Settings,
    name: &'static str,
    which: Which,
    words: &mut Words<'_>,
    place: &Place<'_>,
) -> Stored {
    let listen = words.take()?;
    let target = if which == Which::Dynamic { None } else { words.next().filter(|word| !word.is_empty()) };
    if which == Which::Local && target.is_none() {
        return Err("where connections go to is missing".into());
    }
    let spec = target.map_or(listen.to_owned(), |target| format!("{listen}:{target}"));
    let spec = Tokens::default().expand(&spec, VARIABLES, place.local, place.world)?;
    let forward =
        Forward::parse(&spec, which, target.is_none()).ok_or_else(|| format!("\"{spec}\" is no forwarding"))?;
    if place.active {
        if settings.words(name).len() >= MAX_WORDS {
            return Err(format!("more than {MAX_WORDS} forwardings"));
        }
        settings.add_once(name, forward.text(which), place.origin);
    }
    Ok(None)
}

fn send_env(settings: &mut Settings, words: &mut Words<'_>, place: &Place<'_>) -> Stored {
    for word in words.list(&[], MAX_WORDS)? {
        if word.contains('=') {
            return Err(format!("\"{word}\" is not a variable's name"));
        }
        match word.strip_prefix('-') {
            _ if !place.active => {}
            Some(gone) => settings.retain("sendenv", |name| !pattern::fits(name, gone)),
            None if settings.words("sendenv").len() >= MAX_WORDS => return Err(format!("more than {MAX_WORDS} names")),
            None => settings.add("sendenv", word, place.origin),
        }
    }
    Ok(None)
}

/// One line sets all; of a name given twice, the first value counts.
fn set_env(settings: &mut Settings, words: &mut Words<'_>, place: &Place<'_>) -> Stored {
    let mut kept: Vec<String> = Vec::new();
    for word in words.list(&[], MAX_WORDS)? {
        let Some((name, _)) = word.split_once('=') else { return Err(format!("\"{word}\" is not NAME=VALUE")) };
        let name = format!("{name}=");
        if !kept.iter().any(|old| old.starts_with(&name)) {
            kept.push(word);
        }
    }
    let applies = place.active && settings.words("setenv").is_empty();
    Ok(applies.then_some(kept))
}

fn rekey_limit(settings: &mut Settings, words: &mut Words<'_>, place: &Place<'_>) -> Stored {
    let bytes = match words.take()? {
        "default" => 0,
        word => value::bytes(word).ok_or_else(|| format!("\"{word}\" is not a size, such as 1G"))?,
    };
    if (1..16).contains(&bytes) {
        return Err("fewer than 16 bytes".into());
    }
    match words.next() {
        None | Some("none") => {}
        Some(word) => {
            let seconds = time(word)?;
            if place.active && settings.rekey_seconds.is_none() {
                settings.rekey_seconds = Some(seconds);
            }
        }
    }
    Ok(Some(vec![bytes.to_string()]))
}

/// A path, or the name of the variable that has it; variables must have a value at once.
fn agent_path(word: &str, place: &Place<'_>) -> Stored {
    Tokens::default().expand(word, VARIABLES, place.local, place.world)?;
    let name = word.strip_prefix('$').filter(|name| !name.starts_with('{'));
    let good = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if name.is_some_and(|name| !good(name)) {
        return Err(format!("\"{word}\" is not a variable's name"));
    }
    Ok(Some(vec![word.to_owned()]))
}

fn add_keys(words: &mut Words<'_>) -> Stored {
    const CHOICES: value::Choices = &[
        ("true", "true"),
        ("false", "false"),
        ("yes", "true"),
        ("no", "false"),
        ("ask", "ask"),
        ("confirm", "confirm"),
    ];
    let (word, life) = (words.take()?, words.next());
    match (value::choice(CHOICES, word), life) {
        (Some("confirm"), Some(life)) => match time(life)?.as_str() {
            "0" => Ok(Some(vec!["confirm".into()])),
            seconds => Ok(Some(vec!["confirm".into(), seconds.to_owned()])),
        },
        (Some(choice), None) => Ok(Some(vec![choice.to_owned()])),
        (None, None) => match time(word)?.as_str() {
            "0" => Ok(Some(vec!["true".into()])),
            seconds => Ok(Some(vec![seconds.to_owned()])),
        },
        _ => Err("only \"confirm\" takes a time".into()),
    }
}

fn permit_remote_open(words: &mut Words<'_>) -> Stored {
    let list = words.list(&["none", "any"], MAX_WORDS)?;
    for word in &list {
        let port = word.rsplit_once(':').map(|(_, port)| port);
        let stands_alone = word.eq_ignore_ascii_case("none") || word.eq_ignore_ascii_case("any");
        if !stands_alone && !port.is_some_and(|port| port == "*" || value::port(port).is_some_and(|port| port != 0)) {
            return Err(format!("\"{word}\" is not host:port"));
        }
    }
    Ok(Some(list))
}

fn permitted_cnames(words: &mut Words<'_>) -> Stored {
    let list = words.list(&["none"], MAX_LIST)?;
    let rule = |word: &String| match word.as_str() {
        "*" => Ok("*:*".to_owned()),
        _ if word.eq_ignore_ascii_case("none") => Ok("none".to_owned()),
        _ => match word.split_once(':') {
            Some((_, target)) if !target.is_empty() => Ok(word.to_ascii_lowercase()),
            _ => Err(format!("\"{word}\" is not source-list:target-list")),
        },
    };
    Ok(Some(list.iter().map(rule).collect::<Result<_, _>>()?))
}

fn channel_timeout(words: &mut Words<'_>) -> Stored {
    let list = words.list(&["none"], MAX_WORDS)?;
    for word in list.iter().filter(|word| !word.eq_ignore_ascii_case("none")) {
        let (_, interval) = word.split_once('=').ok_or_else(|| format!("\"{word}\" is not type=time"))?;
        time(interval)?;
    }
    Ok(Some(list))
}
