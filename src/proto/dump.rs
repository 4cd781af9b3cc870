//! Packet dumps for the log, with what must stay secret left out.

use std::fmt::Write;

/// Bytes a line.
const LINE: usize = 16;

/// A payload, number first, as hex and text. Key exchange (30 to 49) and authentication (50 to 79) messages show their
/// number and length only: passwords, answers, and values that keys come from are never logged.
pub(super) fn dump(direction: &str, payload: &[&[u8]]) -> String {
    let bytes: Vec<u8> = payload.concat();
    let Some(&number) = bytes.first() else { return format!("{direction} empty packet") };
    let mut out = format!("{direction} message {number}, {} bytes", bytes.len());
    if matches!(number, 30..=79) {
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
        let data = dump("in", &[&[94, 0], b"plain text\x1b"]);
        assert!(data.contains("0000: 5e 00 70 6c") && data.contains("plain text."), "{data}");
        assert!(!data.contains('\x1b'));
    }
}
