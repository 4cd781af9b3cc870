use super::*;
use zeroize::Zeroizing;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn keys() -> Vec<PrivateKey> {
    let mut keys = vec![PrivateKey::generate_ed25519().unwrap(), PrivateKey::generate_rsa(2048).unwrap()];
    keys.extend(Curve::ALL.map(|curve| PrivateKey::generate_ecdsa(curve).unwrap()));
    keys
}

#[test]
fn signatures_verify_and_nothing_else_does() {
    let keys = keys();
    for key in &keys {
        let public = PublicKey::parse(key.public().blob()).unwrap();
        assert_eq!(&public, key.public());
        for algorithm in public.signature_algorithms() {
            let blob = key.sign(algorithm, b"data").unwrap();
            public.verify(algorithm, b"data", &blob).unwrap();
            let kind = |r: Result<()>| r.unwrap_err().kind();
            assert_eq!(kind(public.verify(algorithm, b"date", &blob)), ErrorKind::HostKeySignature);
            assert_eq!(kind(public.verify("ssh-dss", b"data", &blob)), ErrorKind::HostKeySignature);
            for cut in 0..blob.len() {
                assert!(public.verify(algorithm, b"data", &blob[..cut]).is_err());
            }
            let mut flipped = blob.clone();
            *flipped.last_mut().unwrap() ^= 1;
            assert!(public.verify(algorithm, b"data", &flipped).is_err());
            for other in keys.iter().filter(|other| other.public() != &public) {
                assert!(other.public().verify(algorithm, b"data", &blob).is_err());
            }
        }
    }
}

#[test]
fn an_algorithm_of_another_name_or_type_is_refused() {
    let rsa = PrivateKey::generate_rsa(2048).unwrap();
    let blob = rsa.sign("rsa-sha2-256", b"data").unwrap();
    assert!(rsa.public().verify("rsa-sha2-512", b"data", &blob).is_err());
    assert!(rsa.public().verify("ssh-rsa", b"data", &blob).is_err());
    assert_eq!(rsa.sign("ssh-ed25519", b"data").unwrap_err().kind(), ErrorKind::InvalidArgument);
    // A signature of one algorithm under another's name.
    let relabelled = blob.windows(3).position(|w| w == b"256").unwrap();
    let mut blob = blob;
    blob[relabelled..relabelled + 3].copy_from_slice(b"512");
    assert!(rsa.public().verify("rsa-sha2-512", b"data", &blob).is_err());
}

#[test]
fn short_rsa_signatures_are_padded_as_openssh_does() {
    let rsa = PrivateKey::generate_rsa(2048).unwrap();
    // One in 256 signatures starts with a zero byte.
    for n in 0u32.. {
        let data = n.to_be_bytes();
        let blob = rsa.sign("rsa-sha2-256", &data).unwrap();
        let mut r = Reader::new(&blob);
        r.string().unwrap();
        if let [0, short @ ..] = r.string().unwrap() {
            let blob = signature_blob("rsa-sha2-256", short);
            rsa.public().verify("rsa-sha2-256", &data, &blob).unwrap();
            let mut long = vec![0, 0];
            long.extend_from_slice(short);
            let blob = signature_blob("rsa-sha2-256", &long);
            assert!(rsa.public().verify("rsa-sha2-256", &data, &blob).is_err());
            break;
        }
    }
}

/// RFC 8032 section 7.1, TEST 2.
#[test]
fn rfc_8032_test_2() {
    let seed = hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    let key = PrivateKey::from_ed25519_seed(Zeroizing::new(seed.try_into().unwrap())).unwrap();
    let public = hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    assert!(key.public().blob().ends_with(&public));
    let blob = key.sign("ssh-ed25519", &[0x72]).unwrap();
    let expected = hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
         085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
    assert!(blob.ends_with(&expected));
}

fn ecdsa_blob(key_type: &str, curve: &str, point: &[u8]) -> Vec<u8> {
    let mut blob = Vec::new();
    Writer::new(&mut blob).string(key_type).string(curve).string(point);
    blob
}

