//! Whether a certificate may be used here and now: kind, validity, principals, critical options, source address and the
//! authority's algorithm, decided as OpenSSH's `sshkey_cert_check_authority` and sshd's reading of options decide.

use super::{CertKind, CertOption, Certificate};
use crate::crypto::pattern::wildcard;
use crate::error::{printable, Error, ErrorKind, Result};
use std::net::IpAddr;

/// The algorithms of an authority's signature that are accepted by default, as OpenSSH's `CASignatureAlgorithms`: all but
/// SHA-1.
pub const CA_ALGORITHMS: &[&str] = &[
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "webauthn-sk-ecdsa-sha2-nistp256@openssh.com",
    "rsa-sha2-512",
    "rsa-sha2-256",
];

/// Critical options of users' certificates, and whether each has a value.
const CRITICAL_OPTIONS: &[(&str, bool)] =
    &[("force-command", true), ("source-address", true), ("verify-required", false)];

/// Extensions of users' certificates; none has a value.
const EXTENSIONS: &[&str] = &[
    "no-touch-required",
    "permit-X11-forwarding",
    "permit-agent-forwarding",
    "permit-port-forwarding",
    "permit-pty",
    "permit-user-rc",
];

/// What a certificate is wanted for.
#[derive(Debug, Clone)]
pub struct CertCheck<'a> {
    /// Who presents it.
    pub kind: CertKind,
    /// The names it is wanted for, of which it must list one; empty: any name, as where the caller looks at the
    /// principals itself. A host's certificate may list patterns with `*` and `?`.
    pub principals: &'a [&'a str],
    /// The time, in seconds since 1970.
    pub now: u64,
    /// Whether a certificate without principals is for every name. OpenSSH said so of hosts, and of users whose authority is
    /// in an authorized_keys file, until it stopped in 10.3; it is never said of authorities that are trusted for
    /// every user.
    pub no_principals_is_any: bool,
    /// Where the peer connects from, for source-address; None: whoever calls checks that itself.
    pub peer: Option<IpAddr>,
    /// The accepted algorithms of the authority's signature.
    pub ca_algorithms: &'a [&'a str],
}

impl CertCheck<'_> {
    /// A check of kind and time, and with the defaults for the rest.
    #[must_use]
    pub const fn new(kind: CertKind, now: u64) -> Self {
        Self { kind, principals: &[], now, no_principals_is_any: false, peer: None, ca_algorithms: CA_ALGORITHMS }
    }
}

impl Certificate {
    /// Checks whether the certificate may be used. Not asked here: whether its authority is trusted, and whether it is
    /// revoked.
    ///
    /// Errors: `CertWrongKind`, `CertNotYetValid`, `CertExpired`, `CertWrongPrincipal`, `CertWeakSignature`,
    /// `CertUnknownOption`, `CertSourceAddress`; in this order where several are true.
    pub fn check(&self, check: &CertCheck<'_>) -> Result<()> {
        self.check_kind(check.kind)?;
        self.check_time(check.now)?;
        self.check_principals(check)?;
        if !check.ca_algorithms.contains(&self.signature_algorithm()) {
            let text = format!("the certificate is signed with {}, which is not accepted", self.signature_algorithm());
            return Err(Error::new(ErrorKind::CertWeakSignature, text));
        }
        match check.kind {
            CertKind::Host => self.check_no_critical_option(),
            CertKind::User => {
                self.check_options()?;
                check.peer.map_or(Ok(()), |peer| self.check_peer(peer))
            }
        }
    }

    fn check_kind(&self, wanted: CertKind) -> Result<()> {
        if self.kind() == wanted {
            return Ok(());
        }
        let text = format!("it is a {}'s certificate and is presented by a {}", self.kind().name(), wanted.name());
        Err(Error::new(ErrorKind::CertWrongKind, text))
    }

