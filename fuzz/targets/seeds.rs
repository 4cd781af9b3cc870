//! Writes the first inputs of a corpus, from real messages and keys: `scripts/fuzz.sh seeds`.

use super::core::host_key;
use super::{forge, messages, TARGETS};
use crate::agent::message::{Request, Response};
use crate::agent::Constraints;
use crate::crypto::compress::Deflater;
use crate::crypto::registry::{CIPHERS, MACS};
use crate::proto::config::Preferences;
use crate::proto::hostkeys::announcement;
use crate::proto::negotiate::build;
use crate::proto::phase::Role;
use std::fs;
use std::path::Path;

fn write(target: &str, name: &str, data: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("seed-{name}")), data).unwrap();
}

/// Steps that forge the message at each place of the list, fields small.
fn forged(numbers: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for number in numbers {
        let at = forge::USUAL.iter().position(|n| n == number).unwrap();
        out.extend([1, u8::try_from(at).unwrap()]);
        out.extend([1, 1, 0, 4, b'a', b'b', b'c', b'd']);
    }
    out
}

#[test]
#[ignore = "writes into the source tree; scripts/fuzz.sh seeds runs it"]
fn write_seeds() {
    let kexinit = build(&Preferences::default(), Role::Server, [3; 16], true, true);
    for (target, _) in TARGETS {
        write(target, "empty", b"\0");
    }
    core_seeds(&kexinit);
    agent_seeds();
    for selector in 0..messages::PARSERS {
        let selector = u8::try_from(selector).unwrap();
        let fields = [0, 0, 0, 1, b'x', 0, 0, 0, 2, b'a', b'b', 0, 0, 0, 0, 1];
        write("messages", &format!("{selector:02}"), &[&[selector], &fields[..]].concat());
        write("messages", &format!("{selector:02}-zeros"), &[&[selector], &[0; 20][..]].concat());
    }
    let x11 = u8::try_from(messages::PARSERS - 2).unwrap();
    for order in [b"l\0\x0b\0\0\0\x12\0\x10\0\0\0", b"B\0\0\x0b\0\0\0\x12\0\x10\0\0"] {
        let name = format!("x11-{}", char::from(order[0]));
        write("messages", &name, &[&[x11, 16], &order[..], b"MIT-MAGIC-COOKIE-1\0\0", &[b'x'; 16]].concat());
    }
    write("messages", "kexinit", &[&[9], &kexinit[1..]].concat());
    write("negotiation", "built", &[2, 2, 1, 2, 1, 0, 1, 1, 2, 2, 1, 2, 1, 0, 1, 1]);
    write("negotiation", "lists", &[[1, 2, 0, 3, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 0, 0]; 2].concat());
    let length = u8::try_from(kexinit.len().min(254)).unwrap();
    write("negotiation", "raw", &[&[0, 255, 4, length], &kexinit[1..], &[0, 255, 4, length], &kexinit[1..]].concat());
    for (i, cipher) in CIPHERS.iter().enumerate() {
        for j in 0..if cipher.aead { 1 } else { MACS.len() } {
            let head = [u8::try_from(i).unwrap(), u8::try_from(j).unwrap(), 0, 3, 200];
            let packets = [4, 5, 94, 1, 2, 3, 4, 0, 5, 2, 2, 2, 3, 6, 1, 20, 0, 1, 2, 94, 9, 0, 17, 1];
            write("packet_in", &format!("{}-{j}", cipher.name.replace('@', "-")), &[&head[..], &packets].concat());
        }
    }
    file_seeds();
    cert_seeds();
    let key = announcement(&[host_key()]);
    write("hostkeys", "announced", &[&[0], &key[..]].concat());
    write("hostkeys", "unknown", &[&[0], &key[..], &[0, 0, 0, 1, b'x'][..]].concat());
    write("hostkeys", "proof", &[&[1, 0, 0, 0, 83, 0, 0, 0, 11], &b"ssh-ed25519\0\0\0\x40"[..], &[7; 64]].concat());
    write("hostkeys", "asked", &[&[2], &key[..]].concat());
    for (name, text) in [
        ("openssh", &b"SSH-2.0-OpenSSH_9.9\r\n"[..]),
        ("banner", b"hello\r\nthere\nSSH-1.99-x y\n"),
        ("http", b"HTTP/1.1 400 Bad\r\n\r\n"),
    ] {
        let mut packet = text.to_vec();
        let padding = 8 - (kexinit.len() + 5) % 8 + 8;
        packet.extend(u32::try_from(kexinit.len() + padding + 1).unwrap().to_be_bytes());
        packet.push(u8::try_from(padding).unwrap());
        packet.extend(&kexinit);
        packet.resize(packet.len() + padding, 0);
        for role in [0, 1] {
            write("ident", &format!("{name}-{role}"), &[&[role, 3], &packet[..]].concat());
        }
    }
    let mut packed = Vec::new();
    Deflater::new().compress(&[b"a payload, a payload, a payload"], &mut packed).unwrap();
    write("inflater", "one", &[&[2, 0, u8::try_from(packed.len()).unwrap()], &packed[..]].concat());
    write("inflater", "round", b"\x04\x01\x09a payload\x3f\x04more\x02");
}

