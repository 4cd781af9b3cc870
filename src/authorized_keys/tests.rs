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