    fn check_time(&self, now: u64) -> Result<()> {
        if now < self.valid_after() {
            let text = format!("the certificate is not valid before {} s since 1970: it is {now}", self.valid_after());
            return Err(Error::new(ErrorKind::CertNotYetValid, text));
        }
        if now >= self.valid_before() {
            let text = format!("the certificate expired at {} s since 1970: it is {now}", self.valid_before());
            return Err(Error::new(ErrorKind::CertExpired, text));
        }
        Ok(())
    }

    fn check_principals(&self, check: &CertCheck<'_>) -> Result<()> {
        if self.principals().is_empty() {
            return match check.no_principals_is_any {
                true => Ok(()),
                false => Err(Error::new(ErrorKind::CertWrongPrincipal, "the certificate lists no principal")),
            };
        }
        let listed = |name: &&str| {
            self.principals().iter().any(|principal| match check.kind {
                CertKind::User => principal == name,
                CertKind::Host => wildcard(principal.as_bytes(), name.as_bytes()),
            })
        };
        if check.principals.is_empty() || check.principals.iter().any(listed) {
            return Ok(());
        }
        let wanted: Vec<_> = check.principals.iter().map(|name| printable(name.as_bytes())).collect();
        let text = format!("the certificate does not list the name \"{}\"", wanted.join("\", \""));
        Err(Error::new(ErrorKind::CertWrongPrincipal, text))
    }

    /// No critical option of hosts is known to anyone.
    fn check_no_critical_option(&self) -> Result<()> {
        self.critical_options().first().map_or(Ok(()), |option| Err(not_understood(option, "is not known for hosts")))
    }

    fn check_options(&self) -> Result<()> {
        for (at, option) in self.critical_options().iter().enumerate() {
            let (name, has_value) = CRITICAL_OPTIONS
                .iter()
                .find(|(name, _)| *name == option.name)
                .ok_or_else(|| not_understood(option, "is not known"))?;
            let again = self.critical_options().iter().take(at).any(|before| before.name == *name);
            if *has_value && again {
                return Err(not_understood(option, "is there twice"));
            }
        }
        check_known(self.critical_options(), self.extensions())
    }

    /// The value of source-address.
    fn source_address(&self) -> Result<Option<&str>> {
        self.critical_option("source-address").map(address_list).transpose()
    }

    fn check_peer(&self, peer: IpAddr) -> Result<()> {
        match self.source_address()? {
            Some(list) if !address_matches(Some(peer), list)? => {
                let text = format!("the certificate may not be used from {}", peer.to_canonical());
                Err(Error::new(ErrorKind::CertSourceAddress, text))
            }
            _ => Ok(()),
        }
    }
}

/// Whether the options of a user's certificate that are known say something that can be used.
///
/// Errors: `CertUnknownOption`.
fn check_known(critical: &[CertOption], extensions: &[CertOption]) -> Result<()> {
    for option in critical {
        if let Some((name, has_value)) = CRITICAL_OPTIONS.iter().find(|(name, _)| *name == option.name) {
            check_data(option, *has_value)?;
            if *name == "source-address" {
                address_matches(None, address_list(option.value().unwrap_or_default())?)?;
            }
        }
    }
    extensions
        .iter()
        .filter(|option| EXTENSIONS.contains(&option.name.as_str()))
        .try_for_each(|option| check_data(option, false))
}

/// Whether the options of a new user's certificate will let anybody use it. Those that are not known are for others.
///
/// Errors: `InvalidArgument`.
pub(super) fn require_usable(critical: &[CertOption], extensions: &[CertOption]) -> Result<()> {
    if let Some(option) = critical.iter().find(|option| EXTENSIONS.contains(&option.name.as_str())) {
        let text = format!("\"{}\" is an extension: as a critical option it refuses everybody", option.name);
        return Err(Error::new(ErrorKind::InvalidArgument, text));
    }
    check_known(critical, extensions).map_err(|error| Error::new(ErrorKind::InvalidArgument, error.text().to_owned()))
}

fn address_list(value: &[u8]) -> Result<&str> {
    std::str::from_utf8(value).map_err(|_| bad_address_list("it is not text"))
}

fn not_understood(option: &CertOption, what: &str) -> Error {
    let name = printable(option.name.as_bytes());
    Error::new(ErrorKind::CertUnknownOption, format!("the certificate's option \"{name}\" {what}"))
}