#[test]
fn points_off_the_curve_do_not_parse() {
    for curve in Curve::ALL {
        let key = PrivateKey::generate_ecdsa(curve).unwrap();
        let blob = key.public().blob();
        let len = 1 + 2 * curve.scalar_len();
        let point = &blob[blob.len() - len..];
        assert!(PublicKey::parse(&ecdsa_blob(curve.key_type(), curve.name(), point)).is_ok());
        let refused = |point: &[u8]| {
            let error = PublicKey::parse(&ecdsa_blob(curve.key_type(), curve.name(), point)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::KeyCorrupt);
        };
        let mut off = point.to_vec();
        off[len - 1] ^= 1;
        refused(&off);
        refused(&[0]);
        refused(&[]);
        refused(&vec![0xff; len]);
        refused(&[&[4][..], &vec![0; len - 1]].concat());
        refused(&[&[2 + (point[len - 1] & 1)][..], &point[1..=curve.scalar_len()]].concat());
        let wrong = ecdsa_blob(curve.key_type(), "nistp999", point);
        assert_eq!(PublicKey::parse(&wrong).unwrap_err().kind(), ErrorKind::KeyCorrupt);
    }
}

fn rsa_blob(e: &[u8], n: &[u8]) -> Vec<u8> {
    let mut blob = Vec::new();
    Writer::new(&mut blob).string("ssh-rsa").mpint(e).mpint(n);
    blob
}

#[test]
fn rsa_bounds() {
    let kind = |e: &[u8], n: &[u8]| PublicKey::parse(&rsa_blob(e, n)).map(|k| k.bits()).map_err(|e| e.kind());
    let n = |bytes: usize| vec![0xff; bytes];
    assert_eq!(kind(&[1, 0, 1], &n(256)), Ok(2048));
    assert_eq!(kind(&[3], &n(2048)), Ok(16384));
    assert_eq!(kind(&[1, 0xff, 0xff, 0xff, 0xff], &n(256)), Ok(2048));
    assert_eq!(kind(&[1, 0, 1], &n(255)), Err(ErrorKind::KeyWeak));
    assert_eq!(kind(&[1, 0, 1], &[]), Err(ErrorKind::KeyWeak));
    assert_eq!(kind(&[1, 0, 1], &n(2049)), Err(ErrorKind::KeyCorrupt));
    assert_eq!(kind(&[], &n(256)), Err(ErrorKind::KeyCorrupt));
    assert_eq!(kind(&[1], &n(256)), Err(ErrorKind::KeyCorrupt));
    assert_eq!(kind(&[4], &n(256)), Err(ErrorKind::KeyCorrupt));
    assert_eq!(kind(&[2, 0, 0, 0, 1], &n(256)), Err(ErrorKind::KeyCorrupt));
    assert_eq!(kind(&n(256), &n(256)), Err(ErrorKind::KeyCorrupt));
    let mut even = n(256);
    even[255] = 0xfe;
    assert_eq!(kind(&[1, 0, 1], &even), Err(ErrorKind::KeyCorrupt));
}

#[test]
fn damaged_blobs_are_errors() {
    for key in keys() {
        let blob = key.public().blob();
        for cut in 0..blob.len() {
            assert!(PublicKey::parse(&blob[..cut]).is_err());
        }
        let longer = [blob, &[0]].concat();
        assert_eq!(PublicKey::parse(&longer).unwrap_err().kind(), ErrorKind::KeyCorrupt);
    }
    let mut unknown = Vec::new();
    Writer::new(&mut unknown).string("ssh-dss");
    assert_eq!(PublicKey::parse(&unknown).unwrap_err().kind(), ErrorKind::KeyUnsupportedType);
    let mut short = Vec::new();
    Writer::new(&mut short).string("ssh-ed25519").string([0; 31]);
    assert_eq!(PublicKey::parse(&short).unwrap_err().kind(), ErrorKind::KeyCorrupt);
}

#[test]
fn lines_go_there_and_back() {
    let key = PrivateKey::generate_ed25519().unwrap();
    let line = key.public().to_line("me@host\nand more");
    assert!(!line.contains('\n'));
    let (parsed, comment) = PublicKey::parse_line(&line).unwrap();
    assert_eq!((&parsed, comment.as_str()), (key.public(), "me@host and more"));
    assert_eq!(PublicKey::parse_line(&key.public().to_line("")).unwrap().1, "");
    for bad in ["", "ssh-ed25519", "ssh-ed25519 !", "ssh-ed25519 AAAA", &line.replace("ssh-ed25519", "ssh-rsa")] {
        assert_eq!(PublicKey::parse_line(bad).unwrap_err().kind(), ErrorKind::KeyCorrupt, "{bad}");
    }
}

#[test]
fn debug_shows_no_secret() {
    let key = PrivateKey::from_ed25519_seed(Zeroizing::new([0x41; 32])).unwrap();
    assert!(!format!("{key:?}").contains("AAAA"));
    assert!(format!("{key:?}").contains("SHA256:"));
}

mod external;
mod sk;