fn core_seeds(kexinit: &[u8]) {
    let raw = |payload: &[u8]| [&[0, 255], &u16::try_from(payload.len()).unwrap().to_be_bytes()[..], payload].concat();
    for start in 0..3 {
        for target in ["client_preauth", "server_preauth"] {
            let head = [start, 0];
            write(target, &format!("{start}-kexinit"), &[&head[..], &raw(kexinit), &[12, 14, 1, 12]].concat());
            write(target, &format!("{start}-auth"), &[&head[..], &forged(&[5, 6, 7, 53, 50, 51, 60, 61, 52])].concat());
            write(target, &format!("{start}-early"), &[&head[..], &forged(&[80, 90, 94, 1])].concat());
        }
    }
    // The client asks (7: command), the server answers by what is forged, or honestly (12).
    for method in 0..5 {
        let ask = [7, 1, 0, method, 3, b'a', b'b', b'c', 2, b'k', b'k'];
        for (name, answer) in [("60", forged(&[6, 53, 60, 52])), ("51", forged(&[6, 51, 52])), ("honest", vec![12, 12])]
        {
            write(
                "client_preauth",
                &format!("ask{method}-{name}"),
                &[&[0, 0], &ask[..], &answer, &[9, 0, 0, 9, 2, 1, b'x', 6, 20]].concat(),
            );
        }
        let request =
            [1, forge::USUAL.iter().position(|&n| n == 50).unwrap() as u8, method, 0, 0, 0, 3, b'a', b'b', b'c'];
        for verdict in 0..6 {
            let steps =
                [&[0, 0], &forged(&[5])[..], &request, &[9, verdict, 0, 0], &request, &[9, verdict, 1, 1, b'p', 6, 18]]
                    .concat();
            write("server_preauth", &format!("ask{method}-{verdict}"), &steps);
        }
    }
    let channel: &[u8] = &[90, 91, 94, 95, 93, 98, 99, 100, 96, 97];
    for (target, open) in
        [("client_postauth", [7, 0, 100, 0, 2, b'a', b'b', 100]), ("server_postauth", [7, 1, 0, 100, 0, 0, 100, 12])]
    {
        write(target, "opens", &[&[0], &open[..], &[12], &forged(channel)].concat());
        write(
            target,
            "opened",
            &[&[0], &forged(&[90, 90])[..], &[9, 0, 100, 100, 9, 0, 100, 100], &forged(channel)].concat(),
        );
        write(
            target,
            "globals",
            &[&[0], &forged(&[80, 80, 81, 82])[..], &[10, 3, 0, 0], &[7, 2, 10, 1, 0, 0]].concat(),
        );
        write(target, "rekeys", &[&[0], &open[..], &[14, 0, 12], &forged(&[94, 192]), &[14, 1, 12, 6, 22]].concat());
        write(target, "stall", &[&[0, 13, 1], &open[..], &forged(&[192, 192, 80, 98]), &[13, 0, 12]].concat());
    }
}

