//! A client against a hostile server.

use super::app::App;
use super::core::{Attack, Start, Watch};
use super::forge::{ALGORITHMS, USERS};
use super::input::Input;
use crate::proto::auth::AuthRequest;
use crate::proto::connection::Connection;
use crate::proto::event::{AuthOutcome, Event};
use std::time::Instant;
use zeroize::Zeroizing;

#[derive(Default)]
struct Client {
    app: App,
    /// Attempts begun.
    attempts: usize,
    /// Attempts that were told to be over.
    done: usize,
    succeeded: bool,
    prompts: usize,
}

impl Watch for Client {
    fn event(&mut self, conn: &mut Connection, event: Event) {
        match event {
            Event::KexDone { .. } => assert!(conn.remote_host_key().is_some() && conn.session_id().is_some()),
            Event::AuthReady | Event::Job(_) | Event::Log(..) | Event::Ended(_) => {}
            Event::AuthDone(outcome) => {
                self.done += 1;
                assert!(self.done <= self.attempts, "an attempt nobody made is over");
                self.succeeded |= outcome == AuthOutcome::Success;
            }
            Event::AuthPrompts(prompts) => {
                assert!(self.done < self.attempts, "prompts outside of an attempt");
                self.prompts = prompts.prompts.len();
            }
            Event::AuthPasswordChange(_) => assert!(self.done < self.attempts, "a question outside of an attempt"),
            Event::Banner => assert!(conn.banner().is_some_and(|text| text.len() <= 64 * 1024)),
            Event::AuthAsk { .. } | Event::Authenticated => panic!("a server's event at a client"),
            other => self.app.event(conn, other),
        }
    }

    fn command(&mut self, conn: &mut Connection, now: Instant, input: &mut Input<'_>) {
        if conn.username().is_some() || input.u8().is_multiple_of(4) {
            return self.app.command(conn, now, input);
        }
        let user = input.pick(USERS).to_owned();
        let request = match input.u8() % 5 {
            0 => AuthRequest::None { user },
            1 => AuthRequest::Password { user, password: Zeroizing::new(input.bytes().to_vec()) },
            2 => AuthRequest::PublickeyQuery {
                user,
                algorithm: input.pick(ALGORITHMS).to_owned(),
                key: input.bytes().to_vec(),
            },
            3 => AuthRequest::PublickeySigned {
                user,
                algorithm: input.pick(ALGORITHMS).to_owned(),
                key: input.bytes().to_vec(),
                signature: input.bytes().to_vec(),
            },
            _ => AuthRequest::Interactive { user, submethods: String::new() },
        };
        if conn.auth_start(now, request).is_ok() {
            assert!(conn.is_kex_done());
            assert_eq!(self.attempts, self.done, "two attempts at once");
            self.attempts += 1;
        }
    }

    fn answer(&mut self, conn: &mut Connection, now: Instant, input: &mut Input<'_>) {
        let secret = |bytes: &[u8]| Zeroizing::new(bytes.to_vec());
        match input.u8() % 6 {
            0 | 1 => {
                // Mostly as many as were asked for.
                let count = if input.u8() < 230 { self.prompts } else { usize::from(input.u8() % 8) };
                let answers = (0..count).map(|_| secret(input.bytes())).collect();
                let _ = conn.auth_answer_prompts(now, answers);
            }
            2 => drop(conn.auth_change_password(now, secret(input.bytes()), secret(input.bytes()))),
            3 => conn.auth_abort(now),
            _ => self.app.answer(conn, input),
        }
    }

    fn check(&self, conn: &Connection) {
        assert!(!conn.is_authenticated() || self.attempts > 0, "authenticated without having asked");
        assert!(!self.succeeded || conn.username().is_some());
        assert!(conn.is_kex_done() || conn.remote_host_key().is_none() || conn.session_id().is_some());
        if conn.username().is_none() {
            assert_eq!(conn.open_channels(), 0);
        }
        self.app.check(conn);
    }
}

fn log_in(conn: &mut Connection, now: Instant) {
    let password = AuthRequest::Password { user: "bob".to_owned(), password: Zeroizing::new(b"secret".to_vec()) };
    conn.auth_start(now, password).expect("the key exchange is done");
}

fn attack(start: Start, mut input: Input<'_>) {
    let mut attack = Attack::new(true, Client::default());
    if start == Start::Open {
        attack.watch.attempts = 1;
    }
    attack.reach(start, log_in);
    assert_eq!(attack.victim.conn.is_authenticated(), start == Start::Open);
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
