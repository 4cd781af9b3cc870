//! Key exchange: every method, every cipher, rekeying, guesses, refusals.

use super::pair::{with_cipher, Pair};
use crate::crypto::hostkey::{Curve, PrivateKey};
use crate::crypto::registry::{self, SignatureInfo, CIPHERS, KEXES, MACS, SIGNATURES};
use crate::error::ErrorKind;
use crate::proto::config::Config;
use crate::proto::event::{Event, Stream};

#[test]
fn every_method_agrees() {
    for method in KEXES {
        let mut config = Config::default();
        config.preferences.kex = vec![method.name];
        let pair = Pair::keyed(config.clone(), config);
        assert_eq!(pair.client.conn.session_id(), pair.server.conn.session_id(), "{}", method.name);
        assert_eq!(pair.client.conn.negotiated().unwrap().kex.name, method.name);
        assert!(pair.client.conn.negotiated().unwrap().strict);
    }
}

#[test]
fn every_cipher_and_mac_carries_data() {
    for cipher in CIPHERS {
        for mac in MACS {
            let config = with_cipher(cipher.name, mac.name);
            let mut pair = Pair::open(config.clone(), config);
            let (ours, theirs) = pair.channel();
            assert_eq!(pair.client.conn.send(ours, Stream::Data, b"payload").unwrap(), 7);
            pair.drive();
            assert_eq!(pair.server.read_all(theirs, Stream::Data), b"payload", "{} {}", cipher.name, mac.name);
            if cipher.aead {
                break;
            }
        }
    }
}

#[test]
fn compression_carries_data_in_both_directions() {
    for method in ["zlib", "zlib@openssh.com"] {
        let mut config = Config::default();
        config.preferences.compression_c2s = vec![method];
        config.preferences.compression_s2c = vec![method];
        let mut pair = Pair::open(config.clone(), config);
        let (ours, theirs) = pair.channel();
        for round in 0..3 {
            let data = vec![round; 10_000];
            pair.client.conn.send(ours, Stream::Data, &data).unwrap();
            pair.server.conn.send(theirs, Stream::Data, &data).unwrap();
            pair.drive();
            assert_eq!(pair.server.read_all(theirs, Stream::Data), data, "{method}");
            assert_eq!(pair.client.read_all(ours, Stream::Data), data, "{method}");
            pair.client.conn.rekey(pair.now).unwrap();
            pair.drive();
        }
    }
}

#[test]
fn rekeying_by_either_side_and_by_both_at_once_loses_nothing() {
    for who in 0..3 {
        let mut pair = Pair::open(Config::default(), Config::default());
        let (ours, theirs) = pair.channel();
        let session = pair.client.conn.session_id().unwrap().to_vec();
        pair.client.conn.send(ours, Stream::Data, b"before").unwrap();
        if who != 1 {
            pair.client.conn.rekey(pair.now).unwrap();
        }
        if who != 0 {
            pair.server.conn.rekey(pair.now).unwrap();
        }
        if who != 1 {
            // RFC 4253 section 7.1: no data between our KEXINIT and our NEWKEYS.
            assert_eq!(pair.client.conn.send(ours, Stream::Data, b"during").unwrap(), 0);
        }
        pair.drive();
        let rekeyed = |e: &Event| matches!(e, Event::KexDone { first: false });
        assert!(pair.client.events.iter().any(rekeyed) && pair.server.events.iter().any(rekeyed));
        assert_eq!(pair.client.conn.send(ours, Stream::Data, b" after").unwrap(), 6);
        pair.drive();
        assert_eq!(pair.server.read_all(theirs, Stream::Data), b"before after");
        assert_eq!(pair.client.conn.session_id().unwrap(), session, "the session id is the first exchange hash");
    }
}

