//! The grammar of a line (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). It is bytes: a name or comment in whatever encoding
//! spoils nothing.

/// The key types a line may have. Those that are no keys of hosts stand here too, so that a file with them counts as
/// sound; their lines decide over nothing.
const KEY_TYPES: &[&str] = &[
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "ssh-dss",
    "ssh-ed25519-cert-v01@openssh.com",
    "ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "ecdsa-sha2-nistp384-cert-v01@openssh.com",
    "ecdsa-sha2-nistp521-cert-v01@openssh.com",
    "ssh-rsa-cert-v01@openssh.com",
    "ssh-dss-cert-v01@openssh.com",
    "sk-ssh-ed25519-cert-v01@openssh.com",
    "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
];

/// What stands before the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// Nothing: the key is the host's.
    None,
    /// `@cert-authority`: the key signs certificates of hosts.
    Authority,
    /// `@revoked`: the key must not be used, neither a host's nor an authority's.
    Revoked,
}

/// A line without its end.
pub(super) enum Line<'a> {
    /// Blank, or a comment.
    Empty,
    /// Nothing that can be used; such lines stay in the file and mean nothing.
    Bad,
    /// An entry, whose key has not been looked at.
    Entry(Fields<'a>),
}

/// The parts of an entry.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    pub(super) marker: Marker,
    pub(super) names: &'a [u8],
    pub(super) key_type: &'static str,
    /// Type, base64 and comment, to the end of the line.
    pub(super) key: &'a [u8],
}

fn is_blank(b: u8) -> bool {
    b == b' ' || b == b'\t'
}

fn skip_blanks(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text {
        if !is_blank(*first) {
            break;
        }
        text = rest;
    }
    text
}

/// The first word, and what follows the blanks behind it.
pub(super) fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|&b| is_blank(b)).unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end).unwrap_or((text, b""));
    (word, skip_blanks(rest))
}

/// The lines of a file, without their ends; an end of the file behind the last one makes no further line.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|&b| b == b'\n').map(|line| line.strip_suffix(b"\n").unwrap_or(line))
}

impl<'a> Line<'a> {
    /// Reads a line. A CR before its end belongs to the end.
    pub(super) fn parse(line: &'a [u8]) -> Self {
        let text = skip_blanks(line.strip_suffix(b"\r").unwrap_or(line));
        if text.is_empty() || text.starts_with(b"#") {
            return Self::Empty;
        }
        Self::entry(text).map_or(Self::Bad, Self::Entry)
    }

    fn entry(text: &'a [u8]) -> Option<Fields<'a>> {
        let (mut names, mut key) = word(text);
        let mut marker = Marker::None;
        if names.starts_with(b"@") {
            // Any other marker, or a second one, gives the key a meaning that is not known here.
            marker = match names {
                b"@cert-authority" => Marker::Authority,
                b"@revoked" => Marker::Revoked,
                _ => return None,
            };
            (names, key) = word(key);
        }
        let (type_name, encoded) = word(key);
        let key_type = KEY_TYPES.iter().copied().find(|known| known.as_bytes() == type_name)?;
        let sound = !names.is_empty() && !names.starts_with(b"@") && !encoded.is_empty() && !encoded.starts_with(b"#");
        sound.then_some(Fields { marker, names, key_type, key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_end_in_a_result() {
        for line in [
            "@",
            "@revoked",
            "|",
            "h",
            "h t",
            "h ssh-rsa",
            "h ssh-rsa #",
            "h 1024 35 9",
            "\u{fffd} \u{fffd}",
            "@revoked @revoked h ssh-rsa AAAA",
            "@unheard-of h ssh-rsa AAAA",
        ] {
            assert!(matches!(Line::parse(line.as_bytes()), Line::Bad), "{line}");
        }
        for line in ["", " ", "#", "\t# x", "\r"] {
            assert!(matches!(Line::parse(line.as_bytes()), Line::Empty), "{line}");
        }
        let Line::Entry(fields) = Line::parse(b" @revoked\t*,!\xff  ssh-rsa\tAAAA a comment\r") else { panic!() };
        assert_eq!((fields.marker, fields.names, fields.key_type), (Marker::Revoked, &b"*,!\xff"[..], "ssh-rsa"));
        assert_eq!(fields.key, b"ssh-rsa\tAAAA a comment");
    }

    #[test]
    fn the_last_line_needs_no_end() {
        let all = |text: &'static [u8]| lines(text).collect::<Vec<_>>();
        assert_eq!(all(b""), [b""; 0]);
        assert_eq!(all(b"a\n\nb"), [&b"a"[..], b"", b"b"]);
        assert_eq!(all(b"a\n"), [b"a"]);
    }
}
