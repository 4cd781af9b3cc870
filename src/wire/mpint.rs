//! `mpint` (RFC 4251 section 5): two's complement, big-endian, shortest form.

use crate::error::{Error, Result};

/// The magnitude of a non-negative mpint, without its sign byte. Negative values and unneeded leading bytes are
/// errors: a value has exactly one encoding.
pub fn non_negative(bytes: &[u8]) -> Result<&[u8]> {
    match bytes {
        [] => Ok(bytes),
        [0, rest @ ..] => match rest.first() {
            Some(b) if b & 0x80 != 0 => Ok(rest),
            _ => Err(Error::protocol("mpint has an unneeded leading zero byte (RFC 4251 section 5)")),
        },
        [b, ..] if b & 0x80 != 0 => Err(Error::protocol("mpint is negative")),
        _ => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Reader, Writer};

    /// The examples of RFC 4251 section 5.
    #[test]
    fn rfc_4251_examples() {
        for (magnitude, wire) in [
            (&[][..], &[0, 0, 0, 0][..]),
            (
                &[0x09, 0xa3, 0x78, 0xf9, 0xb2, 0xe3, 0x32, 0xa7],
                &[0, 0, 0, 8, 0x09, 0xa3, 0x78, 0xf9, 0xb2, 0xe3, 0x32, 0xa7],
            ),
            (&[0x80], &[0, 0, 0, 2, 0, 0x80]),
        ] {
            let mut out = Vec::new();
            Writer::new(&mut out).mpint(magnitude);
            assert_eq!(out, wire);
            assert_eq!(non_negative(Reader::new(&out).mpint().unwrap()).unwrap(), magnitude);
        }
    }

    #[test]
    fn only_the_shortest_form_is_accepted() {
        assert!(non_negative(&[0, 1]).is_err());
        assert!(non_negative(&[0]).is_err());
        assert!(non_negative(&[0xff]).is_err());
    }
}
