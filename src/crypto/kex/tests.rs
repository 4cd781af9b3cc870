use crate::crypto::registry::{default_names, find, KexFlow, KexInfo, KEXES};
use crate::error::ErrorKind;
use num_bigint::BigUint;

fn method(name: &str) -> &'static KexInfo {
    find(KEXES, name).unwrap()
}

fn start_fails(kex: &KexInfo, server_public: &[u8]) {
    let error = (kex.start)().unwrap().finish(server_public).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::KexFailed, "{}", kex.name);
}

fn respond_fails(kex: &KexInfo, client_public: &[u8]) {
    let error = (kex.respond)(client_public).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::KexFailed, "{}", kex.name);
}

#[test]
fn both_ends_of_every_method_agree() {
    for kex in KEXES {
        if kex.flow == KexFlow::GroupExchange {
            assert_eq!((kex.start)().err().unwrap().kind(), ErrorKind::InvalidState);
            assert_eq!((kex.respond)(&[2]).err().unwrap().kind(), ErrorKind::InvalidState);
            continue;
        }
        let client = (kex.start)().unwrap();
        let server = (kex.respond)(client.public()).unwrap();
        let secret = client.finish(&server.public).unwrap();
        assert_eq!(*secret, *server.secret, "{}", kex.name);
        assert!(secret.iter().any(|&b| b != 0));
    }
}

#[test]
fn wrong_lengths_are_refused() {
    for kex in KEXES.iter().filter(|kex| kex.flow == KexFlow::Octets) {
        let client = (kex.start)().unwrap();
        let server = (kex.respond)(client.public()).unwrap();
        let public = client.public();
        for bad in [&[][..], &public[1..], &public[..public.len() - 1], &[public, &[0]].concat()] {
            respond_fails(kex, bad);
        }
        let public = &server.public;
        for bad in [&[][..], &public[1..], &public[..public.len() - 1], &[public, &[0][..]].concat()] {
            start_fails(kex, bad);
        }
    }
}

/// Points of small order, whose multiples by a clamped scalar are zero, and encodings of them beyond the prime.
fn small_order_points() -> Vec<[u8; 32]> {
    let p = (BigUint::from(1u32) << 255u32) - 19u32;
    let order_8 = [
        "39382357235489614581723060781553021112529911719440698176882885853963445705823",
        "325606250916557431795983626356110631294008115727848805560023387167927233504",
    ];
    let mut points = vec![BigUint::default(), BigUint::from(1u32), &p - 1u32, p.clone(), &p + 1u32];
    points.extend(order_8.iter().map(|text| BigUint::parse_bytes(text.as_bytes(), 10).unwrap()));
    points
        .iter()
        .flat_map(|point| [point.clone(), point | (BigUint::from(1u32) << 255u32)])
        .map(|point| {
            let mut bytes = point.to_bytes_le();
            bytes.resize(32, 0);
            bytes.try_into().unwrap()
        })
        .collect()
}

#[test]
fn x25519_refuses_an_all_zero_secret() {
    for point in small_order_points() {
        for name in ["curve25519-sha256", "curve25519-sha256@libssh.org"] {
            start_fails(method(name), &point);
            respond_fails(method(name), &point);
        }
        for name in ["mlkem768x25519-sha256", "sntrup761x25519-sha512"] {
            let kex = method(name);
            let client = (kex.start)().unwrap();
            let mut init = client.public().to_vec();
            let at = init.len() - 32;
            let mut reply = (kex.respond)(&init).unwrap().public;
            init[at..].copy_from_slice(&point);
            respond_fails(kex, &init);
            let at = reply.len() - 32;
            reply[at..].copy_from_slice(&point);
            assert_eq!(client.finish(&reply).unwrap_err().kind(), ErrorKind::KexFailed);
        }
    }
}

