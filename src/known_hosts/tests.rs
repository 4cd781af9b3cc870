use super::*;
use crate::crypto::hostkey::{Curve, PrivateKey};

fn key() -> PublicKey {
    PrivateKey::generate_ed25519().unwrap().public().clone()
}

fn hosts(lines: &[String]) -> KnownHosts {
    KnownHosts::parse(&lines.join("\n"), "file")
}

fn changed(line: usize) -> Verdict {
    Verdict::Changed { file: "file".into(), line }
}

#[test]
fn plain_names_lists_and_ports() {
    let key = key();
    let line = key.to_line("a comment");
    let known = hosts(&[format!("Host.example,192.0.2.1,[other]:2222 {line}")]);
    assert_eq!(known.check("host.EXAMPLE", 22, &key), Verdict::Match);
    assert_eq!(known.check("192.0.2.1", 22, &key), Verdict::Match);
    assert_eq!(known.check("other", 2222, &key), Verdict::Match);
    assert_eq!(known.check("other", 22, &key), Verdict::Unknown);
    assert_eq!(known.check("host.example", 2222, &key), Verdict::Unknown);
    assert_eq!(known.check("host", 22, &key), Verdict::Unknown);
}

#[test]
fn another_key_is_a_change_whatever_its_type() {
    let (old, new) = (key(), key());
    let ecdsa = PrivateKey::generate_ecdsa(Curve::P256).unwrap().public().clone();
    let known = hosts(&["# comment".into(), String::new(), format!("host {}", old.to_line(""))]);
    assert_eq!(known.check("host", 22, &new), changed(3));
    assert_eq!(known.check("host", 22, &ecdsa), changed(3));
    // The line of the same type is the one to show; any listed key is good.
    let known = hosts(&[format!("host {}", ecdsa.to_line("")), format!("host {}", old.to_line(""))]);
    assert_eq!(known.check("host", 22, &new), changed(2));
    assert_eq!(known.check("host", 22, &old), Verdict::Match);
    assert_eq!(known.check("host", 22, &ecdsa), Verdict::Match);
    assert_eq!(known.key_types_for("host", 22), ["ecdsa-sha2-nistp256", "ssh-ed25519"]);
    assert_eq!(known.key_types_for("elsewhere", 22), [""; 0]);
}

#[test]
fn patterns_and_negation() {
    let key = key();
    let known = hosts(&[format!("*.example,!bad.example {}", key.to_line(""))]);
    assert_eq!(known.check("good.example", 22, &key), Verdict::Match);
    assert_eq!(known.check("bad.example", 22, &key), Verdict::Unknown);
    assert_eq!(known.check("example", 22, &key), Verdict::Unknown);
    let known = hosts(&[format!("!bad {}", key.to_line(""))]);
    assert_eq!(known.check("good", 22, &key), Verdict::Unknown);
}

#[test]
fn revoked_keys_and_authorities() {
    let (good, bad) = (key(), key());
    let known = hosts(&[
        format!("host {}", bad.to_line("")),
        format!("@revoked * {}", bad.to_line("")),
        format!("@cert-authority * {}", good.to_line("")),
        format!("@unheard-of * {}", good.to_line("")),
    ]);
    assert_eq!(known.check("host", 22, &bad), Verdict::Revoked { file: "file".into(), line: 2 });
    assert_eq!(known.check("host", 22, &good), changed(1));
    assert_eq!(known.check("elsewhere", 22, &good), Verdict::Unknown);
    assert_eq!(known.key_types_for("elsewhere", 22), [""; 0]);
}

/// Lines made by `ssh-keygen -H` of OpenSSH 9.2 from the names `host.example` and `[host.example]:2222`.
#[test]
fn hashed_names() {
    let known = KnownHosts::parse(include_str!("../../tests/vectors/known_hosts/hashed"), "file");
    let line = include_str!("../../tests/vectors/keys/ed25519.pub");
    let (key, _) = PublicKey::parse_line(line).unwrap();
    assert_eq!(known.entries.len(), 2);
    assert_eq!(known.check("Host.example", 22, &key), Verdict::Match);
    assert_eq!(known.check("host.example", 2222, &key), Verdict::Match);
    assert_eq!(known.check("host.example", 2223, &key), Verdict::Unknown);
    assert_eq!(known.check("host", 22, &key), Verdict::Unknown);
}

#[test]
fn bad_lines_take_nothing_with_them() {
    let key = key();
    let good = format!("host {}", key.to_line(""));
    for cut in 0..good.len() - 1 {
        let known = hosts(&[good[..cut].to_owned(), good.clone(), good[cut..].to_owned()]);
        assert_eq!(known.check("host", 22, &key), Verdict::Match, "{cut}");
    }
}

#[test]
fn lines_are_added_and_read_again() {
    let dir = std::env::temp_dir().join(format!("sshrs-known-hosts-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let path = dir.join("known_hosts");
    let _absent = std::fs::remove_file(&path);
    let (one, two) = (key(), key());
    assert_eq!(KnownHosts::load(&path).unwrap().check("host", 22, &one), Verdict::Unknown);
    KnownHosts::add(&path, "Host", 22, &one, false).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    // An editor left the last line unfinished.
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.trim_end()).unwrap();
    KnownHosts::add(&path, "::1", 2222, &two, true).unwrap();
    let known = KnownHosts::load(&path).unwrap();
    assert_eq!(known.check("host", 22, &one), Verdict::Match);
    assert_eq!(known.check("::1", 2222, &two), Verdict::Match);
    for bad in ["", "*", "a b", "a,b", "!a", "#a", "@revoked", "|1|", "a\nb", "[a]"] {
        assert_eq!(
            KnownHosts::add(&path, bad, 22, &one, false).unwrap_err().kind(),
            ErrorKind::InvalidArgument,
            "{bad}"
        );
    }
    assert_eq!(KnownHosts::load(&dir).unwrap_err().kind(), ErrorKind::File);
    std::fs::remove_dir_all(&dir).unwrap();
}
