use super::*;
use crate::crypto::hostkey::{Curve, PrivateKey};

fn key() -> PublicKey {
    PrivateKey::generate_ed25519().unwrap().public().clone()
}

fn hosts(lines: &[String]) -> KnownHosts {
    KnownHosts::parse(lines.join("\n").as_bytes(), "file")
}

fn is_match(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Match { .. })
}

fn changed(line: usize) -> Verdict {
    Verdict::Changed { file: "file".into(), line }
}

#[test]
fn plain_names_lists_and_ports() {
    let key = key();
    let line = key.to_line("a comment");
    let known = hosts(&[format!("Host.example,192.0.2.1,[other]:2222 {line}")]);
    assert!(is_match(&known.check("host.EXAMPLE", 22, &key)));
    assert!(is_match(&known.check("192.0.2.1", 22, &key)));
    assert!(is_match(&known.check("other", 2222, &key)));
    assert_eq!(known.check("other", 22, &key), Verdict::Unknown);
    assert_eq!(known.check("host", 22, &key), Verdict::Unknown);
    // As OpenSSH does: a key listed without a port will do where nothing is listed with it.
    assert!(is_match(&known.check("host.example", 2222, &key)));
    assert_eq!(known.check("host.example", 2222, &self::key()), Verdict::Unknown);
    assert_eq!(known.check("other", 2222, &self::key()), changed(1));
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
    assert!(is_match(&known.check("host", 22, &old)));
    assert!(is_match(&known.check("host", 22, &ecdsa)));
    assert_eq!(known.known_for("host", 22).key_types, ["ecdsa-sha2-nistp256", "ssh-ed25519"]);
    assert_eq!(known.known_for("elsewhere", 22).key_types, [""; 0]);
}

#[test]
fn patterns_and_negation() {
    let key = key();
    let known = hosts(&[format!("*.example,!bad.example {}", key.to_line(""))]);
    assert!(is_match(&known.check("good.example", 22, &key)));
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
    assert_eq!(known.known_for("elsewhere", 22).key_types, [""; 0]);
}

/// Lines made by `ssh-keygen -H` of OpenSSH 9.2 from the names `host.example` and `[host.example]:2222`.
#[test]
fn hashed_names() {
    let known = KnownHosts::parse(include_bytes!("../../tests/vectors/known_hosts/hashed"), "file");
    let line = include_str!("../../tests/vectors/keys/ed25519.pub");
    let (key, _) = PublicKey::parse_line(line).unwrap();
    assert_eq!(known.entries.len(), 2);
    assert!(is_match(&known.check("Host.example", 22, &key)));
    assert!(is_match(&known.check("host.example", 2222, &key)));
    assert_eq!(known.check("host.example", 2222, &self::key()), changed(2));
    assert_eq!(known.check("host", 22, &key), Verdict::Unknown);
}

