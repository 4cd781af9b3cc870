//! Identification exchange (RFC 4253 section 4.2).

use crate::error::{printable, Error, ErrorKind, Result};

/// The longest line read while waiting for an identification; RFC 4253 allows 255 for the identification itself, and
/// lines before it have no bound there.
pub const MAX_LINE: usize = 8192;

/// The longest identification string, CR LF included.
const MAX_IDENT: usize = 255;

/// Whether `software` may stand in an identification: printable US-ASCII without blanks or '-' in the version
/// (RFC 4253 section 4.2); comments are not offered.
#[must_use]
pub fn is_valid_software(software: &str) -> bool {
    !software.is_empty() && software.len() < 200 && software.bytes().all(|b| b.is_ascii_graphic() && b != b'-')
}

/// The two ends' lines. What comes before a server's identification is for people and kept only for error texts.
#[derive(Debug, Default)]
pub struct Ident {
    /// Our line without CR LF, as it enters the exchange hash.
    pub ours: Vec<u8>,
    /// The peer's, likewise.
    pub theirs: Option<Vec<u8>>,
    lines_before: u32,
    first_line: Option<String>,
}

impl Ident {
    /// Ours is "SSH-2.0-" and the software version.
    #[must_use]
    pub fn new(software: &str) -> Self {
        Self { ours: format!("SSH-2.0-{software}").into_bytes(), ..Self::default() }
    }

    /// Takes one line; true when it was the identification.
    pub fn line(&mut self, line: &[u8], from_server: bool, max_lines: u32) -> Result<bool> {
        if !line.starts_with(b"SSH-") {
            // Only a server may send lines first (RFC 4253 section 4.2).
            self.lines_before += 1;
            if !from_server || self.lines_before > max_lines {
                return Err(no_identification(line));
            }
            self.first_line.get_or_insert_with(|| printable(line));
            return Ok(false);
        }
        if line.len() + 2 > MAX_IDENT {
            return Err(Error::new(ErrorKind::Ident, "identification is longer than 255 bytes (RFC 4253 section 4.2)"));
        }
        // "1.99" is how a server that also speaks SSH-1 says 2.0 (RFC 4253 section 5.1).
        if !line.starts_with(b"SSH-2.0-") && !line.starts_with(b"SSH-1.99-") {
            return Err(Error::new(
                ErrorKind::Ident,
                format!("the peer speaks another protocol version: {}", printable(line)),
            ));
        }
        if line.contains(&0) {
            return Err(Error::new(ErrorKind::Ident, "identification holds a NUL byte (RFC 4253 section 4.2)"));
        }
        self.theirs = Some(line.to_vec());
        Ok(true)
    }

    /// The first line a peer sent instead of an identification, made printable.
    #[must_use]
    pub fn first_line(&self) -> Option<&str> {
        self.first_line.as_deref()
    }
}

/// The error for bytes that are no identification.
pub(super) fn no_identification(line: &[u8]) -> Error {
    let shown = printable(line.get(..line.len().min(80)).unwrap_or_default());
    Error::new(ErrorKind::Ident, format!("the peer does not speak SSH; it said: {shown}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for (line, ok) in [
            (&b"SSH-2.0-OpenSSH_9.2"[..], true),
            (b"SSH-1.99-x y", true),
            (b"SSH-1.5-old", false),
            (b"SSH-2.0-a\0b", false),
            (b"SSH-2.1-x", false),
        ] {
            assert_eq!(Ident::default().line(line, true, 10).is_ok(), ok, "{line:?}");
        }
        let long = [b"SSH-2.0-".to_vec(), vec![b'x'; 300]].concat();
        assert!(Ident::default().line(&long, true, 10).is_err());
    }

    #[test]
    fn only_a_server_may_talk_first_and_not_for_ever() {
        assert!(Ident::default().line(b"hello", false, 10).is_err());
        let mut ident = Ident::default();
        assert_eq!(ident.line(b"hello", true, 1), Ok(false));
        assert!(ident.line(b"hello", true, 1).is_err());
        assert_eq!(ident.first_line(), Some("hello"));
    }
}
