//! Keys whose private half is held elsewhere.

use super::*;

/// Signs with a key here, as whoever holds a key elsewhere would, or otherwise.
struct Holder(PrivateKey, fn(&PrivateKey, &str, &[u8]) -> crate::error::Result<Vec<u8>>);

impl Signer for Holder {
    fn sign(&self, algorithm: &str, data: &[u8]) -> crate::error::Result<Vec<u8>> {
        (self.1)(&self.0, algorithm, data)
    }
}

#[test]
fn a_key_that_is_held_elsewhere_signs_and_is_not_written() {
    for key in keys() {
        let held = Arc::new(Holder(key.clone(), |key, algorithm, data| key.sign(algorithm, data)));
        let outer = PrivateKey::external(key.public().clone(), held);
        assert!(outer.is_external() && !key.is_external());
        for algorithm in key.public().signature_algorithms() {
            let blob = outer.sign(algorithm, b"data").unwrap();
            key.public().verify(algorithm, b"data", &blob).unwrap();
        }
        assert_eq!(outer.sign("none", b"data").unwrap_err().kind(), ErrorKind::InvalidArgument);
        let written = crate::crypto::keyfile::write_openssh(&outer, "", None);
        assert_eq!(written.unwrap_err().kind(), ErrorKind::KeyNotExportable);
    }
}

#[test]
fn what_a_holder_gives_is_verified_before_it_leaves() {
    type Sign = fn(&PrivateKey, &str, &[u8]) -> crate::error::Result<Vec<u8>>;
    let wrong: &[(Sign, ErrorKind)] = &[
        (|key, algorithm, _| key.sign(algorithm, b"other data"), ErrorKind::SignerFault),
        (|key, _, data| key.sign("rsa-sha2-256", data), ErrorKind::SignerFault),
        (|_, _, _| Ok(Vec::new()), ErrorKind::SignerFault),
        (|_, _, _| Err(ErrorKind::SignRefused.into()), ErrorKind::SignRefused),
    ];
    let key = keys().into_iter().find(|key| key.public().key_type() == "ssh-rsa").unwrap();
    for (sign, kind) in wrong {
        let outer = PrivateKey::external(key.public().clone(), Arc::new(Holder(key.clone(), *sign)));
        assert_eq!(outer.sign("rsa-sha2-512", b"data").unwrap_err().kind(), *kind);
    }
}
