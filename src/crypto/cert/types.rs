//! The types of certificates: THE table. A new key type is one more row.

/// One type of certificate.
pub(super) struct CertType {
    /// The name its blob begins with.
    pub(super) name: &'static str,
    /// The type of the key it certifies.
    pub(super) key_type: &'static str,
    /// How many strings of the key's blob follow its type name; an mpint is a string as far as this goes.
    pub(super) key_fields: usize,
    /// The algorithm names under which its key signs, most preferred first.
    pub(super) algorithms: &'static [&'static str],
}

/// OpenSSH's PROTOCOL.certkeys, and its PROTOCOL.u2f for the last two.
const TYPES: &[CertType] = &[
    CertType {
        name: "ssh-ed25519-cert-v01@openssh.com",
        key_type: "ssh-ed25519",
        key_fields: 1,
        algorithms: &["ssh-ed25519-cert-v01@openssh.com"],
    },
    CertType {
        name: "ecdsa-sha2-nistp256-cert-v01@openssh.com",
        key_type: "ecdsa-sha2-nistp256",
        key_fields: 2,
        algorithms: &["ecdsa-sha2-nistp256-cert-v01@openssh.com"],
    },
    CertType {
        name: "ecdsa-sha2-nistp384-cert-v01@openssh.com",
        key_type: "ecdsa-sha2-nistp384",
        key_fields: 2,
        algorithms: &["ecdsa-sha2-nistp384-cert-v01@openssh.com"],
    },
    CertType {
        name: "ecdsa-sha2-nistp521-cert-v01@openssh.com",
        key_type: "ecdsa-sha2-nistp521",
        key_fields: 2,
        algorithms: &["ecdsa-sha2-nistp521-cert-v01@openssh.com"],
    },
    CertType {
        name: "ssh-rsa-cert-v01@openssh.com",
        key_type: "ssh-rsa",
        key_fields: 2,
        algorithms: &[
            "rsa-sha2-512-cert-v01@openssh.com",
            "rsa-sha2-256-cert-v01@openssh.com",
            "ssh-rsa-cert-v01@openssh.com",
        ],
    },
    CertType {
        name: "sk-ssh-ed25519-cert-v01@openssh.com",
        key_type: "sk-ssh-ed25519@openssh.com",
        key_fields: 2,
        algorithms: &["sk-ssh-ed25519-cert-v01@openssh.com"],
    },
    CertType {
        name: "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
        key_type: "sk-ecdsa-sha2-nistp256@openssh.com",
        key_fields: 3,
        algorithms: &[
            "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
            "webauthn-sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
        ],
    },
];

/// The algorithm names of certificates with the signature algorithm each stands for: the signature itself always names
/// the latter.
const ALGORITHMS: &[(&str, &str)] = &[
    ("ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519"),
    ("ecdsa-sha2-nistp256-cert-v01@openssh.com", "ecdsa-sha2-nistp256"),
    ("ecdsa-sha2-nistp384-cert-v01@openssh.com", "ecdsa-sha2-nistp384"),
    ("ecdsa-sha2-nistp521-cert-v01@openssh.com", "ecdsa-sha2-nistp521"),
    ("rsa-sha2-512-cert-v01@openssh.com", "rsa-sha2-512"),
    ("rsa-sha2-256-cert-v01@openssh.com", "rsa-sha2-256"),
    ("ssh-rsa-cert-v01@openssh.com", "ssh-rsa"),
    ("sk-ssh-ed25519-cert-v01@openssh.com", "sk-ssh-ed25519@openssh.com"),
    ("sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"),
    ("webauthn-sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "webauthn-sk-ecdsa-sha2-nistp256@openssh.com"),
];

/// The signature algorithm that a certificate's algorithm name stands for: `rsa-sha2-512` for
/// `rsa-sha2-512-cert-v01@openssh.com`. None for any other name.
#[must_use]
pub fn base_algorithm(name: &str) -> Option<&'static str> {
    ALGORITHMS.iter().find(|(algorithm, _)| *algorithm == name).map(|(_, base)| *base)
}

/// Every algorithm name of a certificate.
pub fn algorithm_names() -> impl Iterator<Item = &'static str> {
    ALGORITHMS.iter().map(|(name, _)| *name)
}

/// Whether a key blob's type, or a line's, is that of a certificate.
#[must_use]
pub fn is_cert_type(name: &[u8]) -> bool {
    by_name(name).is_some()
}

pub(super) fn by_name(name: &[u8]) -> Option<&'static CertType> {
    TYPES.iter().find(|row| row.name.as_bytes() == name)
}

pub(super) fn by_key_type(key_type: &str) -> Option<&'static CertType> {
    TYPES.iter().find(|row| row.key_type == key_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_tables_hold_the_same_names() {
        let mut listed: Vec<_> = TYPES.iter().flat_map(|row| row.algorithms).copied().collect();
        let mut known: Vec<_> = algorithm_names().collect();
        listed.sort_unstable();
        known.sort_unstable();
        assert_eq!(listed, known);
        for row in TYPES {
            assert!(base_algorithm(row.name) == Some(row.key_type), "{}", row.name);
            assert!(row.algorithms.contains(&row.name), "{}", row.name);
        }
        assert_eq!(base_algorithm("rsa-sha2-512"), None);
    }
}
