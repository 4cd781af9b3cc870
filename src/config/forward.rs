//! What LocalForward, RemoteForward and DynamicForward take.

use super::value;

/// Longest host name, with its end mark, and longest path of a Unix socket (NI_MAXHOST, sun_path).
const MAX_HOST: usize = 1025;
const MAX_PATH: usize = 108;

/// The three options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Local,
    Remote,
    Dynamic,
}

/// One end of a forward.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    Path(String),
    Port(Option<String>, u16),
    /// Asks each client, by SOCKS.
    Socks,
}

/// A forward: where something listens, and where connections go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Forward {
    pub(super) listen: End,
    pub(super) connect: End,
}

impl Forward {
    /// Reads the words behind the option's name joined by ':'. None: they are not a forward.
    pub(super) fn parse(spec: &str, which: Which, dynamic: bool) -> Option<Self> {
        let fields = split(spec.trim_start())?;
        let forward = Self::of_fields(&fields)?;
        let named = |end: &End| matches!(end, End::Path(_));
        let complete = match fields.len() {
            _ if dynamic => fields.len() <= 2 && forward.connect == End::Socks,
            3 | 4 => true,
            _ => named(&forward.listen) || named(&forward.connect),
        };
        let zero = |end: &End| matches!(end, End::Port(_, 0));
        let fits = complete
            && (dynamic || forward.connect != End::Socks)
            && !zero(&forward.connect)
            && (which == Which::Remote || !zero(&forward.listen));
        (fits && forward.listen.is_short() && forward.connect.is_short()).then_some(forward)
    }

    fn of_fields(fields: &[Field]) -> Option<Self> {
        let port = |host: Option<&Field>, port: &Field| {
            Some(End::Port(host.map(|field| field.text.clone()), value::port(&port.text)?))
        };
        let path = |field: &Field| End::Path(field.text.clone());
        let (listen, connect) = match fields {
            [a] if a.is_path => (path(a), End::Socks),
            [a] => (port(None, a)?, End::Socks),
            [a, b] if a.is_path && b.is_path => (path(a), path(b)),
            [a, b] if b.is_path => (port(None, a)?, path(b)),
            [a, b] => (port(Some(a), b)?, End::Socks),
            [a, b, c] if a.is_path => (path(a), port(Some(b), c)?),
            [a, b, c] if c.is_path => (port(Some(a), b)?, path(c)),
            [a, b, c] => (port(None, a)?, port(Some(b), c)?),
            [a, b, c, d] => (port(Some(a), b)?, port(Some(c), d)?),
            _ => return None,
        };
        Some(Self { listen, connect })
    }

    /// As `-G` prints it.
    pub(super) fn text(&self, which: Which) -> String {
        match which {
            Which::Dynamic => self.listen.text(),
            _ => format!("{} {}", self.listen.text(), self.connect.text()),
        }
    }
}

impl End {
    fn is_short(&self) -> bool {
        match self {
            Self::Path(path) => path.len() < MAX_PATH,
            Self::Port(host, _) => host.as_ref().is_none_or(|host| host.len() < MAX_HOST),
            Self::Socks => true,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Path(path) => path.clone(),
            Self::Port(None, port) => port.to_string(),
            Self::Port(Some(host), port) => format!("[{host}]:{port}"),
            Self::Socks => "[socks]:0".into(),
        }
    }
}

struct Field {
    text: String,
    is_path: bool,
}

/// Splits at ':', but not inside brackets; `\` takes the meaning from what follows. A field with a '/' is a path.
fn split(spec: &str) -> Option<Vec<Field>> {
    let (mut fields, mut rest) = (Vec::new(), spec);
    while !rest.is_empty() {
        if fields.len() == 4 {
            return None;
        }
        let text;
        if let Some(inside) = rest.strip_prefix('[') {
            let (word, behind) = inside.split_once(']')?;
            rest = match behind.strip_prefix(':') {
                Some(more) => more,
                None if behind.is_empty() => behind,
                None => return None,
            };
            text = word.to_owned();
        } else {
            (text, rest) = plain_field(rest)?;
        }
        fields.push(Field { is_path: text.contains('/'), text });
    }
    Some(fields)
}

fn plain_field(text: &str) -> Option<(String, &str)> {
    let (mut field, mut chars) = (String::new(), text.chars());
    while let Some(c) = chars.next() {
        match c {
            ':' => break,
            '\\' => field.push(chars.next()?),
            c => field.push(c),
        }
    }
    Some((field, chars.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(spec: &str, which: Which, dynamic: bool) -> Option<String> {
        Forward::parse(spec, which, dynamic).map(|forward| forward.text(which))
    }

    #[test]
    fn forwards() {
        for (spec, which, dynamic, want) in [
            ("80:host:8080", Which::Local, false, Some("80 [host]:8080")),
            ("::1:80:h:8", Which::Local, false, None),
            ("[::1]:80:[::2]:81", Which::Local, false, Some("[::1]:80 [::2]:81")),
            ("*:80:h:81", Which::Local, false, Some("[*]:80 [h]:81")),
            ("/a:/b", Which::Local, false, Some("/a /b")),
            ("80:/b", Which::Local, false, Some("80 /b")),
            ("/a:h:80", Which::Remote, false, Some("/a [h]:80")),
            ("0:h:80", Which::Local, false, None),
            ("0:h:80", Which::Remote, false, Some("0 [h]:80")),
            ("80:h", Which::Local, false, None),
            ("80:h:0", Which::Local, false, None),
            ("1080", Which::Dynamic, true, Some("1080")),
            ("a:1080", Which::Dynamic, true, Some("[a]:1080")),
            ("1080", Which::Remote, true, Some("1080 [socks]:0")),
            ("a:b:c:d:e", Which::Local, false, None),
            ("99999:h:1", Which::Local, false, None),
            ("", Which::Local, false, None),
        ] {
            assert_eq!(show(spec, which, dynamic).as_deref(), want, "{spec}");
        }
    }
}
