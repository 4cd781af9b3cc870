//! Certificates and key revocation lists.

use super::core::host_key;
use super::input::Input;
use crate::crypto::cert::{address_matches, CertCheck, CertKind, CertOption, CertSpec, Certificate};
use crate::crypto::krl::Krl;
use crate::wire::Writer;

/// A byte tells what follows: a blob, a line, or what stands in front of the authority's key, which is then added and
/// signed, so that more than the signature is tried.
pub(super) fn certificate(data: &[u8]) {
    let mut input = Input::new(data);
    let parsed = match input.u8() % 3 {
        0 => Certificate::parse(input.rest()),
        1 => Certificate::parse_line(&String::from_utf8_lossy(input.rest())).map(|(cert, _)| cert),
        _ => Certificate::parse(&signed(input.rest())),
    };
    let Ok(cert) = parsed else { return };
    let (again, comment) = Certificate::parse_line(&cert.to_line("a comment")).expect("what was written reads");
    assert!(again == cert && comment == "a comment");
    assert_eq!(Certificate::parse(cert.blob()).expect("parsed before").key(), cert.key());
    let check = CertCheck {
        no_principals_is_any: true,
        peer: Some([192, 0, 2, 1].into()),
        ..CertCheck::new(cert.kind(), cert.valid_after())
    };
    if cert.check(&check).is_ok() {
        let known = ["force-command", "source-address", "verify-required"];
        let critical = cert.critical_options();
        assert!(critical.iter().all(|option| cert.kind() == CertKind::User && known.contains(&option.name.as_str())));
        let other = if cert.kind() == CertKind::User { CertKind::Host } else { CertKind::User };
        assert!(cert.check(&CertCheck { kind: other, ..check.clone() }).is_err());
        assert!(cert.check(&CertCheck { now: cert.valid_before(), ..check }).is_err());
    }
    issued(&cert);
}

/// The body, the authority's key and its signature.
pub(super) fn signed(body: &[u8]) -> Vec<u8> {
    let ca = host_key();
    let mut blob = body.to_vec();
    Writer::new(&mut blob).string(ca.public().blob());
    let signature = ca.sign("ssh-ed25519", &blob).expect("the test key signs");
    Writer::new(&mut blob).string(signature);
    blob
}

/// What can be parsed can be issued, unless it breaks a rule that only whoever issues must keep.
fn issued(cert: &Certificate) {
    let principals: Vec<&str> = cert.principals().iter().map(String::as_str).collect();
    let spec = CertSpec {
        kind: cert.kind(),
        serial: cert.serial(),
        key_id: cert.key_id(),
        principals: &principals,
        valid_after: cert.valid_after(),
        valid_before: cert.valid_before(),
        critical_options: cert.critical_options(),
        extensions: cert.extensions(),
        algorithm: None,
    };
    let Ok(ours) = Certificate::issue(&host_key(), cert.key(), &spec) else { return };
    let sorted = |options: &[CertOption]| {
        let mut options = options.to_vec();
        options.sort_by(|a, b| a.name.cmp(&b.name));
        options
    };
    assert!(ours.key() == cert.key() && ours.principals() == cert.principals() && ours.key_id() == cert.key_id());
    assert_eq!(ours.critical_options(), sorted(cert.critical_options()));
    assert_eq!(ours.extensions(), sorted(cert.extensions()));
}

/// A certificate with a serial number, for lists to be asked about.
fn numbered(serial: u64) -> Certificate {
    let ca = host_key();
    let spec = CertSpec {
        kind: CertKind::User,
        serial,
        key_id: "id",
        principals: &[],
        valid_after: 0,
        valid_before: u64::MAX,
        critical_options: &[],
        extensions: &[],
        algorithm: None,
    };
    Certificate::issue(&ca, ca.public(), &spec).expect("a certificate that breaks no rule")
}

/// A byte tells whether a list follows, what follows its header, or a list of addresses. A list that is written and read again
/// revokes the same.
pub(super) fn krl(data: &[u8]) {
    let mut input = Input::new(data);
    let parsed = match input.u8() % 3 {
        0 => Krl::parse(input.rest()),
        1 => {
            let mut bytes = b"SSHKRL\n\0".to_vec();
            Writer::new(&mut bytes).u32(1).u64(7).u64(8).u64(0).string("").string("").raw(input.rest());
            Krl::parse(&bytes)
        }
        _ => {
            let list = String::from_utf8_lossy(input.rest()).into_owned();
            let peer = Some([192, 0, 2, 1].into());
            assert_eq!(address_matches(peer, &list).is_ok(), address_matches(None, &list).is_ok());
            return;
        }
    };
    let Ok(krl) = parsed else { return };
    let bytes = krl.to_bytes().expect("what was read is short enough to be written");
    let again = Krl::parse(&bytes).expect("what was written reads");
    assert_eq!(again.to_bytes().expect("written before"), bytes);
    let key = host_key().public().clone();
    assert_eq!(krl.revokes_key(&key), again.revokes_key(&key));
    let revoked_unnumbered = krl.revokes_cert(&numbered(0));
    for serial in [0, 1, 2, 8, 255, 256, 1 << 32, u64::MAX] {
        let cert = numbered(serial);
        assert_eq!(krl.revokes_cert(&cert), again.revokes_cert(&cert), "serial {serial}");
        // What revokes a certificate without a number (by key ID or key) revokes every one of them.
        assert!(!revoked_unnumbered || krl.revokes_cert(&cert));
    }
}
