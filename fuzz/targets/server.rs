//! A server against a hostile client.

use super::app::App;
use super::core::{Attack, Start, Watch};
use super::input::Input;
use crate::proto::auth::AuthRequest;
use crate::proto::connection::Connection;
use crate::proto::event::{AuthQuestion, AuthVerdict, Event, Prompts, Ticket};
use std::time::Instant;
use zeroize::Zeroizing;

#[derive(Default)]
struct Server {
    app: App,
    /// The open question and whether a yes to it lets the user in.
    question: Option<(Ticket, bool)>,
    /// A yes was said to a question that counts.
    granted: bool,
    told: bool,
    /// Whoever logs in is let in.
    welcoming: bool,
}

impl Watch for Server {
    fn event(&mut self, conn: &mut Connection, event: Event) {
        match event {
            Event::Job(_) | Event::Log(..) | Event::Ended(_) => {}
            Event::KexDone { .. } => assert!(conn.server_key().is_some() && conn.session_id().is_some()),
            Event::AuthAsk { ticket, question, .. } => {
                assert!(self.question.is_none(), "two questions at once");
                // The private half of no key is known to the peer.
                assert!(!matches!(question, AuthQuestion::KeySigned { .. }), "a forged signature");
                self.question = Some((ticket, !matches!(question, AuthQuestion::KeyQuery { .. })));
                if self.welcoming {
                    self.verdict(conn, super::core::first_moment(), AuthVerdict::Success, &[]);
                }
            }
            Event::Authenticated => {
                assert!(self.granted, "authenticated without a verdict");
                assert!(!std::mem::replace(&mut self.told, true), "authenticated twice");
            }
            Event::AuthDone(_)
            | Event::AuthPrompts(_)
            | Event::AuthPasswordChange(_)
            | Event::AuthReady
            | Event::Banner => {
                panic!("a client's event at a server")
            }
            other => self.app.event(conn, other),
        }
    }

    fn command(&mut self, conn: &mut Connection, now: Instant, input: &mut Input<'_>) {
        if input.u8().is_multiple_of(8) {
            let text = String::from_utf8_lossy(input.bytes()).into_owned();
            let _ = conn.send_banner(&text, "");
            return;
        }
        self.app.command(conn, now, input);
    }

    fn answer(&mut self, conn: &mut Connection, now: Instant, input: &mut Input<'_>) {
        if self.question.is_none() && input.u8() < 240 {
            return self.app.answer(conn, input);
        }
        let verdict = match input.u8() % 8 {
            0 => AuthVerdict::Success,
            1 | 2 => AuthVerdict::Partial,
            3 => AuthVerdict::Ask(Prompts {
                name: input.bytes().to_vec(),
                instruction: Vec::new(),
                prompts: (0..input.u8() % 4).map(|_| (input.bytes().to_vec(), input.bool())).collect(),
            }),
            4 => AuthVerdict::ChangePassword(input.bytes().to_vec()),
            _ => AuthVerdict::Failure,
        };
        let left = input.pick(&[&["password"][..], &["publickey", "keyboard-interactive"], &[]]);
        self.verdict(conn, now, verdict, left);
    }

    fn check(&self, conn: &Connection) {
        assert!(!conn.is_authenticated() || self.granted, "authenticated without a verdict");
        if conn.username().is_none() {
            assert_eq!(conn.open_channels(), 0);
        }
        self.app.check(conn);
    }
}

impl Server {
    fn verdict(&mut self, conn: &mut Connection, now: Instant, verdict: AuthVerdict, left: &[&str]) {
        let (ticket, counts) = self.question.unwrap_or((Ticket(1000), false));
        let success = verdict == AuthVerdict::Success;
        // Said before it is known whether it is taken: the connection reports success at once.
        let granted = self.granted;
        self.granted |= success && counts;
        match conn.auth_answer(now, ticket, verdict, left) {
            Ok(()) => self.question = None,
            Err(_) => self.granted = granted,
        }
    }
}

fn log_in(conn: &mut Connection, now: Instant) {
    let password = AuthRequest::Password { user: "bob".to_owned(), password: Zeroizing::new(b"secret".to_vec()) };
    conn.auth_start(now, password).expect("the key exchange is done");
}

fn attack(start: Start, mut input: Input<'_>) {
    let mut attack = Attack::new(false, Server { welcoming: start == Start::Open, ..Server::default() });
    attack.reach(start, log_in);
    assert_eq!(attack.victim.conn.is_authenticated(), start == Start::Open);
    attack.watch.welcoming = false;
    attack.run(&mut input);
}

/// A byte tells how far the connection is; steps follow.
pub(super) fn preauth(data: &[u8]) {
    let mut input = Input::new(data);
    let start = input.pick(&[Start::Keyed, Start::Fresh, Start::Begun]);
    attack(start, input);
}

/// Steps, from a login on.
pub(super) fn postauth(data: &[u8]) {
    attack(Start::Open, Input::new(data));
}