/// X25519 written from RFC 7748 section 5, to compare ring with; not constant-time.
fn x25519(scalar: [u8; 32], point: [u8; 32]) -> [u8; 32] {
    let p = &((BigUint::from(1u32) << 255u32) - 19u32);
    let mut scalar = scalar;
    scalar[0] &= 248;
    scalar[31] = scalar[31] & 127 | 64;
    let mut point = point;
    point[31] &= 127;
    let (k, x1) = (BigUint::from_bytes_le(&scalar), BigUint::from_bytes_le(&point) % p);
    let sub = |a: &BigUint, b: &BigUint| (a + p - b) % p;
    let (mut x2, mut z2) = (BigUint::from(1u32), BigUint::default());
    let (mut x3, mut z3) = (x1.clone(), BigUint::from(1u32));
    for bit in (0..255).rev() {
        let swap = k.bit(bit);
        if swap {
            (x2, x3, z2, z3) = (x3, x2, z3, z2);
        }
        let (a, b) = ((&x2 + &z2) % p, sub(&x2, &z2));
        let (aa, bb) = (&a * &a % p, &b * &b % p);
        let e = sub(&aa, &bb);
        let (c, d) = ((&x3 + &z3) % p, sub(&x3, &z3));
        let (da, cb) = (&d * &a % p, &c * &b % p);
        let (sum, difference) = ((&da + &cb) % p, sub(&da, &cb));
        x3 = &sum * &sum % p;
        z3 = &x1 * (&difference * &difference % p) % p;
        x2 = &aa * &bb % p;
        z2 = &e * ((&aa + 121_665u32 * &e) % p) % p;
        if swap {
            (x2, x3, z2, z3) = (x3, x2, z3, z2);
        }
    }
    let mut bytes = (x2 * z2.modpow(&(p - 2u32), p) % p).to_bytes_le();
    bytes.resize(32, 0);
    bytes.try_into().unwrap()
}

fn bytes(hex: &str) -> [u8; 32] {
    let number = BigUint::parse_bytes(hex.as_bytes(), 16).unwrap().to_bytes_be();
    number.try_into().unwrap()
}

/// RFC 7748 section 5.2's value proves the comparison; the comparison proves the method.
#[test]
fn x25519_is_rfc_7748s() {
    let out = x25519(
        bytes("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
        bytes("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"),
    );
    assert_eq!(out, bytes("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"));
    let alice = [0x5a; 32];
    let mut base = [0; 32];
    base[0] = 9;
    let kex = method("curve25519-sha256");
    let server = (kex.respond)(&x25519(alice, base)).unwrap();
    assert_eq!(server.secret.as_slice(), x25519(alice, server.public.clone().try_into().unwrap()));
    let client = (kex.start)().unwrap();
    let public = client.public().to_vec().try_into().unwrap();
    // Bit 255 of the peer's value is to be ignored (RFC 7748 section 5).
    let mut ours = x25519(alice, base);
    ours[31] |= 0x80;
    assert_eq!(client.finish(&ours).unwrap().as_slice(), x25519(alice, public));
}

#[test]
fn points_off_the_curve_are_refused() {
    for name in ["ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521"] {
        let kex = method(name);
        let good = (kex.start)().unwrap().public().to_vec();
        let mut off = good.clone();
        *off.last_mut().unwrap() ^= 1;
        let compressed = [&[2 | (good[good.len() - 1] & 1)][..], &good[1..=good.len() / 2]].concat();
        let zero = [&[4][..], &vec![0; good.len() - 1]].concat();
        for bad in [off, compressed, zero, vec![0], vec![0xff; good.len()]] {
            start_fails(kex, &bad);
            respond_fails(kex, &bad);
        }
    }
}

/// FIPS 203 section 7.2: a coefficient of q or more must be refused.
#[test]
fn an_unreduced_ml_kem_key_is_refused() {
    let kex = method("mlkem768x25519-sha256");
    let mut init = (kex.start)().unwrap().public().to_vec();
    // The first coefficient is 12 bits, little-endian; q is 3329 = 0xd01.
    init[0] = 0x01;
    init[1] = init[1] & 0xf0 | 0x0d;
    respond_fails(kex, &init);
    init[0] = 0x00;
    assert!((kex.respond)(&init).is_ok());
}

#[test]
fn a_wrong_ciphertext_gives_another_secret_not_an_error() {
    for name in ["mlkem768x25519-sha256", "sntrup761x25519-sha512"] {
        let kex = method(name);
        let client = (kex.start)().unwrap();
        let mut server = (kex.respond)(client.public()).unwrap();
        server.public[100] ^= 1;
        assert_ne!(*client.finish(&server.public).unwrap(), *server.secret);
    }
}

#[test]
fn the_default_order() {
    assert_eq!(
        default_names(KEXES),
        [
            "mlkem768x25519-sha256",
            "sntrup761x25519-sha512",
            "sntrup761x25519-sha512@openssh.com",
            "curve25519-sha256",
            "curve25519-sha256@libssh.org",
            "ecdh-sha2-nistp256",
            "ecdh-sha2-nistp384",
            "ecdh-sha2-nistp521",
            "diffie-hellman-group-exchange-sha256",
            "diffie-hellman-group16-sha512",
            "diffie-hellman-group18-sha512",
            "diffie-hellman-group14-sha256",
        ]
    );
}