/// Options of authorized_keys.
const AUTHORIZED: &[(&str, &str)] = &[
    ("flags", "restrict,pty,no-touch-required,verify-required,agent-forwarding"),
    ("command", r#"command="echo \"a\" b",environment="A=1",environment="B=2""#),
    (
        "places",
        r#"permitopen="[::1]:80",permitopen="h:*",permitlisten="localhost:8080",permitlisten="81",tunnel="any""#,
    ),
    ("from", r#"from="10.0.0.0/8,!10.1.0.0/16,*.example.org,fe80::/10",expiry-time="20300101T""#),
    ("time", r#"expiry-time="20300101123000Z",expiry-time="20310101",from="*""#),
];

fn file_seeds() {
    let public = host_key().public().clone();
    write("public_key", "line", &[b"\x01", public.to_line("comment").as_bytes()].concat());
    write("public_key", "file", &[b"\0# a comment\n", public.to_line("").as_bytes()].concat());
    write("public_key", "blob", &[b"\x02", public.blob()].concat());
    write(
        "moduli",
        "file",
        b"\0\x08\0\x0c\0\x20\0# Time Type Tests Tries Size Generator Modulus\n20240101000000 2 6 100 2047 2 F1F2\n",
    );
    for (name, options) in AUTHORIZED {
        let head = [0, 0, 0, u8::try_from(options.len()).unwrap()];
        let rest = b"# more\ncert-authority,principals=\"a,b\" ssh-ed25519 AAAA\nrestrict user\n";
        write("authorized_keys", name, &[&head[..], options.as_bytes(), rest].concat());
    }
    write("moduli", "group", &[1, 8, 255, 255, 255, 255, 255, 255, 255, 197, 1, 2]);
}

/// Each request and answer, and all requests in one stream.
fn agent_seeds() {
    let key = host_key();
    let blob = key.public().blob().to_vec();
    let constraints = Constraints { lifetime: Some(60), confirm: true, ..Constraints::default() };
    let plain = Constraints::default();
    let requests = [
        ("list", Request::List),
        ("sign", Request::Sign { key: &blob, data: b"data", flags: 4 }),
        ("add", Request::Add { key: key.clone(), comment: "me".into(), constraints: plain }),
        ("add-constrained", Request::Add { key: key.clone(), comment: "me".into(), constraints }),
        ("remove", Request::Remove(&blob)),
        ("remove-all", Request::RemoveAll),
        ("lock", Request::Lock(b"word")),
        ("unlock", Request::Unlock(b"word")),
        ("query", Request::Extension { name: "query", data: b"" }),
    ];
    let mut stream = vec![2];
    for (name, request) in requests {
        let bytes = request.encode().unwrap();
        write("agent", name, &[b"\0", &bytes[4..]].concat());
        stream.extend_from_slice(&bytes);
    }
    write("agent", "stream", &stream);
    let signature = key.sign("ssh-ed25519", b"data").unwrap();
    for (name, answer) in [
        ("failure", Response::Failure),
        ("success", Response::Success(Vec::new())),
        ("identities", Response::Identities(vec![(blob, "me".into())])),
        ("signature", Response::Signature(signature)),
        ("extension", Response::Extension("query".into(), b"\0\0\0\x05query".to_vec())),
    ] {
        write("agent", name, &[b"\x01", &answer.encode()[4..]].concat());
    }
}

/// The vectors, and their parts: a certificate without its authority's key and signature, a list without its header.
fn cert_seeds() {
    use crate::crypto::cert::Certificate;
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    for name in ["ed25519", "ecdsa_521", "options", "host", "sk_ecdsa"] {
        let line = fs::read_to_string(vectors.join(format!("certs/{name}-cert.pub"))).unwrap();
        let cert = Certificate::parse_line(&line).unwrap().0;
        write("certificate", &format!("{name}-line"), &[b"\x01", line.as_bytes()].concat());
        write("certificate", &format!("{name}-blob"), &[b"\0", cert.blob()].concat());
        let authority = cert.signature_key().blob();
        let at = cert.blob().windows(authority.len()).rposition(|part| part == authority).unwrap() - 4;
        write("certificate", &format!("{name}-body"), &[b"\x02", &cert.blob()[..at]].concat());
    }
    for name in ["serials", "any_authority", "explicit", "hashes", "certs", "text"] {
        let list = fs::read(vectors.join("krls").join(name)).unwrap();
        write("krl", name, &[b"\0", &list[..]].concat());
        if name != "text" {
            write("krl", &format!("{name}-sections"), &[b"\x01", &list[44..]].concat());
        }
    }
    write("krl", "addresses", b"\x02192.0.2.0/24,2001:db8::/32,::1,10.0.0.1");
}
