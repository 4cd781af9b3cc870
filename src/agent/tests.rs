//! The codec, and a client with an agent of this crate behind it.

use super::message::{split, Request, Response, MAX_MESSAGE};
use super::*;
use crate::crypto::hostkey::{Curve, PrivateKey};
use crate::error::ErrorKind;

fn round(request: &Request<'_>) -> Vec<u8> {
    let bytes = request.encode().unwrap();
    let (message, len) = split(&bytes).unwrap().unwrap();
    assert_eq!(len, bytes.len());
    message.to_vec()
}

#[test]
fn keys_go_to_an_agent_and_come_back() {
    let constraints = Constraints { lifetime: Some(60), confirm: true, extensions: Vec::new() };
    for key in [
        PrivateKey::generate_ed25519().unwrap(),
        PrivateKey::generate_ecdsa(Curve::P521).unwrap(),
        PrivateKey::generate_rsa(2048).unwrap(),
    ] {
        let add = Request::Add { key: key.clone(), comment: "me".into(), constraints: constraints.clone() };
        let message = round(&add);
        let Request::Add { key: got, comment, constraints: c } = Request::parse(&message).unwrap() else { panic!() };
        assert_eq!((got.public(), comment.as_str(), &c), (key.public(), "me", &constraints));
        let algorithm = key.public().signature_algorithms()[0];
        key.public().verify(algorithm, b"x", &got.sign(algorithm, b"x").unwrap()).unwrap();
        for cut in 0..message.len() {
            assert!(Request::parse(&message[..cut]).is_err() || cut >= message.len() - 6, "cut at {cut}");
        }
    }
}

#[test]
fn an_unknown_constraint_is_an_error() {
    let extensions = vec![("other@example.org".to_owned(), vec![1, 2, 3])];
    let constraints = Constraints { extensions, ..Constraints::default() };
    let key = PrivateKey::generate_ed25519().unwrap();
    let message = round(&Request::Add { key, comment: String::new(), constraints });
    assert_eq!(Request::parse(&message).err().unwrap().kind(), ErrorKind::Unsupported);
}

#[test]
fn messages_have_bounds() {
    let long = u32::try_from(MAX_MESSAGE + 1).unwrap().to_be_bytes();
    assert_eq!(split(&long).unwrap_err().kind(), ErrorKind::LimitExceeded);
    assert_eq!(split(&[0, 0, 0, 0]).unwrap_err().kind(), ErrorKind::Protocol);
    assert!(split(&[0, 0, 0, 2, 6]).unwrap().is_none());
    let many = [&[12][..], &u32::MAX.to_be_bytes()].concat();
    assert_eq!(Response::parse(&many).unwrap_err().kind(), ErrorKind::LimitExceeded);
    assert_eq!(Response::parse(&[99]).unwrap_err().kind(), ErrorKind::Protocol);
    assert_eq!(Response::parse(&[5, 0]).unwrap_err().kind(), ErrorKind::Protocol);
}

#[test]
fn answers_go_there_and_back() {
    for response in [
        Response::Failure,
        Response::Success(vec![1]),
        Response::Identities(vec![(b"blob".to_vec(), "comment".into())]),
        Response::Signature(b"signature".to_vec()),
        Response::ExtensionFailure,
        Response::Extension("query".into(), b"data".to_vec()),
    ] {
        let bytes = response.encode();
        assert_eq!(Response::parse(split(&bytes).unwrap().unwrap().0).unwrap(), response);
    }
}

mod served {
    use super::super::*;
    use crate::crypto::hostkey::PrivateKey;
    use crate::engine::{Deadline, Event, Local, Pipe};
    use crate::error::ErrorKind;
    use std::os::unix::net::UnixStream;
    use std::sync::{Arc, Mutex};

    const SOON: fn() -> Deadline = || Deadline::after_ms(20_000);

    fn joined(server: &Server, exposure: Exposure) -> Agent {
        let (ours, theirs) = UnixStream::pair().unwrap();
        server.serve(Arc::new(Local::new(theirs.into()).unwrap()), exposure).unwrap();
        Agent::over(Box::new(Local::new(ours.into()).unwrap()))
    }

    fn add(agent: &Agent, key: &PrivateKey, constraints: &Constraints) {
        agent.add(key, "one", constraints, SOON()).unwrap();
    }

