//! The first packet of an X11 connection (X Window System Protocol, section "Connection Setup"), as far as its
//! authorization goes. Whoever forwards a display gives the far side a cookie of its own making, and puts the display's
//! in its place on the way back: so the far side never sees what would let it in without us.

use crate::error::{Error, ErrorKind, Result};
use subtle::ConstantTimeEq;

/// Byte order, a byte of padding, two version numbers, two lengths, two bytes of padding.
const HEAD: usize = 12;

/// What a display lets programs in by; both fields empty where it asks for nothing.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Authorization {
    /// "MIT-MAGIC-COOKIE-1", mostly.
    pub protocol: Vec<u8>,
    /// The secret.
    pub data: Vec<u8>,
}

impl Authorization {
    /// How long the packet is that carries it.
    #[must_use]
    pub fn setup_len(&self) -> usize {
        HEAD + padded(self.protocol.len()) + padded(self.data.len())
    }
}

/// Big or little end first, as the program that connects has it.
#[derive(Clone, Copy)]
enum Order {
    Big,
    Little,
}

impl Order {
    fn of(first: u8) -> Result<Self> {
        match first {
            b'B' => Ok(Self::Big),
            b'l' => Ok(Self::Little),
            _ => Err(refused("an X11 connection must begin with \"B\" or \"l\"")),
        }
    }

    fn read(self, bytes: [u8; 2]) -> usize {
        usize::from(match self {
            Self::Big => u16::from_be_bytes(bytes),
            Self::Little => u16::from_le_bytes(bytes),
        })
    }

    fn write(self, len: usize) -> Result<[u8; 2]> {
        let len = u16::try_from(len)
            .map_err(|_| Error::new(ErrorKind::InvalidArgument, "X11 has no authorization above 65535 bytes"))?;
        Ok(match self {
            Self::Big => len.to_be_bytes(),
            Self::Little => len.to_le_bytes(),
        })
    }
}

fn refused(text: &'static str) -> Error {
    Error::new(ErrorKind::X11Cookie, text)
}

/// Fields are padded to multiples of four bytes.
const fn padded(len: usize) -> usize {
    len.next_multiple_of(4)
}