#[test]
fn bad_lines_take_nothing_with_them() {
    let key = key();
    let good = format!("host {}", key.to_line(""));
    for cut in 0..good.len() - 1 {
        let known = hosts(&[good[..cut].to_owned(), good.clone(), good[cut..].to_owned()]);
        assert!(is_match(&known.check("host", 22, &key)), "{cut}");
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
    assert!(is_match(&known.check("host", 22, &one)));
    assert!(is_match(&known.check("::1", 2222, &two)));
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

fn dir(name: &str) -> std::path::PathBuf {
    let dir = std::env::temp_dir().join(format!("sshrs-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

#[test]
fn changes_leave_everything_else_as_it_is() {
    let (one, two) = (key(), key());
    let (one_line, two_line) = (one.to_line("a comment"), two.to_line(""));
    let noise = "# comment\n\n  \nbroken\n@unheard-of x y z\nb\u{e9} ssh-new AAAA\n".as_bytes();
    let marked = format!("@revoked host {two_line}\n@cert-authority host {two_line}\n");
    let ours = format!("Host,other {one_line}\r\nhost {two_line}\n*.example {two_line}");
    let text = [noise, b"\xff\xfe\n", marked.as_bytes(), ours.as_bytes()].concat();
    let gone = edit::remove(&text, "host", None);
    assert_eq!((gone.removed, gone.unreadable), (vec![10, 11], vec![4, 5, 6, 7]));
    let tail = format!("*.example {two_line}\n");
    assert_eq!(gone.text, [noise, b"\xff\xfe\n", marked.as_bytes(), tail.as_bytes()].concat());
    assert_eq!(edit::remove(&text, "host", Some(&one)).removed, [10]);
    let hashed = edit::hash(&text);
    assert_eq!(hashed.hashed, 3);
    let known = KnownHosts::parse(&hashed.text, "file");
    for name in ["host", "other"] {
        assert!(is_match(&known.check(name, 22, &one)), "{name}");
        let entry = known.entries_for(Some((name, 22))).find(|e| e.marker() == Marker::None).unwrap();
        assert!(entry.text().starts_with(b"|1|") && entry.comment() == b"a comment");
    }
    assert!(hashed.text.starts_with(noise) && hashed.text.ends_with(tail.as_bytes()));
    // Nothing to do, nothing done.
    assert!(!edit::hash(&hashed.text).is_change() && !edit::remove(&text, "absent", None).is_change());
}

#[test]
fn a_file_is_changed_behind_its_link_and_keeps_its_mode() {
    use std::os::unix::fs::{symlink, PermissionsExt};
    let dir = dir("known-hosts-change");
    let (real, link) = (dir.join("real"), dir.join("link"));
    let key = key();
    std::fs::write(&real, format!("host {0}\nother {0}\n", key.to_line(""))).unwrap();
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real", &link).unwrap();
    assert_eq!(KnownHosts::remove(&link, "host", 22, None, true).unwrap().removed, [1]);
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(std::fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(KnownHosts::hash(&link, true).unwrap().hashed, 1);
    std::fs::write(&real, "broken\n").unwrap();
    let error = KnownHosts::hash(&link, true).unwrap_err();
    assert!(error.kind() == ErrorKind::File && error.text().contains("line 1"), "{error}");
    assert!(KnownHosts::remove(dir.join("absent"), "host", 22, None, false).is_err());
    // Editors at once lose nothing.
    let workers: Vec<_> = (0..4)
        .map(|worker| {
            let link = link.clone();
            std::thread::spawn(move || {
                for i in 0..10 {
                    KnownHosts::add(&link, &format!("w{worker}-{i}"), 22, &self::key(), false).unwrap();
                    KnownHosts::remove(&link, &format!("w{worker}-{}", i / 2), 22, None, false).unwrap();
                }
            })
        })
        .collect();
    workers.into_iter().for_each(|worker| worker.join().unwrap());
    let known = KnownHosts::load(&link).unwrap();
    assert_eq!(known.entries.len(), 20);
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 2, "temporary files are gone");
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn a_server_that_changes_its_keys_is_followed() {
    let dir = dir("known-hosts-update");
    let path = dir.join("known_hosts");
    let (now, next, last) = (key(), key(), key());
    let start = format!("# mine\nhost {}\nhost {}\n", now.to_line("kept"), last.to_line(""));
    let update = |text: &str, keys: &[&PublicKey]| {
        std::fs::write(&path, text).unwrap();
        let known = KnownHosts::load(&path).unwrap();
        known.update(&path, "HOST", 22, keys, &now, false).unwrap()
    };
    let Update::Done(edited) = update(&start, &[&now, &next]) else { panic!() };
    assert_eq!((edited.removed, edited.added), (vec![3], 1));
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, format!("# mine\nhost {}\nhost {}\n", now.to_line("kept"), next.to_line("")));
    assert!(matches!(update(&text, &[&now, &next]), Update::Done(edited) if !edited.is_change()));
    for (text, why) in [
        (format!("host {}\n", last.to_line("")), "not listed"),
        (format!("{start}@revoked host {}\n", last.to_line("")), "marker"),
        (format!("{start}h* {}\n", now.to_line("")), "more than this host"),
        (format!("a,b,host {}\n", now.to_line("")), "more than this host"),
        (format!("{start}other {}\n", next.to_line("")), "another name"),
        (format!("{start}other {}\n", last.to_line("")), "another name"),
    ] {
        let Update::Left(reason) = update(&text, &[&now, &next]) else { panic!("{text}") };
        assert!(reason.contains(why), "{reason}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn certificates_of_hosts() {
    use crate::crypto::cert::{CertKind, CertSpec, Certificate};
    let (ca, host_key) = (PrivateKey::generate_ed25519().unwrap(), key());
    let (ca_line, key_line) = (ca.public().to_line(""), host_key.to_line(""));
    let cert = |kind: CertKind, principals: &[&str]| {
        let spec = CertSpec {
            kind,
            serial: 1,
            key_id: "id",
            principals,
            valid_after: 100,
            valid_before: 200,
            critical_options: &[],
            extensions: &[],
            algorithm: None,
        };
        Certificate::issue(&ca, &host_key, &spec).unwrap()
    };
    let good = cert(CertKind::Host, &["host.example"]);
    let listed = format!("@cert-authority *.example {ca_line}");
    let check = |lines: &[&str], port: u16, cert: &Certificate, now: u64| {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        hosts(&lines).check_cert("Host.example", port, cert, now)
    };
    let by_authority = check(&[&listed], 22, &good, 150);
    assert!(is_match(&by_authority.verdict) && by_authority.refused.is_none());
    // A line without a port is for every port, where none has one.
    assert!(is_match(&check(&[&listed], 2222, &good, 150).verdict));
    let elsewhere = format!("@cert-authority [*.example]:2222 {}", key().to_line(""));
    assert_eq!(check(&[&listed, &elsewhere], 2222, &good, 150).verdict, Verdict::Unknown);
    // What does not count leaves the plain key.
    for (lines, cert, now, kind) in [
        (vec![listed.as_str()], &good, 200, ErrorKind::CertExpired),
        (vec![&listed], &good, 99, ErrorKind::CertNotYetValid),
        (vec![&listed], &cert(CertKind::User, &["host.example"]), 150, ErrorKind::CertWrongKind),
        (vec![&listed], &cert(CertKind::Host, &["other"]), 150, ErrorKind::CertWrongPrincipal),
        (vec![], &good, 150, ErrorKind::HostKeyUnknown),
    ] {
        let found = check(&lines, 22, cert, now);
        assert_eq!((found.verdict, found.refused.unwrap().kind()), (Verdict::Unknown, kind));
        let plain = format!("host.example {key_line}");
        let found = check(&[lines.as_slice(), &[&plain]].concat(), 22, cert, now);
        assert!(is_match(&found.verdict) && found.refused.is_some());
    }
    for revoked in [&ca_line, &key_line] {
        let mark = format!("@revoked host.example {revoked}");
        for port in [22, 2222] {
            let found = check(&[&listed, &format!("* {key_line}"), &mark], port, &good, 150);
            assert_eq!(found.verdict, Verdict::Revoked { file: "file".into(), line: 3 });
        }
    }
    // The authority's key is no host's key, and makes it no less unknown.
    let known = hosts(&[listed]);
    assert_eq!(known.check("host.example", 22, ca.public()), Verdict::Unknown);
    assert!(known.known_for("host.example", 2222).has_authority);
}

#[test]
fn added_lines_know_their_place() {
    let path = std::env::temp_dir().join(format!("sshrs-places-{}", std::process::id()));
    std::fs::write(&path, "# comment\n\n# no end").unwrap();
    let (one, two) = (key(), key());
    let file: Arc<str> = path.to_string_lossy().into();
    let mut known = KnownHosts::default();
    known.append(KnownHosts::add(&path, "a", 22, &one, true).unwrap());
    known.append(KnownHosts::add(&path, "b", 22, &two, false).unwrap());
    let text = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let reread = KnownHosts::parse(&text, &file);
    for (host, key, line) in [("a", &one, 4), ("b", &two, 5)] {
        let place = Verdict::Match { file: file.clone(), line };
        assert_eq!((known.check(host, 22, key), reread.check(host, 22, key)), (place.clone(), place));
        assert!(known.lists(&file, host, 22, key) && !known.lists(MEMORY, host, 22, key));
    }
    assert!(!known.lists(&file, "a", 2222, &one) && !known.lists(&file, "a", 22, &two));
    for (host, key) in [("c", &one), ("d", &two), ("c", &one)] {
        known.insert(host, 22, key).unwrap();
    }
    assert_eq!(known.check("d", 22, &two), Verdict::Match { file: MEMORY.into(), line: 2 });
    assert_eq!(known.entries_for(None).count(), 4);
}

#[test]
fn after_a_revocation_list_that_cannot_be_read_every_key_is_revoked() {
    let key = PrivateKey::generate_ed25519().unwrap().public().clone();
    let mut hosts = KnownHosts::parse(format!("host {}", key.to_line("")).as_bytes(), "file");
    let path = "/nonexistent/krl";
    assert_eq!(hosts.put_revoked(path, KnownHosts::load_revoked(path)).unwrap_err().kind(), ErrorKind::File);
    assert_eq!(hosts.check("host", 22, &key), Verdict::Revoked { file: path.into(), line: 0 });
    hosts.put_revoked(path, Krl::parse(b"")).unwrap();
    assert_eq!(hosts.check("host", 22, &key), Verdict::Match { file: "file".into(), line: 1 });
}
