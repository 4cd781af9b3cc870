//! ProxyJump: the hosts on the way.

use super::value;

/// A host on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jump {
    /// The user to log in as there, where one is named.
    pub user: Option<String>,
    /// The host, or an alias of the configuration.
    pub host: String,
    /// Its port, where one is named.
    pub port: Option<u16>,
}

impl Jump {
    /// Reads "[user@]host[:port]" or "ssh://[user@]host[:port]".
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix("ssh://") {
            Some(rest) => Self::of_uri(rest),
            None => {
                let (user, rest) = match text.rsplit_once('@') {
                    Some((user, rest)) => (Some(user.to_owned()), rest),
                    None => (None, text),
                };
                let (host, port) = host_and_port(rest)?;
                Self { user, host, port }.checked()
            }
        }
    }

    fn of_uri(text: &str) -> Option<Self> {
        let (user, rest) = match text.split_once('@') {
            // What follows a ';' are connection parameters that nobody has defined further.
            Some((user, rest)) => (Some(decode(user.split(';').next()?)?), rest),
            None => (None, text),
        };
        let (host, port) = host_and_port(rest.strip_suffix('/').unwrap_or(rest))?;
        value::domain(&host)?;
        Self { user, host, port }.checked()
    }

    fn checked(self) -> Option<Self> {
        (!self.host.is_empty() && self.user.as_deref() != Some("")).then_some(self)
    }

    /// As `-G` prints it.
    pub(super) fn text(&self) -> String {
        let user = self.user.as_ref().map(|user| format!("{user}@")).unwrap_or_default();
        let is_address = self.host.contains(':') || self.host.chars().all(|c| c.is_ascii_digit() || c == '.');
        let host = if is_address { format!("[{}]", self.host) } else { self.host.clone() };
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{user}{host}{port}")
    }
}

/// "host", "host:port", "[address]:port".
fn host_and_port(text: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = if let Some(inside) = text.strip_prefix('[') {
        let (host, behind) = inside.split_once(']')?;
        match behind.strip_prefix([':', '/']) {
            Some(port) => (host, port),
            None if behind.is_empty() => (host, ""),
            None => return None,
        }
    } else {
        text.split_once([':', '/']).unwrap_or((text, ""))
    };
    let port = if port.is_empty() { None } else { Some(value::port(port).filter(|&port| port != 0)?) };
    Some((host.to_owned(), port))
}

/// Takes the percent signs out of a URI's text.
fn decode(text: &str) -> Option<String> {
    let (mut out, mut bytes) = (Vec::new(), text.bytes());
    while let Some(b) = bytes.next() {
        out.push(match b {
            b'+' => b' ',
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            b => b,
        });
    }
    String::from_utf8(out).ok()
}

/// A chain: "host,host,...", the first is connected to first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Chain {
    pub(super) hops: Vec<Jump>,
    /// As `-G` prints it: only the last host is brought into form.
    pub(super) text: String,
}

impl Chain {
    /// Reads a list; a comment may follow it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.split('#').next().unwrap_or_default().trim_end();
        let hops: Vec<Jump> = text.split(',').map(Jump::parse).collect::<Option<_>>()?;
        let last = hops.last()?.text();
        let text = text.rsplit_once(',').map_or(last.clone(), |(before, _)| format!("{before},{last}"));
        Some(Self { hops, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains() {
        for (text, want) in [
            ("host", Some("host")),
            ("u@host:2022", Some("u@host:2022")),
            ("a,u@b:22,ssh://v@c:2022/ # way", Some("a,u@b:22,v@c:2022")),
            ("[::1]:22", Some("[::1]:22")),
            ("10.0.0.1", Some("[10.0.0.1]")),
            ("u@x@host", Some("u@x@host")),
            ("", None),
            ("a,,b", None),
            ("@host", None),
            ("host:0", None),
            ("host:99999", None),
            ("ssh://a b", None),
        ] {
            assert_eq!(Chain::parse(text).map(|chain| chain.text).as_deref(), want, "{text}");
        }
    }
}