/// The packet with `display` in place of `sent`, and how many bytes of `start` it stands for; None: `start`, the
/// connection's first bytes, is not all of it yet. Fails with `X11Cookie` as soon as it is clear that the packet does not
/// carry `sent`; where the lengths are right, the time tells nothing about the cookie.
pub fn replace_cookie(start: &[u8], sent: &Authorization, display: &Authorization) -> Result<Option<(Vec<u8>, usize)>> {
    let Some(&first) = start.first() else { return Ok(None) };
    let order = Order::of(first)?;
    let Some((head, rest)) = start.split_first_chunk::<HEAD>() else { return Ok(None) };
    let [_, pad, major1, major2, minor1, minor2, protocol1, protocol2, data1, data2, ..] = *head;
    // The lengths we gave out, or it is not from us: so nothing longer is ever waited for.
    if order.read([protocol1, protocol2]) != sent.protocol.len() || order.read([data1, data2]) != sent.data.len() {
        return Err(refused("the X11 connection's authorization is not the one that was given out"));
    }
    let Some((protocol, rest)) = rest.split_at_checked(padded(sent.protocol.len())) else { return Ok(None) };
    let Some((data, _)) = rest.split_at_checked(padded(sent.data.len())) else { return Ok(None) };
    let same_protocol = protocol.get(..sent.protocol.len()).is_some_and(|p| p.ct_eq(&sent.protocol).into());
    let same_data = data.get(..sent.data.len()).is_some_and(|d| d.ct_eq(&sent.data).into());
    if !(same_protocol & same_data) {
        return Err(refused("the X11 connection's cookie is not the one that was given out"));
    }
    let mut out = vec![first, pad, major1, major2, minor1, minor2];
    out.extend(order.write(display.protocol.len())?);
    out.extend(order.write(display.data.len())?);
    out.extend([0; 2]);
    for field in [&display.protocol, &display.data] {
        out.extend(field);
        out.resize(padded(out.len()), 0);
    }
    Ok(Some((out, sent.setup_len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookie(protocol: &[u8], data: &[u8]) -> Authorization {
        Authorization { protocol: protocol.to_vec(), data: data.to_vec() }
    }

    /// A packet as Xlib writes it.
    fn setup(order: u8, authorization: &Authorization) -> Vec<u8> {
        let two = |n: usize| {
            let n = u16::try_from(n).unwrap();
            if order == b'B' {
                n.to_be_bytes()
            } else {
                n.to_le_bytes()
            }
        };
        let mut out = vec![order, 0];
        for n in [11, 0, authorization.protocol.len(), authorization.data.len(), 0] {
            out.extend(two(n));
        }
        for field in [&authorization.protocol, &authorization.data] {
            out.extend(field);
            out.extend(vec![0; (4 - field.len() % 4) % 4]);
        }
        out
    }

    const NAME: &[u8] = b"MIT-MAGIC-COOKIE-1";

    #[test]
    fn the_cookie_is_replaced_in_both_byte_orders_however_it_is_split() {
        let (sent, display) = (cookie(NAME, &[7; 16]), cookie(NAME, &[9; 16]));
        for order in *b"Bl" {
            let packet = setup(order, &sent);
            assert_eq!(packet.len(), 12 + 20 + 16);
            for len in 0..packet.len() {
                assert!(replace_cookie(&packet[..len], &sent, &display).unwrap().is_none(), "{len}");
            }
            let want = setup(order, &display);
            for more in [&b""[..], b"requests behind it"] {
                let got = replace_cookie(&[&packet[..], more].concat(), &sent, &display).unwrap();
                assert_eq!(got, Some((want.clone(), packet.len())));
            }
        }
    }

    #[test]
    fn the_displays_authorization_may_have_other_lengths() {
        for (sent, display) in [
            (cookie(NAME, &[1; 16]), Authorization::default()),
            (cookie(NAME, &[1; 16]), cookie(b"XDM-AUTHORIZATION-1", &[2; 17])),
            (cookie(b"", b""), cookie(NAME, &[2; 16])),
            (cookie(b"abc", b"defgh"), cookie(b"i", b"jk")),
        ] {
            for order in *b"Bl" {
                let packet = setup(order, &sent);
                let got = replace_cookie(&packet, &sent, &display).unwrap();
                assert_eq!(got, Some((setup(order, &display), packet.len())));
            }
        }
        let long = cookie(NAME, &[0; 65536]);
        let sent = cookie(NAME, &[1; 16]);
        let error = replace_cookie(&setup(b'l', &sent), &sent, &long).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    }

    #[test]
    fn every_changed_byte_that_matters_is_refused() {
        let (sent, display) = (cookie(NAME, &[7; 16]), cookie(NAME, &[9; 16]));
        for order in *b"Bl" {
            let packet = setup(order, &sent);
            for at in 0..packet.len() {
                let mut other = packet.clone();
                other[at] ^= 1;
                // The version is the display's to judge, and padding means nothing.
                let free = matches!(at, 1..=5 | 10 | 11 | 30 | 31);
                match replace_cookie(&other, &sent, &display) {
                    Ok(done) => assert!(free && done.is_some(), "byte {at}"),
                    Err(error) => assert!(!free && error.kind() == ErrorKind::X11Cookie, "byte {at}"),
                }
            }
        }
    }

    #[test]
    fn what_cannot_become_right_is_refused_at_once() {
        let (sent, display) = (cookie(NAME, &[7; 16]), cookie(NAME, &[9; 16]));
        assert_eq!(replace_cookie(b"G", &sent, &display).unwrap_err().kind(), ErrorKind::X11Cookie);
        for other in [cookie(b"", b""), cookie(NAME, &[7; 15]), cookie(NAME, &[7; 60000])] {
            for order in *b"Bl" {
                let head = &setup(order, &other)[..12];
                assert_eq!(replace_cookie(head, &sent, &display).unwrap_err().kind(), ErrorKind::X11Cookie);
            }
        }
    }
}
