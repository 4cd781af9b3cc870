use super::*;
use crate::crypto::hostkey::PrivateKey;

const NOW: u64 = 1_700_000_000;

fn key() -> PublicKey {
    PrivateKey::generate_ed25519().unwrap().public().clone()
}

fn keys(text: &str) -> AuthorizedKeys {
    let mut keys = AuthorizedKeys::default();
    keys.permit_environment(["*".to_owned()]);
    keys.add(text.as_bytes(), "file");
    keys
}

fn ask<'a>(key: &'a PublicKey) -> Request<'a> {
    Request { user: "user", key, cert: None, address: "127.0.0.1", host: None, now: NOW }
}

/// What a line with these options permits.
fn with(options: &str) -> Result<Permissions> {
    let key = key();
    keys(&format!("{options} {}\n", key.to_line("c"))).check(&ask(&key))
}

#[test]
fn a_plain_line_permits_everything() {
    let key = key();
    let text = format!("# comment\r\n\n  \t{}\r\n", key.to_line("my key # 1"));
    let found = keys(&text).check(&ask(&key)).unwrap();
    assert_eq!(found, Permissions { file: "file".to_owned(), line: 3, ..Permissions::all() });
    assert_eq!(keys("").check(&ask(&key)).unwrap_err().kind(), ErrorKind::KeyNotAuthorized);
}

#[test]
fn flags() {
    let p = with("restrict").unwrap();
    assert!(!p.pty && !p.agent_forwarding && !p.x11_forwarding && !p.port_forwarding && !p.user_rc && p.restricted);
    let p = with("restrict,PTY,Agent-Forwarding,x11-forwarding,port-forwarding,user-rc").unwrap();
    assert!(p.pty && p.agent_forwarding && p.x11_forwarding && p.port_forwarding && p.user_rc);
    let p = with("pty,restrict").unwrap();
    assert!(!p.pty);
    let p = with("no-pty,no-agent-forwarding,no-X11-forwarding,no-port-forwarding,no-user-rc").unwrap();
    assert!(!p.pty && !p.agent_forwarding && !p.x11_forwarding && !p.port_forwarding && !p.user_rc && !p.restricted);
    let p = with("no-touch-required,verify-required").unwrap();
    assert!(!p.touch_required && p.verify_required);
    let p = with("no-touch-required,touch-required,verify-required,no-verify-required").unwrap();
    assert!(p.touch_required && !p.verify_required);
}

