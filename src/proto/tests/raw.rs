//! A peer made of raw packets, before keys exist: guessed packets, degenerate values, messages out of order.

use super::pair::{host_key, Pair};
use crate::error::ErrorKind;
use crate::proto::config::{Config, Preferences};
use crate::proto::negotiate;
use crate::proto::phase::Role;
use crate::wire::msg_kex::{KexDhGexGroup, KexDhGexRequest, KexDhInit, KexEcdhInit, KexEcdhReply};
use crate::wire::numbers;

/// An unprotected packet (RFC 4253 section 6).
fn packet(payload: &[u8]) -> Vec<u8> {
    let padding = 4 + (8 - (5 + payload.len() + 4) % 8) % 8;
    let length = u32::try_from(1 + payload.len() + padding).unwrap();
    [&length.to_be_bytes()[..], &[u8::try_from(padding).unwrap()], payload, &vec![0; padding]].concat()
}

/// A KEXINIT that offers one method, with `first_kex_packet_follows` as said and without markers.
fn kexinit(kex: &'static str, follows: bool, role: Role) -> Vec<u8> {
    let mut prefs = Preferences { kex: vec![kex], ..Preferences::default() };
    if role == Role::Server {
        prefs.host_key = vec!["ssh-ed25519"];
    }
    let mut init = negotiate::build(&prefs, role, [7; 16], false, true);
    let flag = init.len() - 5;
    init[flag] = u8::from(follows);
    init
}

/// A server core that got an identification and these payloads from a raw client.
fn server_after(payloads: &[Vec<u8>]) -> Pair {
    let mut pair = Pair::new(Config::default(), Config::default(), 3);
    pair.start();
    pair.server.inbox.extend(b"SSH-2.0-raw\r\n");
    for payload in payloads {
        pair.server.inbox.extend(packet(payload));
    }
    pair.server.pump(pair.now);
    pair
}

/// A client core likewise.
fn client_after(payloads: &[Vec<u8>]) -> Pair {
    let mut pair = Pair::new(Config::default(), Config::default(), 3);
    pair.start();
    pair.client.inbox.extend(b"welcome\r\nSSH-2.0-raw\r\n");
    for payload in payloads {
        pair.client.inbox.extend(packet(payload));
    }
    pair.client.pump(pair.now);
    pair
}

const X25519: &str = "curve25519-sha256";

#[test]
fn a_wrong_guess_is_dropped_and_a_right_one_used() {
    let good = KexEcdhInit::new(&[9; 32]).to_vec();
    // The server's first method is another one: the guess is wrong, whatever follows it first is dropped.
    let wrong_guess = KexEcdhInit::new(b"for some other method").to_vec();
    let mut pair = server_after(&[kexinit(X25519, true, Role::Client), wrong_guess, good.clone()]);
    assert_eq!(pair.server.error(), None);
    let sent: Vec<u8> = pair.server.wire.drain(..).collect();
    assert!(sent.windows(6).any(|w| w[1..] == packet(&[numbers::NEWKEYS])[..5] || w[5] == numbers::NEWKEYS));
    // Without the flag nothing is dropped.
    let pair = server_after(&[kexinit(X25519, false, Role::Client), good]);
    assert_eq!(pair.server.error(), None);
}

#[test]
fn degenerate_values_from_a_client_are_refused_and_the_rule_is_named() {
    let order_8: Vec<u8> = {
        // A point of order 8 on Curve25519 (RFC 7748 section 6.1 asks for the all-zero check it leads to).
        let hex = "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800";
        (0..32).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect()
    };
    let off_curve = [&[4][..], &[1; 64]].concat();
    let p14_minus_1 = {
        let group = crate::crypto::kex::groups::group14().p().to_vec();
        let mut p = group;
        *p.last_mut().unwrap() -= 1;
        p
    };
    for (kex, init) in [
        (X25519, KexEcdhInit::new(&[0; 32]).to_vec()),
        (X25519, KexEcdhInit::new(&order_8).to_vec()),
        (X25519, KexEcdhInit::new(&[9; 31]).to_vec()),
        ("ecdh-sha2-nistp256", KexEcdhInit::new(&off_curve).to_vec()),
        ("ecdh-sha2-nistp256", KexEcdhInit::new(&[0]).to_vec()),
        ("mlkem768x25519-sha256", KexEcdhInit::new(&[0; 100]).to_vec()),
        ("mlkem768x25519-sha256", KexEcdhInit::new(&[0xff; 1216]).to_vec()),
        ("sntrup761x25519-sha512", KexEcdhInit::new(&[0; 1190]).to_vec()),
        ("diffie-hellman-group14-sha256", KexDhInit::new(&[]).to_vec()),
        ("diffie-hellman-group14-sha256", KexDhInit::new(&[1]).to_vec()),
        ("diffie-hellman-group14-sha256", KexDhInit::new(&p14_minus_1).to_vec()),
    ] {
        let pair = server_after(&[kexinit(kex, false, Role::Client), init]);
        assert_eq!(pair.server.error(), Some(ErrorKind::KexFailed), "{kex}");
        assert!(!pair.server.conn.error().unwrap().text().is_empty());
    }
}

#[test]
fn degenerate_values_from_a_server_are_refused() {
    let key = host_key();
    for public in [vec![0; 32], vec![9; 33]] {
        let reply = KexEcdhReply::new(key.public().blob(), &public, b"unchecked").to_vec();
        let pair = client_after(&[kexinit(X25519, false, Role::Server), reply]);
        assert_eq!(pair.client.error(), Some(ErrorKind::KexFailed));
    }
    // A good value with a signature that is none.
    let reply = KexEcdhReply::new(key.public().blob(), &[9; 32], b"").to_vec();
    let pair = client_after(&[kexinit(X25519, false, Role::Server), reply]);
    assert_eq!(pair.client.error(), Some(ErrorKind::HostKeySignature));
    // Small, even and composite groups.
    for p in [vec![0xff; 128], vec![0xfe; 256], [&[0xff; 255][..], &[0xfd]].concat()] {
        let group = KexDhGexGroup::new(&p, &[2]).to_vec();
        let pair = client_after(&[kexinit("diffie-hellman-group-exchange-sha256", false, Role::Server), group]);
        assert_eq!(pair.client.error(), Some(ErrorKind::KexFailed), "{} bytes", p.len());
    }
}

#[test]
fn the_exchange_is_a_line() {
    let init = kexinit(X25519, false, Role::Client);
    let good = KexEcdhInit::new(&[9; 32]).to_vec();
    let newkeys = vec![numbers::NEWKEYS];
    let gex = KexDhGexRequest::new(2048, 3072, 8192).to_vec();
    for (what, payloads) in [
        ("NEWKEYS first", vec![newkeys.clone()]),
        ("NEWKEYS before INIT", vec![init.clone(), newkeys.clone()]),
        ("INIT before KEXINIT", vec![good.clone()]),
        ("two KEXINITs", vec![init.clone(), init.clone()]),
        ("two INITs", vec![init.clone(), good.clone(), good.clone()]),
        ("a request of another method", vec![init.clone(), gex]),
        ("two NEWKEYS", vec![init.clone(), good.clone(), newkeys.clone(), newkeys.clone()]),
    ] {
        let pair = server_after(&payloads);
        assert!(pair.server.error().is_some(), "{what}");
        assert!(!pair.server.conn.is_authenticated());
    }
    // The line itself is accepted.
    assert_eq!(server_after(&[init, good, newkeys]).server.error(), None);
}
