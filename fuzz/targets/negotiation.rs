//! Negotiation over two KEXINITs: both ends come to the same choice, and it is the client's first that the server has.

use super::input::Input;
use crate::crypto::registry::{all_names, Row, CIPHERS, COMPRESSIONS, KEXES, MACS, SIGNATURES};
use crate::proto::config::Preferences;
use crate::proto::negotiate::{build, guess_is_wrong, pick, Negotiated, PeerMarks};
use crate::proto::phase::Role;
use crate::wire::msg_kex::KexInit;
use crate::wire::Writer;

/// Names that are in no table, or only look as if.
const STRANGE: &[&str] = &["ext-info-c", "kex-strict-s-v00@openssh.com", "none", "a", "curve25519", "AES128-CTR"];

fn names<T: Row>(input: &mut Input<'_>, table: &'static [T]) -> Vec<&'static str> {
    let known = all_names(table);
    (0..input.u8() % 8)
        .map(|_| match input.u8() {
            strange if strange >= 240 => STRANGE[usize::from(strange - 240) % STRANGE.len()],
            n => known[usize::from(n) % known.len()],
        })
        .collect()
}

/// A KEXINIT body: raw bytes, lists chosen from the tables, or as the library itself builds it.
fn kexinit(input: &mut Input<'_>, role: Role) -> Vec<u8> {
    match input.u8() % 3 {
        0 => input.bytes().to_vec(),
        1 => {
            let mut out = Vec::new();
            let mut w = Writer::new(&mut out);
            w.raw(&[7; 16]).name_list(names(input, KEXES)).name_list(names(input, SIGNATURES));
            w.name_list(names(input, CIPHERS)).name_list(names(input, CIPHERS));
            w.name_list(names(input, MACS)).name_list(names(input, MACS));
            w.name_list(names(input, COMPRESSIONS)).name_list(names(input, COMPRESSIONS));
            w.string(input.bytes()).string("").bool(input.bool()).u32(0);
            out
        }
        _ => {
            let prefs =
                Preferences { kex: names(input, KEXES), cipher_c2s: names(input, CIPHERS), ..Preferences::default() };
            build(&prefs, role, [1; 16], input.bool(), input.bool()).split_off(1)
        }
    }
}

fn chosen(n: &Negotiated) -> Vec<&'static str> {
    let mut names = vec![n.kex.name, n.host_key.name];
    for side in [&n.c2s, &n.s2c] {
        assert_eq!(side.mac.is_none(), side.cipher.aead);
        names.extend([side.cipher.name, side.mac.map_or("", |m| m.name), side.compression.name]);
    }
    names
}

/// Two KEXINITs: the client's and the server's.
pub(super) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let (client, server) = (kexinit(&mut input, Role::Client), kexinit(&mut input, Role::Server));
    let (Ok(client), Ok(server)) = (KexInit::parse(&client), KexInit::parse(&server)) else { return };
    let _ = (PeerMarks::of(&client, Role::Client), PeerMarks::of(&server, Role::Server));
    let _ = (guess_is_wrong(&client, &server), guess_is_wrong(&server, &client));

    let strict = input.bool();
    let at_client = pick(&client, &server, Role::Client, strict);
    let at_server = pick(&server, &client, Role::Server, strict);
    match (at_client, at_server) {
        (Ok(a), Ok(b)) => {
            assert_eq!(chosen(&a), chosen(&b));
            assert!(client.kex.contains(a.kex.name) && server.kex.contains(a.kex.name));
            assert!(client.host_key.contains(a.host_key.name) && server.host_key.contains(a.host_key.name));
            assert!(client.cipher_c2s.contains(a.c2s.cipher.name) && server.cipher_c2s.contains(a.c2s.cipher.name));
            assert!(client.cipher_s2c.contains(a.s2c.cipher.name) && server.cipher_s2c.contains(a.s2c.cipher.name));
        }
        (Err(a), Err(b)) => assert_eq!(a.kind(), b.kind()),
        (a, b) => panic!("the ends disagree: {:?}, {:?}", a.err(), b.err()),
    }
}