#[test]
fn values() {
    let p = with(r#"command="echo \"a b\", \\n 'c'",environment="A=1",environment="A=2",environment="B_2==""#).unwrap();
    assert_eq!(p.command.unwrap(), br#"echo "a b", \\n 'c'"#);
    assert_eq!(p.environment, [("A".to_owned(), b"1".to_vec()), ("B_2".to_owned(), b"=".to_vec())]);
    let p = with(r#"permitopen="h:80",permitopen="[::1]:*",permitlisten="8080",permitlisten="localhost:1",tunnel="3""#);
    let p = p.unwrap();
    let show = |list: &[crate::engine::PermitTarget]| {
        list.iter().map(|p| format!("{} {:?}", p.host, p.port)).collect::<Vec<_>>()
    };
    assert_eq!(show(&p.permit_open), ["h Some(80)", "::1 None"]);
    assert_eq!(show(&p.permit_listen), ["* Some(8080)", "localhost Some(1)"]);
    assert_eq!(p.tunnel.as_deref(), Some("3"));
}

#[test]
fn what_cannot_be_read_admits_nobody_and_is_told() {
    for (options, reason) in [
        ("nonsense", "unknown option \"nonsense\""),
        ("no-restrict", "unknown option"),
        ("ptyx", "unknown option"),
        ("pty=\"x\"", "unknown option"),
        ("command=x", "not in double quotes"),
        ("command=\"x", "not closed"),
        ("command=\"x\"y", "unknown option"),
        ("command=\"a\",command=\"a\"", "given twice"),
        ("from=\"a\",from=\"b\"", "given twice"),
        ("environment=\"A\"", "NAME=value"),
        ("environment=\"A-B=1\"", "NAME=value"),
        ("environment=\"=1\"", "NAME=value"),
        ("permitopen=\"80\"", "host:port"),
        ("permitopen=\"h:0\"", "host:port"),
        ("permitopen=\"h:65536\"", "host:port"),
        ("permitopen=\"::1:80\"", "host:port"),
        ("permitlisten=\"x\"", "host:port"),
        ("expiry-time=\"2020\"", "YYYYMMDD"),
        ("expiry-time=\"19700101Z\"", "YYYYMMDD"),
        ("tunnel=\"x\"", "tunnel"),
    ] {
        let key = key();
        let keys = keys(&format!("{options} {}\n{}\n", key.to_line(""), key.to_line("")));
        let reasons: Vec<_> = keys.rejected().iter().map(|r| r.reason.as_str()).collect();
        assert!(reasons.len() == 1 && reasons[0].contains(reason), "{options}: {reasons:?}");
        assert_eq!(keys.check(&ask(&key)).unwrap().line, 2, "{options}");
    }
}

#[test]
fn odd_lines() {
    let key = key();
    let line = key.to_line("");
    let (name, blob) = line.split_once(' ').unwrap();
    for (text, admitted) in [
        (format!("{name}\t{blob}"), true),
        (format!(",no-pty,, {line}"), true),
        (format!("no-pty, {line}"), true),
        (format!("no-pty \t {name} \t {blob}\tx"), true),
        (format!("no-pty , {line}"), false),
        (format!("{name} {blob}x"), false),
        (format!("ssh-rsa {blob}"), false),
        (name.to_owned(), false),
        (format!("#{line}"), false),
        (format!("{name}-cert-v01@openssh.com {blob}"), false),
        (format!("cert-authority {line}"), false),
        (format!("principals=\"user\" {line}"), false),
        (format!("{line}\0"), false),
        (format!("\u{feff}{line}"), false),
    ] {
        assert_eq!(keys(&text).check(&ask(&key)).is_ok(), admitted, "{text:?}");
    }
}

#[test]
fn the_first_line_that_admits_counts() {
    let key = key();
    let line = key.to_line("");
    let keys = keys(&format!("from=\"10.*\",no-pty {line}\nexpiry-time=\"20200101Z\" {line}\nno-pty {line}\n{line}\n"));
    let found = keys.check(&ask(&key)).unwrap();
    assert_eq!((found.line, found.pty), (3, false));
    let from_ten = Request { address: "10.0.0.1", ..ask(&key) };
    assert_eq!(keys.check(&from_ten).unwrap().line, 1);
}

#[test]
fn refusals_name_the_line() {
    for (options, reason) in
        [("from=\"10.0.0.0/8\"", "from="), ("from=\"10.0.0.1/8\"", "from="), ("expiry-time=\"20200101Z\"", "expired")]
    {
        let error = with(options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::KeyNotAuthorized);
        assert!(error.text().contains("file:1") && error.text().contains(reason), "{}", error.text());
    }
    assert!(with("expiry-time=\"20990101Z\"").is_ok());
    assert!(with("expiry-time=\"20990101Z\",expiry-time=\"20200101\"").is_err());
}

#[test]
fn variables_need_a_permission_of_the_servers() {
    let key = key();
    let mut keys = AuthorizedKeys::default();
    keys.add(format!("environment=\"LANG=x\",environment=\"LD_PRELOAD=y\" {}", key.to_line("")).as_bytes(), "f");
    assert!(keys.check(&ask(&key)).unwrap().environment.is_empty());
    keys.permit_environment(["LANG".to_owned(), "LC_*".to_owned()]);
    assert_eq!(keys.check(&ask(&key)).unwrap().environment, [("LANG".to_owned(), b"x".to_vec())]);
}

mod certificates {
    use super::*;
    use crate::crypto::cert::{CertOption, CertSpec};

    struct Made {
        authority: PublicKey,
        cert: Certificate,
    }

    fn make(principals: &[&str], critical_options: &[CertOption], extensions: &[&str]) -> Made {
        let authority = PrivateKey::generate_ed25519().unwrap();
        let extensions: Vec<_> = extensions.iter().map(|name| CertOption::flag(name)).collect();
        let spec = CertSpec {
            kind: CertKind::User,
            serial: 7,
            key_id: "id",
            principals,
            valid_after: NOW - 10,
            valid_before: NOW + 10,
            critical_options,
            extensions: &extensions,
            algorithm: None,
        };
        let cert = Certificate::issue(&authority, &key(), &spec).unwrap();
        Made { authority: authority.public().clone(), cert }
    }

    fn by_line(made: &Made, options: &str) -> Result<Permissions> {
        keys(&format!("{options} {}", made.authority.to_line(""))).check(&request(made))
    }

    fn request(made: &Made) -> Request<'_> {
        Request { cert: Some(&made.cert), ..ask(made.cert.key()) }
    }

    fn trusting(made: &Made) -> AuthorizedKeys {
        let mut keys = AuthorizedKeys::default();
        keys.add_authority(made.authority.clone(), Place { file: "cas".into(), line: 3 });
        keys
    }

    fn kind<T: std::fmt::Debug>(result: Result<T>) -> ErrorKind {
        result.unwrap_err().kind()
    }

    #[test]
    fn an_authority_in_the_users_file() {
        let made = make(&["user", "other"], &[], &["permit-pty", "permit-port-forwarding"]);
        let found = by_line(&made, "cert-authority,no-pty").unwrap();
        assert!(!found.pty && found.port_forwarding && !found.agent_forwarding);
        assert_eq!((found.certificate, found.line), (Some(("id".to_owned(), 7)), 1));
        assert_eq!(kind(by_line(&made, "no-pty")), ErrorKind::CertUntrusted);
        assert!(by_line(&made, "cert-authority,principals=\"x,other\"").is_ok());
        assert_eq!(kind(by_line(&made, "cert-authority,principals=\"x,,other\"")), ErrorKind::CertWrongPrincipal);
        assert_eq!(kind(by_line(&made, "cert-authority,from=\"10.*\"")), ErrorKind::KeyNotAuthorized);
        // The certified key itself is not listed by its authority's line.
        let line = keys(&format!("cert-authority {}", made.authority.to_line("")));
        assert_eq!(kind(line.check(&ask(&made.authority))), ErrorKind::KeyNotAuthorized);
        assert_eq!(kind(line.check(&Request { user: "third", ..request(&made) })), ErrorKind::CertWrongPrincipal);
        assert_eq!(kind(line.check(&Request { now: NOW + 10, ..request(&made) })), ErrorKind::CertExpired);
    }

    #[test]
    fn commands_of_both() {
        let made = make(&["user"], &[CertOption::with_value("force-command", b"c")], &[]);
        assert_eq!(by_line(&made, "cert-authority").unwrap().command.unwrap(), b"c");
        assert!(by_line(&made, "cert-authority,command=\"c\"").is_ok());
        assert_eq!(kind(by_line(&made, "cert-authority,command=\"d\"")), ErrorKind::KeyNotAuthorized);
    }

    #[test]
    fn a_trusted_authority() {
        let made = make(&["user"], &[], &["permit-pty"]);
        let mut keys = trusting(&made);
        let found = keys.check(&request(&made)).unwrap();
        assert!(found.pty && !found.port_forwarding);
        assert_eq!((found.file.as_str(), found.line), ("cas", 3));
        assert_eq!(kind(keys.check(&Request { user: "other", ..request(&made) })), ErrorKind::CertWrongPrincipal);
        keys.add_principals(b"# none\nsomebody\n", "p");
        assert_eq!(kind(keys.check(&request(&made))), ErrorKind::CertWrongPrincipal);
        keys.add_principals(b"no-pty,command=\"a b\" user # comment\n", "p");
        // The user's own name is not asked for then.
        let found = keys.check(&Request { user: "other", ..request(&made) }).unwrap();
        assert!(!found.pty);
        assert_eq!((found.command.as_deref(), found.file.as_str(), found.line), (Some(&b"a b"[..]), "p", 1));
    }

    #[test]
    fn addresses() {
        let made = make(&["user"], &[CertOption::with_value("source-address", b"127.0.0.0/8")], &[]);
        let keys = trusting(&made);
        assert!(keys.check(&request(&made)).is_ok());
        for address in ["10.0.0.1", "::1", "UNKNOWN"] {
            let request = Request { address, ..request(&made) };
            assert_eq!(kind(keys.check(&request)), ErrorKind::CertSourceAddress, "{address}");
        }
    }

    #[test]
    fn what_is_revoked() {
        let made = make(&["user"], &[], &[]);
        for revoked in [&made.authority, made.cert.key()] {
            let mut keys = trusting(&made);
            keys.add(made.cert.key().to_line("").as_bytes(), "f");
            assert!(keys.check(&ask(made.cert.key())).is_ok() && keys.check(&request(&made)).is_ok());
            keys.add_krl(Arc::new(Krl::parse(format!("{}\n", revoked.to_line("")).as_bytes()).unwrap()));
            assert_eq!(kind(keys.check(&request(&made))), ErrorKind::CertRevoked);
            let plain = keys.check(&ask(made.cert.key()));
            assert_eq!(plain.is_ok(), revoked == &made.authority);
        }
    }
}

#[test]
fn after_a_revocation_list_that_cannot_be_read_nobody_is_admitted() {
    let key = key();
    let mut keys = keys(&key.to_line("c"));
    keys.check(&ask(&key)).unwrap();
    assert_eq!(keys.load_krl("/nonexistent/krl").unwrap_err().kind(), ErrorKind::File);
    keys.put_krl("other", Krl::parse(b"")).unwrap();
    let error = keys.check(&ask(&key)).unwrap_err();
    assert_eq!(
        (error.kind(), error.text()),
        (ErrorKind::File, "the revocation list /nonexistent/krl could not be read")
    );
    keys.put_krl("/nonexistent/krl", Krl::parse(b"")).unwrap();
    keys.check(&ask(&key)).unwrap();
}
