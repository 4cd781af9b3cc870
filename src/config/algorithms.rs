//! Lists of algorithm names: which names there are, and what `+`, `-` and `^` make of the lists offered by default.

use super::pattern;
use crate::crypto::registry::{all_names, default_names, CIPHERS, KEXES, MACS, SIGNATURES};

/// Which list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Ciphers,
    Macs,
    Kexes,
    /// Of host keys.
    HostKeys,
    /// For logging in with a key.
    Signatures,
    /// Of a certificate authority.
    CaSignatures,
}

/// Names that OpenSSH has, or had, and this library does not: in a list they are passed over, as a file is often made
/// for several programs. A list of nothing else is refused.
const ELSEWHERE: &[&str] = &[
    "umac-64-etm@openssh.com",
    "umac-128-etm@openssh.com",
    "umac-64@openssh.com",
    "umac-128@openssh.com",
    "hmac-sha1-96",
    "hmac-sha1-96-etm@openssh.com",
    "hmac-md5",
    "hmac-md5-96",
    "hmac-md5-etm@openssh.com",
    "hmac-md5-96-etm@openssh.com",
    "hmac-ripemd160",
    "hmac-ripemd160@openssh.com",
    "hmac-ripemd160-etm@openssh.com",
    "rijndael-cbc@lysator.liu.se",
    "blowfish-cbc",
    "cast128-cbc",
    "arcfour",
    "arcfour128",
    "arcfour256",
    "diffie-hellman-group1-sha1",
    "ssh-dss",
    "ssh-dss-cert-v01@openssh.com",
    "ssh-ed25519-cert-v01@openssh.com",
    "ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "ecdsa-sha2-nistp384-cert-v01@openssh.com",
    "ecdsa-sha2-nistp521-cert-v01@openssh.com",
    "rsa-sha2-512-cert-v01@openssh.com",
    "rsa-sha2-256-cert-v01@openssh.com",
    "ssh-rsa-cert-v01@openssh.com",
    "sk-ssh-ed25519@openssh.com",
    "sk-ssh-ed25519-cert-v01@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "webauthn-sk-ecdsa-sha2-nistp256@openssh.com",
];

impl List {
    /// The names that can be asked for.
    fn all(self) -> Vec<&'static str> {
        match self {
            Self::Ciphers => all_names(CIPHERS),
            Self::Macs => all_names(MACS),
            Self::Kexes => all_names(KEXES),
            Self::HostKeys | Self::Signatures | Self::CaSignatures => all_names(SIGNATURES),
        }
    }

    /// The names offered where nothing is said.
    fn usual(self) -> Vec<&'static str> {
        match self {
            Self::Ciphers => default_names(CIPHERS),
            Self::Macs => default_names(MACS),
            Self::Kexes => default_names(KEXES),
            Self::HostKeys | Self::Signatures | Self::CaSignatures => default_names(SIGNATURES),
        }
    }

    /// Lists of keys may hold patterns; the others only where names are taken away.
    fn takes_patterns(self) -> bool {
        matches!(self, Self::HostKeys | Self::Signatures | Self::CaSignatures)
    }

    /// Checks a value; an error is what is wrong with it.
    pub(super) fn check(self, text: &str) -> Result<(), String> {
        if text.starts_with('-') {
            return Ok(());
        }
        let names = text.strip_prefix(['+', '^']).unwrap_or(text);
        if names.is_empty() {
            return Err("the list is empty".into());
        }
        let all = self.all();
        for name in names.split(',') {
            let fits = |known: &&str| *known == name || (self.takes_patterns() && pattern::fits(known, name));
            if !all.iter().any(&fits) && !ELSEWHERE.iter().any(fits) {
                return Err(format!("\"{name}\" is no algorithm of this kind"));
            }
        }
        if !text.starts_with(['+', '^']) && self.assemble(Some(text)).is_empty() {
            return Err(format!("\"{names}\": none of these is supported"));
        }
        Ok(())
    }

    /// The list that a checked value makes; None stands for the usual one.
    pub(super) fn assemble(self, text: Option<&str>) -> String {
        let usual = self.usual();
        let Some(text) = text else { return usual.join(",") };
        let chosen = |names: &str| -> Vec<&'static str> {
            let all = self.all();
            names.split(',').flat_map(|name| all.clone().into_iter().filter(move |a| pattern::fits(a, name))).collect()
        };
        let wanted = match (text.chars().next(), text.get(1..)) {
            (Some('-'), Some(names)) => usual.into_iter().filter(|name| !pattern::fits_list(name, names)).collect(),
            (Some('+'), Some(names)) => [usual, chosen(names)].concat(),
            (Some('^'), Some(names)) => [chosen(names), usual].concat(),
            _ => chosen(text),
        };
        let mut once: Vec<&str> = Vec::new();
        for name in wanted {
            if !once.contains(&name) {
                once.push(name);
            }
        }
        once.join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        let list = List::Ciphers;
        assert_eq!(list.assemble(Some("aes128-ctr,aes256-ctr,aes128-ctr")), "aes128-ctr,aes256-ctr");
        assert!(list.assemble(Some("+aes128-cbc")).ends_with(",aes128-cbc"));
        assert!(list.assemble(Some("^aes128-ctr")).starts_with("aes128-ctr,"));
        assert!(!list.assemble(Some("-*gcm*")).contains("gcm"));
        assert!(List::HostKeys.assemble(Some("ecdsa-*")).starts_with("ecdsa-sha2-nistp256,"));
        assert_eq!(List::Macs.assemble(Some("umac-64@openssh.com,hmac-sha2-256")), "hmac-sha2-256");
    }

    #[test]
    fn names_nobody_knows_are_refused() {
        assert!(List::Ciphers.check("aes128-ctr").is_ok());
        assert!(List::Ciphers.check("-nonsense").is_ok());
        assert!(List::Ciphers.check("aes128-ctr,nonsense").unwrap_err().contains("nonsense"));
        assert!(List::Ciphers.check("aes128-*").is_err());
        assert!(List::HostKeys.check("ecdsa-*").is_ok());
        assert!(List::Macs.check("umac-64@openssh.com").is_err());
        assert!(List::Macs.check("+umac-64@openssh.com").is_ok());
        assert!(List::Macs.check("").is_err());
    }
}