    #[test]
    fn keys_are_listed_sign_and_go() {
        let server = Server::new(None);
        let agent = joined(&server, Exposure::default());
        let (rsa, ed) = (PrivateKey::generate_rsa(2048).unwrap(), PrivateKey::generate_ed25519().unwrap());
        for key in [&rsa, &ed] {
            add(&agent, key, &Constraints::default());
        }
        let listed = agent.list(SOON()).unwrap().keys;
        assert_eq!(listed.len(), 2);
        for held in &listed {
            // Each algorithm, so that RSA's flags are right.
            for algorithm in held.key.public().signature_algorithms() {
                held.key.sign(algorithm, b"data").unwrap();
            }
        }
        agent.lock(b"word", SOON()).unwrap();
        assert!(agent.list(SOON()).unwrap().keys.is_empty());
        assert_eq!(listed[0].key.sign("rsa-sha2-512", b"x").unwrap_err().kind(), ErrorKind::SignRefused);
        assert_eq!(agent.unlock(b"other", SOON()).unwrap_err().kind(), ErrorKind::AgentRefused);
        agent.unlock(b"word", SOON()).unwrap();
        agent.remove(rsa.public().blob(), SOON()).unwrap();
        assert_eq!(agent.remove(rsa.public().blob(), SOON()).unwrap_err().kind(), ErrorKind::AgentRefused);
        agent.remove_all(SOON()).unwrap();
        assert!(agent.list(SOON()).unwrap().keys.is_empty());
        assert_eq!(agent.extensions(SOON()).unwrap(), ["query", "session-bind@openssh.com"]);
        assert_eq!(agent.extension("x@example.org", b"", SOON()).unwrap_err().kind(), ErrorKind::Unsupported);
        server.close();
        assert_eq!(agent.list(SOON()).unwrap_err().kind(), ErrorKind::AgentUnavailable);
    }

    #[test]
    fn an_exposure_shows_some_keys_and_changes_none() {
        let server = Server::new(None);
        let (shown, hidden) = (PrivateKey::generate_ed25519().unwrap(), PrivateKey::generate_ed25519().unwrap());
        let all = joined(&server, Exposure::default());
        for key in [&shown, &hidden] {
            add(&all, key, &Constraints::default());
        }
        let old = all.list(SOON()).unwrap().keys;
        let only = Some(vec![shown.public().blob().to_vec()]);
        let some = joined(&server, Exposure { only, sign_only: true, confirm: false });
        let listed = some.list(SOON()).unwrap().keys;
        assert_eq!(listed.len(), 1);
        listed[0].key.sign("ssh-ed25519", b"x").unwrap();
        assert_eq!(some.remove_all(SOON()).unwrap_err().kind(), ErrorKind::AgentRefused);
        assert_eq!(some.lock(b"x", SOON()).unwrap_err().kind(), ErrorKind::AgentRefused);
        assert_eq!(old.len(), all.list(SOON()).unwrap().keys.len());
    }

    #[test]
    fn a_use_is_confirmed_later_or_denied() {
        let kept: Arc<Mutex<Vec<Confirm>>> = Arc::default();
        let (place, asked) = (Arc::clone(&kept), Event::new());
        let told = asked.clone();
        let server = Server::new(Some(Box::new(move |confirm| {
            place.lock().unwrap().push(confirm);
            told.set();
        })));
        let agent = joined(&server, Exposure::default());
        let key = PrivateKey::generate_ed25519().unwrap();
        add(&agent, &key, &Constraints { confirm: true, ..Constraints::default() });
        for allow in [true, false] {
            asked.clear();
            let held = agent.list(SOON()).unwrap().keys.remove(0);
            let signing = std::thread::spawn(move || held.key.sign("ssh-ed25519", b"x"));
            assert!(asked.wait(SOON()));
            let question = kept.lock().unwrap().pop().unwrap();
            match allow {
                true => question.answer(true),
                false => drop(question),
            }
            assert_eq!(signing.join().unwrap().is_ok(), allow);
        }
    }

    #[test]
    fn a_lifetime_ends() {
        let server = Server::new(None);
        let agent = joined(&server, Exposure::default());
        let key = PrivateKey::generate_ed25519().unwrap();
        add(&agent, &key, &Constraints { lifetime: Some(1), ..Constraints::default() });
        assert_eq!(agent.list(SOON()).unwrap().keys.len(), 1);
        let _ = Event::new().wait(Deadline::after_ms(1100));
        assert!(agent.list(SOON()).unwrap().keys.is_empty());
    }

    /// An agent that answers the first request late.
    #[test]
    fn an_answer_that_comes_too_late_is_not_taken_for_the_next() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let agent = Agent::over(Box::new(Local::new(ours.into()).unwrap()));
        assert_eq!(agent.list(Deadline::after_ms(20)).unwrap_err().kind(), ErrorKind::Timeout);
        let slow = Local::new(theirs.into()).unwrap();
        let second = std::thread::spawn(move || agent.remove_all(SOON()));
        let mut seen = Vec::new();
        while seen.len() < 10 {
            assert!(slow.recv(&mut seen, SOON()).unwrap());
        }
        // An empty list, then success.
        slow.send_all(&[0, 0, 0, 5, 12, 0, 0, 0, 0, 0, 0, 0, 1, 6], SOON()).unwrap();
        second.join().unwrap().unwrap();
    }

    #[test]
    fn a_socket_is_this_users_alone() {
        use std::os::unix::fs::PermissionsExt;
        let path = std::env::temp_dir().join(format!("sshrs-agent-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let server = Server::new(None);
        server.listen(&path, Exposure::default()).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(server.listen(&path, Exposure::default()).unwrap_err().kind(), ErrorKind::File);
        assert!(Agent::connect(&path).unwrap().list(SOON()).unwrap().keys.is_empty());
        server.close();
        assert!(!path.exists());
        assert_eq!(Agent::connect(&path).err().unwrap().kind(), ErrorKind::AgentUnavailable);
    }
}
