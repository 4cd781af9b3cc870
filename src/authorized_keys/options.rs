//! The options in front of a key (sshd(8), AUTHORIZED_KEYS FILE FORMAT) and of a principal.

use super::time;
use crate::engine::{Permissions, PermitTarget};

/// More variables or places than this are a mistake; OpenSSH's bounds.
const MAX_ENVIRONMENT: usize = 1024;
const MAX_PLACES: usize = 4096;

/// Longest host of `permitopen`; the resolver's bound (NI_MAXHOST).
const MAX_HOST: usize = 1025;

/// Why a line's options are not accepted.
pub(super) type Reason = String;

/// The options of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Options {
    pub permissions: Permissions,
    pub cert_authority: bool,
    /// The names a certificate must hold one of, in place of the user's.
    pub principals: Option<Vec<u8>>,
    /// Patterns for where the peer comes from.
    pub from: Option<Vec<u8>>,
    /// Not after this second since 1970.
    pub expires: Option<u64>,
}

/// Options not yet read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    /// Takes a name, whatever its case.
    fn word(&mut self, name: &str) -> bool {
        match self.0.split_at_checked(name.len()) {
            Some((head, rest)) if head.eq_ignore_ascii_case(name.as_bytes()) => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    /// Takes a flag; false for its opposite with "no-" in front.
    fn flag(&mut self, name: &str) -> Option<bool> {
        let start = self.0;
        let on = !self.word("no-");
        if self.word(name) {
            return Some(on);
        }
        self.0 = start;
        None
    }

    /// Takes `name=` and the text in quotes behind it.
    fn value(&mut self, name: &str) -> Option<Result<Vec<u8>, Reason>> {
        let start = self.0;
        if self.word(name) && self.word("=") {
            return Some(self.quoted(name));
        }
        self.0 = start;
        None
    }

    /// A text in double quotes; a quote within has a backslash in front.
    fn quoted(&mut self, name: &str) -> Result<Vec<u8>, Reason> {
        let mut rest =
            self.0.strip_prefix(b"\"").ok_or_else(|| format!("{name}: its value is not in double quotes"))?;
        let mut out = Vec::new();
        loop {
            match rest {
                [] => return Err(format!("{name}: its value has no closing quote")),
                [b'"', after @ ..] => {
                    self.0 = after;
                    return Ok(out);
                }
                [b'\\', b'"', after @ ..] => {
                    out.push(b'"');
                    rest = after;
                }
                [byte, after @ ..] => {
                    out.push(*byte);
                    rest = after;
                }
            }
        }
    }

    /// The option that stands here, for a reason's text.
    fn name(&self) -> String {
        let is_name = |b: &&u8| b.is_ascii_alphanumeric() || **b == b'-' || **b == b'_';
        self.0.iter().take_while(is_name).take(64).map(|&b| char::from(b)).collect()
    }
}

impl Options {
    /// What a line without options has.
    pub(super) fn none() -> Self {
        Self { permissions: Permissions::all(), cert_authority: false, principals: None, from: None, expires: None }
    }

    /// Reads options separated by commas; `text` has no blank outside of quotes.
    pub(super) fn parse(text: &[u8]) -> Result<Self, Reason> {
        let mut options = Self::none();
        let mut rest = Rest(text);
        while !rest.0.is_empty() {
            let name = rest.name();
            if !options.flags(&mut rest) {
                options.values(&mut rest)?;
            }
            match rest.0 {
                [] => break,
                // OpenSSH lets an option be empty.
                [b',', after @ ..] => rest.0 = after,
                _ => return Err(format!("unknown option \"{name}\"")),
            }
        }
        Ok(options)
    }

    fn flags(&mut self, rest: &mut Rest<'_>) -> bool {
        let p = &mut self.permissions;
        if rest.word("restrict") {
            (p.restricted, p.port_forwarding, p.agent_forwarding) = (true, false, false);
            (p.x11_forwarding, p.pty, p.user_rc) = (false, false, false);
            return true;
        }
        if rest.word("cert-authority") {
            self.cert_authority = true;
            return true;
        }
        let flags = [
            ("port-forwarding", &mut p.port_forwarding),
            ("agent-forwarding", &mut p.agent_forwarding),
            ("x11-forwarding", &mut p.x11_forwarding),
            ("touch-required", &mut p.touch_required),
            ("verify-required", &mut p.verify_required),
            ("pty", &mut p.pty),
            ("user-rc", &mut p.user_rc),
        ];
        for (name, flag) in flags {
            if let Some(on) = rest.flag(name) {
                *flag = on;
                return true;
            }
        }
        false
    }

    fn values(&mut self, rest: &mut Rest<'_>) -> Result<(), Reason> {
        let p = &mut self.permissions;
        let once = [("command", &mut p.command), ("principals", &mut self.principals), ("from", &mut self.from)];
        for (name, place) in once {
            if let Some(value) = rest.value(name) {
                if place.is_some() {
                    return Err(format!("{name}: given twice"));
                }
                *place = Some(value?);
                return Ok(());
            }
        }
        if let Some(value) = rest.value("expiry-time") {
            let time = time::parse(&value?)
                .filter(|&time| time != 0)
                .ok_or("expiry-time: no time of the form YYYYMMDD[HHMM[SS]][Z]")?;
            self.expires = Some(self.expires.map_or(time, |old| old.min(time)));
        } else if let Some(value) = rest.value("environment") {
            add_variable(&mut p.environment, &value?)?;
        } else if let Some(value) = rest.value("permitopen") {
            add_place("permitopen", &mut p.permit_open, &value?)?;
        } else if let Some(value) = rest.value("permitlisten") {
            let value = value?;
            // A port alone is one of any address.
            let value = if value.contains(&b':') { value } else { [b"*:", value.as_slice()].concat() };
            add_place("permitlisten", &mut p.permit_listen, &value)?;
        } else if let Some(value) = rest.value("tunnel") {
            p.tunnel = Some(tunnel(&value?).ok_or("tunnel: its device is neither a number nor \"any\"")?);
        }
        Ok(())
    }
}

/// `NAME=value`; the first of a name counts.
fn add_variable(list: &mut Vec<(String, Vec<u8>)>, text: &[u8]) -> Result<(), Reason> {
    if list.len() > MAX_ENVIRONMENT {
        return Err(format!("environment: more than {MAX_ENVIRONMENT} variables"));
    }
    let bad = || "environment: it is not NAME=value with a name of letters, digits and underscores".to_owned();
    let at = text.iter().position(|&b| b == b'=').ok_or_else(bad)?;
    let (name, value) = text.split_at_checked(at).ok_or_else(bad)?;
    let is_name = !name.is_empty() && name.iter().all(|&b| b.is_ascii_alphanumeric() || b == b'_');
    let name = std::str::from_utf8(name).ok().filter(|_| is_name).ok_or_else(bad)?;
    if !list.iter().any(|(known, _)| known == name) {
        list.push((name.to_owned(), value.strip_prefix(b"=").unwrap_or_default().to_vec()));
    }
    Ok(())
}

/// `host:port`, an IPv6 address in brackets; `*` for any port.
fn add_place(option: &str, list: &mut Vec<PermitTarget>, text: &[u8]) -> Result<(), Reason> {
    if list.len() > MAX_PLACES {
        return Err(format!("{option}: more than {MAX_PLACES} places"));
    }
    let bad = || format!("{option}: it is not host:port, with a number or \"*\" for the port");
    let text = std::str::from_utf8(text).map_err(|_| bad())?;
    let (host, port) = match text.strip_prefix('[') {
        Some(inner) => {
            let (host, rest) = inner.split_once(']').ok_or_else(bad)?;
            (host, rest.strip_prefix([':', '/']).ok_or_else(bad)?)
        }
        None => text.split_once([':', '/']).ok_or_else(bad)?,
    };
    if host.len() >= MAX_HOST {
        return Err(format!("{option}: its host is too long"));
    }
    let port = match port {
        "*" => None,
        number if number.bytes().all(|b| b.is_ascii_digit()) => match number.parse::<u16>() {
            Ok(port @ 1..) => Some(port),
            _ => return Err(bad()),
        },
        _ => return Err(bad()),
    };
    list.push(PermitTarget { host: host.to_owned(), port });
    Ok(())
}

fn tunnel(text: &[u8]) -> Option<String> {
    /// The last device there can be (OpenSSH's SSH_TUNID_MAX).
    const MAX: u32 = 0x7fff_fffd;
    let text = std::str::from_utf8(text).ok()?;
    if text.eq_ignore_ascii_case("any") {
        return Some("any".to_owned());
    }
    let number = text.parse::<u32>().ok().filter(|&number| number <= MAX)?;
    Some(number.to_string())
}