/// A value is one string without zero bytes; an option without one has no data at all.
fn check_data(option: &CertOption, has_value: bool) -> Result<()> {
    let good = match has_value {
        true => !option.data.is_empty() && option.value().is_some_and(|value| !value.contains(&0)),
        false => option.data.is_empty(),
    };
    let rule = if has_value { "must have a value" } else { "has no value" };
    good.then_some(()).ok_or_else(|| not_understood(option, &format!("has damaged data: it {rule}")))
}

fn bad_address_list(what: &str) -> Error {
    Error::new(ErrorKind::CertUnknownOption, format!("the certificate's source-address list cannot be used: {what}"))
}

/// Whether an address is in a list of addresses and networks (`192.0.2.0/24,2001:db8::1`), as OpenSSH's
/// `addr_match_cidr_list` reads it: every entry must be well-formed, wherever the match is. Without an address the list is
/// only checked.
///
/// Errors: `CertUnknownOption` for a list that is damaged.
pub fn address_matches(peer: Option<IpAddr>, list: &str) -> Result<bool> {
    // A peer of a socket for both families appears as ::ffff:192.0.2.1.
    let peer = peer.map(|peer| peer.to_canonical());
    let mut found = false;
    for entry in list.split(',') {
        let (network, bits) = network(entry).ok_or_else(|| {
            bad_address_list(&format!("\"{}\" is no address and no network", printable(entry.as_bytes())))
        })?;
        found |= peer.is_some_and(|peer| in_network(peer, network, bits));
    }
    Ok(found)
}

/// `address` or `address/bits`, where the bits after the network's are 0.
fn network(entry: &str) -> Option<(IpAddr, u32)> {
    let (address, bits) = entry.split_once('/').map_or((entry, None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = address.parse().ok()?;
    let width = if address.is_ipv4() { 32 } else { 128 };
    let bits = match bits {
        // `parse` would take a sign.
        Some(bits) if bits.bytes().all(|b| b.is_ascii_digit()) => bits.parse().ok().filter(|bits| *bits <= width)?,
        Some(_) => return None,
        None => width,
    };
    (number(address) & !mask(bits, width) == 0).then_some((address, bits))
}

fn in_network(peer: IpAddr, network: IpAddr, bits: u32) -> bool {
    let width = if network.is_ipv4() { 32 } else { 128 };
    peer.is_ipv4() == network.is_ipv4() && number(peer) & mask(bits, width) == number(network)
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The first `bits` of `width` bits.
fn mask(bits: u32, width: u32) -> u128 {
    let host_bits = width.saturating_sub(bits);
    let all = u128::MAX.checked_shr(128 - width).unwrap_or(0);
    all & u128::MAX.checked_shl(host_bits).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_lists() {
        let peer = |text: &str| Some(text.parse().unwrap());
        let list = "192.0.2.0/24,10.0.0.1,2001:db8::/32";
        for (address, expected) in [
            ("192.0.2.77", true),
            ("192.0.3.1", false),
            ("10.0.0.1", true),
            ("10.0.0.2", false),
            ("::ffff:10.0.0.1", true),
            ("2001:db8:1::1", true),
            ("2001:db9::1", false),
        ] {
            assert_eq!(address_matches(peer(address), list).unwrap(), expected, "{address}");
        }
        assert!(address_matches(peer("1.2.3.4"), "0.0.0.0/0").unwrap());
        assert!(!address_matches(peer("::1"), "0.0.0.0/0").unwrap());
        assert!(address_matches(peer("::1"), "::/0").unwrap());
        for bad in
            ["", "10.0.0.1,", "10.0.0.1/24", "10.0.0.0/33", "10.0.0.0/+8", "10.0.0.0/", "host", "!10.0.0.1", "::1/129"]
        {
            assert_eq!(
                address_matches(peer("10.0.0.1"), bad).unwrap_err().kind(),
                ErrorKind::CertUnknownOption,
                "{bad}"
            );
        }
    }
}