#[test]
fn keys_are_changed_after_bytes_packets_and_time() {
    let mut by_bytes = Config::default();
    by_bytes.rekey_bytes = 100_000;
    let mut by_packets = Config::default();
    by_packets.rekey_packets = 20;
    for config in [by_bytes, by_packets] {
        let mut pair = Pair::open(config, Config::default());
        let (ours, theirs) = pair.channel();
        let mut got = 0;
        for _ in 0..40 {
            while pair.client.conn.send(ours, Stream::Data, &[7; 10_000]).unwrap() == 0 {
                pair.drive();
            }
            pair.drive();
            got += pair.server.read_all(theirs, Stream::Data).len();
        }
        let rekeys = pair.client.events.iter().filter(|e| matches!(e, Event::KexDone { first: false })).count();
        assert!(rekeys >= 2, "{rekeys}");
        assert_eq!(got, 400_000);
    }
    let mut pair = Pair::open(Config::default(), Config::default());
    pair.pass(Config::default().rekey_interval);
    pair.drive();
    assert!(pair.client.events.iter().any(|e| matches!(e, Event::KexDone { first: false })));
}

#[test]
fn no_common_algorithm_ends_both_sides_with_both_offers() {
    let mut client = Config::default();
    client.preferences.cipher_s2c = vec!["aes128-ctr"];
    let mut server = Config::default();
    server.preferences.cipher_s2c = vec!["aes256-ctr"];
    let mut pair = Pair::new(client, server, 1);
    pair.start();
    pair.drive();
    assert_eq!(pair.client.error(), Some(ErrorKind::NoCommonCipher));
    let detail = pair.client.conn.error().unwrap().detail().unwrap().clone();
    assert_eq!(detail.mismatch.unwrap().slot, "cipher server to client");
}

#[test]
fn a_stalled_exchange_ends_with_a_timeout() {
    let mut pair = Pair::new(Config::default(), Config::default(), 1);
    pair.client.conn.start(pair.now);
    let bound = pair.client.conn.poll_timeout().unwrap();
    assert!(bound <= pair.now + Config::default().ident_timeout);
    pair.pass(Config::default().ident_timeout);
    assert_eq!(pair.client.error(), Some(ErrorKind::Timeout));
}

#[test]
fn legacy_algorithms_exist_and_are_off_by_default() {
    let prefs = Config::default().preferences;
    for name in ["aes256-cbc", "3des-cbc"] {
        assert!(registry::find(CIPHERS, name).is_some());
        assert!(!prefs.cipher_c2s.contains(&name));
    }
    assert!(registry::find(MACS, "hmac-sha1").is_some() && !prefs.mac_c2s.contains(&"hmac-sha1"));
    assert!(registry::find(KEXES, "diffie-hellman-group14-sha1").is_some());
    assert_eq!(prefs.kex.first(), Some(&"mlkem768x25519-sha256"));
}

#[test]
fn every_host_key_algorithm_is_verified() {
    // Nothing here signs with an authenticator's key.
    let signs_here = |row: &&SignatureInfo| !row.is_certificate() && !row.key_type.starts_with("sk-");
    for algorithm in SIGNATURES.iter().filter(signs_here) {
        let key = match algorithm.key_type {
            "ssh-ed25519" => PrivateKey::generate_ed25519(),
            "ssh-rsa" => PrivateKey::generate_rsa(2048),
            "ecdsa-sha2-nistp256" => PrivateKey::generate_ecdsa(Curve::P256),
            "ecdsa-sha2-nistp384" => PrivateKey::generate_ecdsa(Curve::P384),
            _ => PrivateKey::generate_ecdsa(Curve::P521),
        };
        let mut config = Config::default();
        config.preferences.host_key = vec![algorithm.name];
        let mut pair = Pair::with_keys(config.clone(), config, vec![key.unwrap()], 1);
        pair.start();
        pair.drive();
        assert!(pair.client.conn.is_kex_done(), "{}: {:?}", algorithm.name, pair.client.conn.error());
        assert_eq!(pair.client.conn.negotiated().unwrap().host_key.name, algorithm.name);
        assert_eq!(pair.client.conn.remote_host_key().unwrap().key_type(), algorithm.key_type);
    }
}
