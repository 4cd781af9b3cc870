//! Client authentication against a server of ours.

use super::*;
use crate::crypto::cert::{CertKind, CertSpec, Certificate};
use crate::error::ErrorKind;
use zeroize::Zeroizing;

#[test]
fn password_logs_in_and_both_sides_know_the_user() {
    let pair = Pair::new();
    assert!(!pair.client.is_authenticated());
    assert_eq!(pair.client.username(), None);
    let wrong = pair.client.auth_password("user", b"wrong", true, None, soon()).unwrap_err();
    assert_eq!(wrong.kind(), ErrorKind::AuthFailed);
    assert!(wrong.detail().unwrap().methods.contains(&"publickey".to_owned()));
    assert!(wrong.text().contains("\"password\" for user \"user\"; it accepts: "), "{wrong}");
    let pair = pair.login();
    assert!(pair.client.is_authenticated() && pair.server.is_authenticated());
    assert_eq!(pair.client.username().as_deref(), Some("user"));
    assert_eq!(pair.server.username().as_deref(), Some("user"));
    assert_eq!(pair.client.banner().as_deref(), Some(&b"welcome\n"[..]));
}

#[test]
fn a_key_logs_in() {
    let pair = Pair::new();
    assert_eq!(pair.client.auth_publickey("user", &host_key(), soon()).unwrap().left, Vec::<String>::new());
    assert!(pair.client.is_authenticated());
}

#[test]
fn an_rsa_key_signs_with_what_the_server_lists() {
    let key = PrivateKey::generate_rsa(2048).unwrap();
    let listed = |names: &[&str]| names.iter().map(|&n| n.to_owned()).collect::<Vec<_>>();
    let allowed = ["ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256"];
    let choose = |server: Option<&[String]>| super::super::auth::choose_algorithm(&key, &allowed, server, None);
    assert_eq!(choose(None).unwrap(), "rsa-sha2-512");
    assert_eq!(choose(Some(&listed(&["rsa-sha2-256"]))).unwrap(), "rsa-sha2-256");
    let none = choose(Some(&listed(&["ssh-rsa", "ssh-ed25519"]))).unwrap_err();
    assert_eq!(none.kind(), ErrorKind::AuthNoSignatureAlgorithm);
}

#[test]
fn a_certificate_is_shown_under_a_name_of_its_own() {
    let key = PrivateKey::generate_rsa(2048).unwrap();
    let spec = CertSpec {
        kind: CertKind::User,
        serial: 0,
        key_id: "test",
        principals: &["user"],
        valid_after: 0,
        valid_before: u64::MAX,
        critical_options: &[],
        extensions: &[],
        algorithm: None,
    };
    let key = key.with_certificate(Certificate::issue(&host_key(), key.public(), &spec).unwrap()).unwrap();
    let listed = ["ssh-rsa", "rsa-sha2-256", "ssh-ed25519"].map(str::to_owned);
    let choose = |allowed: &[&'static str], server: Option<&[String]>, ident: &str| {
        super::super::auth::choose_algorithm(&key, allowed, server, Some(ident.as_bytes())).map_err(|e| e.kind())
    };
    let (new, old) = ("SSH-2.0-OpenSSH_9.2p1 Debian-2", "SSH-2.0-OpenSSH_7.7");
    let (both, sha1) = (["rsa-sha2-512", "rsa-sha2-256"], ["rsa-sha2-512", "ssh-rsa"]);
    assert_eq!(choose(&both, None, new), Ok("rsa-sha2-512-cert-v01@openssh.com"));
    assert_eq!(choose(&both, Some(&listed), new), Ok("rsa-sha2-256-cert-v01@openssh.com"));
    let own = ["rsa-sha2-256-cert-v01@openssh.com", "rsa-sha2-512"];
    assert_eq!(choose(&own, None, new), Ok("rsa-sha2-256-cert-v01@openssh.com"));
    assert_eq!(choose(&["ssh-ed25519"], None, new), Err(ErrorKind::AuthNoSignatureAlgorithm));
    assert_eq!(choose(&both, Some(&listed), old), Err(ErrorKind::AuthNoSignatureAlgorithm));
    assert_eq!(choose(&sha1, Some(&listed), old), Ok("ssh-rsa-cert-v01@openssh.com"));
    for ident in ["SSH-2.0-OpenSSH_7.8", "SSH-2.0-OpenSSH_10.0", "SSH-2.0-OpenSSH_for_Windows_7.7", "SSH-2.0-x"] {
        assert_eq!(choose(&sha1, None, ident), Ok("rsa-sha2-512-cert-v01@openssh.com"), "{ident}");
    }
}

#[test]
fn the_password_answers_one_prompt_where_only_prompts_are_allowed() {
    let app = || App { methods: vec!["keyboard-interactive"], gate: None };
    let pair = Pair::with(app(), options(), options());
    let refused = pair.client.auth_password("user", b"secret", false, None, soon()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AuthMethodNotAllowed);
    assert_eq!(refused.detail().unwrap().methods, ["keyboard-interactive"]);
    assert!(refused.text().ends_with("it accepts: keyboard-interactive"), "{refused}");
    let refused = pair.client.auth_password("user", b"wrong", true, None, soon()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AuthMethodNotAllowed, "the original refusal is reported");
    pair.client.auth_password("user", b"secret", true, None, soon()).unwrap();
    assert!(pair.client.is_authenticated());
}

#[test]
fn prompts_reach_the_handler_and_giving_up_leaves_the_session_usable() {
    let pair = Pair::new();
    let refused = pair.client.auth_interactive("user", "", &mut |_| None, soon()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AuthAborted);
    let refused = pair.client.auth_interactive("user", "", &mut |_| Some(Vec::new()), soon()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AuthAborted, "one prompt, no answer");
    let mut seen = Vec::new();
    let mut answer = |prompts: &Prompts| {
        seen.push(prompts.prompts.clone());
        Some(vec![Zeroizing::new(b"secret".to_vec())])
    };
    pair.client.auth_interactive("user", "", &mut answer, soon()).unwrap();
    assert_eq!(seen, [[(b"Password: ".to_vec(), false)]]);
}

#[test]
fn none_lists_the_methods_and_nothing_works_before_the_key_exchange() {
    let pair = Pair::new();
    let refused = pair.client.auth_none("user", soon()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AuthMethodNotAllowed);
    assert_eq!(refused.detail().unwrap().methods.len(), 3);
    let (a, _b) = fds();
    let early = Transport::from_fd(a, options()).unwrap();
    assert_eq!(early.auth_none("user", soon()).unwrap_err().kind(), ErrorKind::InvalidState);
    assert_eq!(early.open_channel("session", b"", None, None, soon()).err().unwrap().kind(), ErrorKind::InvalidState);
}

#[test]
fn event_variants_complete_their_event() {
    let pair = Pair::new();
    let done = Event::new();
    pair.client.auth_password_event("user", b"wrong", false, &done).unwrap();
    assert!(done.wait(soon()));
    assert_eq!(pair.client.take_exception().unwrap().kind(), ErrorKind::AuthFailed);
    assert_eq!(pair.client.take_exception(), None);
    done.clear();
    pair.client.auth_publickey_event("user", &host_key(), &done).unwrap();
    assert!(done.wait(soon()));
    assert!(pair.client.is_authenticated());
}
