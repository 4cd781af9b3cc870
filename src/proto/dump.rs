//! Packet dumps for the log, with what must stay secret left out.

use crate::wire::numbers;
use std::fmt::Write;

/// Bytes a line.
const LINE: usize = 16;

/// Whether a message has in it what lets somebody in: key exchange (30 to 49) has the values that keys come from,
/// authentication (50 to 79) passwords and answers, a request for X11 forwarding (RFC 4254 section 6.3.1) the cookie.
fn is_secret(number: u8, message: &[u8]) -> bool {
    // Number, recipient and the type's length come before the type.
    matches!(number, 30..=79) || number == numbers::CHANNEL_REQUEST && message.get(9..16) == Some(b"x11-req")
}

/// A payload, number first, as hex and text; of secret ones the number and the length only.
pub(super) fn dump(direction: &str, payload: &[&[u8]]) -> String {
    let bytes: Vec<u8> = payload.concat();
    let Some(&number) = bytes.first() else { return format!("{direction} empty packet") };
    let mut out = format!("{direction} message {number}, {} bytes", bytes.len());
    if is_secret(number, &bytes) {
        out.push_str(" (hidden)");
        return out;
    }
    for (i, line) in bytes.chunks(LINE).enumerate() {
        let _ = write!(out, "\n{:04x}: ", i * LINE);
        for byte in line {
            let _ = write!(out, "{byte:02x} ");
        }
        out.extend(std::iter::repeat_n(' ', 3 * (LINE - line.len())));
        out.push(' ');
        out.extend(line.iter().map(|&b| if b.is_ascii_graphic() || b == b' ' { char::from(b) } else { '.' }));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_and_the_rest_is_readable() {
        let login = dump("out", &[&[50], b"user password hunter2"]);
        assert_eq!(login, "out message 50, 22 bytes (hidden)");
        let x11 = dump("out", &[&[98, 0, 0, 0, 1, 0, 0, 0, 7], b"x11-req\x01\0\0\0\0\x12MIT-MAGIC-COOKIE-1"]);
        assert!(x11.ends_with("(hidden)"), "{x11}");
        let data = dump("in", &[&[94, 0], b"plain text\x1b"]);
        assert!(data.contains("0000: 5e 00 70 6c") && data.contains("plain text."), "{data}");
        assert!(!data.contains('\x1b'));
    }
}
