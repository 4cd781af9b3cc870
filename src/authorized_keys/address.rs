//! Where a peer may come from: `from=` lists of addresses, networks, names and patterns.

use crate::crypto::pattern::{host_list, wildcard};
use std::net::IpAddr;

/// An address, with the zone that a link-local one has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Address<'a> {
    ip: IpAddr,
    zone: Option<&'a [u8]>,
}

/// A network: an address and how many of its bits count.
struct Network<'a> {
    address: Address<'a>,
    bits: u32,
}

/// What a list's entry is.
enum Entry<'a> {
    Network(Network<'a>),
    /// Bits are set behind those that count, or more count than there are.
    Inconsistent,
    Other,
}

/// Why a list admits nobody at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadList;

impl<'a> Address<'a> {
    fn parse(text: &'a [u8]) -> Option<Self> {
        let (ip, zone) = match text.iter().position(|&b| b == b'%') {
            Some(at) => (text.get(..at)?, Some(text.get(at + 1..)?)),
            None => (text, None),
        };
        let ip: IpAddr = std::str::from_utf8(ip).ok()?.parse().ok()?;
        Some(Self { ip, zone })
    }

    /// The peer's own: one of IPv4 that came in through an IPv6 socket is one of IPv4.
    fn of_peer(text: &'a [u8]) -> Option<Self> {
        let address = Self::parse(text)?;
        let ip = match address.ip {
            IpAddr::V6(ip) => ip.to_ipv4_mapped().map_or(address.ip, IpAddr::V4),
            ip @ IpAddr::V4(_) => ip,
        };
        Some(Self { ip, ..address })
    }
}

const fn width(ip: IpAddr) -> u32 {
    match ip {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// The address's bits, at the top of 128.
fn bits(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u128::from(u32::from(ip)) << 96,
        IpAddr::V6(ip) => u128::from(ip),
    }
}

fn mask(bits: u32) -> u128 {
    u128::MAX.checked_shl(128 - bits).unwrap_or(0)
}

impl<'a> Entry<'a> {
    fn parse(text: &'a [u8]) -> Self {
        let (address, length) = match text.iter().position(|&b| b == b'/') {
            Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..)),
            None => (text, None),
        };
        let Some(address) = Address::parse(address) else { return Self::Other };
        let number = |digits: &[u8]| match digits.iter().all(u8::is_ascii_digit) {
            true => std::str::from_utf8(digits).ok()?.parse::<u32>().ok(),
            false => None,
        };
        let length = match length.map(number) {
            None => width(address.ip),
            Some(Some(length)) => length,
            Some(None) => return Self::Other,
        };
        if length > width(address.ip) || bits(address.ip) & !mask(length) != 0 {
            return Self::Inconsistent;
        }
        Self::Network(Network { address, bits: length })
    }
}

impl Network<'_> {
    fn contains(&self, address: &Address<'_>) -> bool {
        let same_family = matches!(self.address.ip, IpAddr::V4(_)) == matches!(address.ip, IpAddr::V4(_));
        let differ = bits(self.address.ip) ^ bits(address.ip);
        same_family && differ & mask(self.bits) == 0 && self.address.zone == address.zone
    }
}

/// Whether a peer is admitted by a `from=` list. `host` is its name where one is known; its address stands for it
/// otherwise. An entry behind `!` excludes, whatever else admits.
pub(super) fn admits(list: &[u8], host: Option<&str>, address: &str) -> Result<bool, BadList> {
    let by_address = match Address::of_peer(address.as_bytes()) {
        Some(peer) => match by_address(list, &peer, address.as_bytes())? {
            Some(found) => found,
            None => return Ok(false),
        },
        None => false,
    };
    let by_name = host_list(list, host.unwrap_or(address).as_bytes());
    Ok(by_name.is_some_and(|found| found || by_address))
}

/// None: an entry excludes it.
fn by_address(list: &[u8], peer: &Address<'_>, text: &[u8]) -> Result<Option<bool>, BadList> {
    let mut found = false;
    for entry in list.split(|&b| b == b',') {
        let (negated, entry) = match entry.strip_prefix(b"!") {
            Some(rest) => (true, rest),
            None => (false, entry),
        };
        let fits = match Entry::parse(entry) {
            _ if entry.is_empty() => return Err(BadList),
            Entry::Inconsistent => return Err(BadList),
            Entry::Network(network) => network.contains(peer),
            Entry::Other => wildcard(entry, text),
        };
        if fits && negated {
            return Ok(None);
        }
        found |= fits;
    }
    Ok(Some(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from() {
        for (list, host, address, admitted) in [
            ("10.0.0.0/8", None, "10.1.2.3", Ok(true)),
            ("10.0.0.0/8", None, "11.1.2.3", Ok(false)),
            ("10.0.0.0/8", None, "::ffff:10.1.2.3", Ok(true)),
            ("0.0.0.0/0", None, "1.2.3.4", Ok(true)),
            ("0.0.0.0/0", None, "::1", Ok(false)),
            ("::/0", None, "2001:db8::1", Ok(true)),
            ("2001:db8::/32,!2001:db8::5", None, "2001:db8::5", Ok(false)),
            ("2001:db8::/32,!2001:db8::5", None, "2001:db8::6", Ok(true)),
            ("127.0.0.*", None, "127.0.0.1", Ok(true)),
            ("*,!127.0.0.1", None, "127.0.0.1", Ok(false)),
            ("!127.0.0.1,*", None, "127.0.0.1", Ok(false)),
            ("!127.0.0.1", None, "127.0.0.2", Ok(false)),
            ("*.Example.org", Some("a.example.ORG"), "1.2.3.4", Ok(true)),
            ("1.2.3.4,!*.example.org", Some("a.example.org"), "1.2.3.4", Ok(false)),
            ("*.example.org", None, "1.2.3.4", Ok(false)),
            ("10.0.0.1/8,*", None, "1.2.3.4", Err(BadList)),
            ("10.0.0.0/33", None, "10.0.0.0", Err(BadList)),
            ("*,,", None, "1.2.3.4", Err(BadList)),
            ("", None, "1.2.3.4", Err(BadList)),
            ("10.0.0.0/x", None, "10.0.0.0", Ok(false)),
            ("fe80::1%eth0", None, "fe80::1%eth0", Ok(true)),
            ("fe80::1", None, "fe80::1%eth0", Ok(false)),
            ("UNKNOWN", None, "UNKNOWN", Ok(true)),
        ] {
            assert_eq!(admits(list.as_bytes(), host, address), admitted, "{list} {host:?} {address}");
        }
    }
}
