//! Every message number, in every phase, from both roles: nothing of the connection protocol and no authenticated state
//! is reachable before success, and no number crashes anything.

use super::pair::{password, Pair};
use crate::error::ErrorKind;
use crate::proto::auth::AuthRequest;
use crate::proto::config::{Config, Preferences};
use crate::proto::event::Event;
use crate::proto::phase::{admit, Admission, Exchange, Phase, Role};

fn sent_by(role: Role, pair: &mut Pair, message: &[u8]) {
    let sender = if role == Role::Client { &mut pair.client } else { &mut pair.server };
    sender.conn.forge(message);
    pair.drive();
}

#[test]
fn every_number_before_authentication() {
    for role in [Role::Client, Role::Server] {
        for number in 0..=255u8 {
            for body in [&[][..], &[0; 4], &[0; 40]] {
                let mut pair = Pair::keyed(Config::default(), Config::default());
                let message = [&[number], body].concat();
                sent_by(role, &mut pair, &message);
                let receiver = if role == Role::Client { &pair.server } else { &pair.client };
                assert!(!receiver.conn.is_authenticated(), "{role:?} {number}");
                assert_eq!(receiver.conn.open_channels(), 0);
                assert!(receiver.accepted.is_empty(), "{role:?} {number}");
                if matches!(number, 80..=127 | 51..=60) {
                    assert_eq!(
                        receiver.error().is_some(),
                        !(100 < number && number < 128 || 53 < number && number < 60 || number > 82 && number < 90)
                            && !(role == Role::Server && number == 53 && receiver.error().is_none()),
                        "{role:?} {number} {:?}",
                        receiver.error()
                    );
                }
            }
        }
    }
}

#[test]
fn every_number_in_the_first_exchange_ends_it() {
    for role in [Role::Client, Role::Server] {
        for number in (0..=255u8).filter(|n| !(20..=49).contains(n)) {
            let mut pair = Pair::new(Config::default(), Config::default(), 1);
            pair.start();
            // Behind identification and KEXINIT, ahead of everything else.
            sent_by(role, &mut pair, &[number, 0, 0, 0, 0]);
            let receiver = if role == Role::Client { &pair.server } else { &pair.client };
            let kind = receiver.error();
            if number == 1 {
                assert!(matches!(kind, Some(ErrorKind::PeerDisconnected | ErrorKind::Protocol)));
            } else {
                assert_eq!(kind, Some(ErrorKind::StrictKex), "{role:?} {number}");
            }
        }
    }
}

#[test]
fn every_number_after_authentication_is_survived() {
    for role in [Role::Client, Role::Server] {
        for number in 0..=255u8 {
            let mut pair = Pair::open(Config::default(), Config::default());
            sent_by(role, &mut pair, &[number, 0, 0, 0, 0, 0, 0, 0, 0]);
            let receiver = if role == Role::Client { &pair.server } else { &pair.client };
            // Unknown numbers are answered with UNIMPLEMENTED and the connection goes on (RFC 4253 section 11.4).
            if matches!(number, 8..=19 | 62..=79 | 101..=191 | 194..) {
                assert_eq!(receiver.error(), None, "{role:?} {number}");
            }
        }
    }
}

/// How far a connection is when the stray message comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// New keys are in use, nobody asked for a service.
    BeforeService,
    /// SERVICE_ACCEPT went out, no method was tried.
    AfterService,
    /// An attempt failed, others may follow.
    AfterFailure,
    /// keyboard-interactive's questions are with the client.
    Questions,
    /// The sender has begun another key exchange before the login.
    RekeyBeforeLogin,
    /// Logged in.
    Open,
    /// Logged in, and the receiver has begun a key exchange the sender does not know of.
    RekeyByReceiver,
    /// Logged in, and the sender has begun one: it may send nothing else.
    RekeyBySender,
}

const MOMENTS: [Moment; 8] = [
    Moment::BeforeService,
    Moment::AfterService,
    Moment::AfterFailure,
    Moment::Questions,
    Moment::RekeyBeforeLogin,
    Moment::Open,
    Moment::RekeyByReceiver,
    Moment::RekeyBySender,
];

impl Moment {
    fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::RekeyByReceiver | Self::RekeyBySender)
    }

    /// The sender's KEXINIT is on its way.
    fn in_exchange(self) -> bool {
        matches!(self, Self::RekeyBeforeLogin | Self::RekeyBySender)
    }

    /// A connection that is so far.
    fn reach(self, sender: Role) -> Pair {
        // Thousands of them: one quick method.
        let kex = vec!["curve25519-sha256"];
        let config =
            || Config { preferences: Preferences { kex: kex.clone(), ..Preferences::default() }, ..Config::default() };
        let mut pair = if self.is_open() { Pair::open(config(), config()) } else { Pair::keyed(config(), config()) };
        let now = pair.now;
        let by_client = match self {
            Self::BeforeService | Self::Open => return pair,
            Self::AfterService => {
                pair.client.conn.auth_prepare(now).unwrap();
                pair.drive();
                return pair;
            }
            Self::AfterFailure | Self::Questions => {
                let request = if self == Self::Questions {
                    AuthRequest::Interactive { user: "asked".to_owned(), submethods: String::new() }
                } else {
                    password("bob", "wrong")
                };
                pair.client.conn.auth_start(now, request).unwrap();
                pair.drive();
                return pair;
            }
            Self::RekeyBeforeLogin | Self::RekeyBySender => sender == Role::Client,
            Self::RekeyByReceiver => sender == Role::Server,
        };
        let starts = if by_client { &mut pair.client } else { &mut pair.server };
        starts.conn.rekey(now).unwrap();
        pair
    }
}

/// Who may send what when, written down a second time and by moment: a change of the table in `phase` must be made
/// here too.
fn may(number: u8, sender: Role, moment: Moment) -> bool {
    let (client, open) = (sender == Role::Client, moment.is_open());
    match number {
        1..=4 | 20 | 21 => true,
        30 | 32 | 34 => client,
        31 | 33 => !client,
        192 | 193 => open,
        _ if moment.in_exchange() => false,
        5 | 50 => client,
        6 | 51..=53 | 60 => !client && !open,
        7 => !open,
        61 => client && !open,
        80..=82 | 90..=100 => open,
        _ => false,
    }
}

/// Not assigned by RFC 4250 section 4.1, or not to us.
fn is_unknown(number: u8, open: bool) -> bool {
    let assigned = matches!(number, 1..=7 | 20 | 21 | 30..=34 | 50..=53 | 60 | 61 | 80..=82 | 90..=100);
    !(assigned || open && matches!(number, 192 | 193))
}

/// A message of this number that its parser takes, where it has one.
fn well_formed(number: u8) -> Vec<u8> {
    let texts = |texts: &[&str]| -> Vec<u8> {
        texts.iter().flat_map(|t| [&[0, 0, 0, u8::try_from(t.len()).unwrap()], t.as_bytes()].concat()).collect()
    };
    let body = match number {
        5 | 6 => texts(&["ssh-userauth"]),
        50 => texts(&["bob", "ssh-connection", "none"]),
        51 => [texts(&["password"]), vec![0]].concat(),
        80 => [texts(&["x"]), vec![0]].concat(),
        90 => [texts(&["session"]), vec![0, 0, 0, 9, 0, 0, 255, 255, 0, 0, 255, 255]].concat(),
        21 | 52 | 81 | 82 => Vec::new(),
        _ => vec![0; 4],
    };
    [vec![number], body].concat()
}

#[test]
fn every_number_at_every_moment_from_both_roles() {
    for (sender, moment) in [Role::Client, Role::Server].into_iter().flat_map(|s| MOMENTS.map(|m| (s, m))) {
        for number in 0..=255u8 {
            let mut pair = moment.reach(sender);
            sent_by(sender, &mut pair, &well_formed(number));
            let receiver = if sender == Role::Client { &pair.server } else { &pair.client };
            let (what, kind) = (format!("{sender:?} {moment:?} {number}"), receiver.error());
            if is_unknown(number, moment.is_open()) {
                assert_eq!(kind, None, "{what}");
            } else if !may(number, sender, moment) {
                assert_eq!(kind, Some(ErrorKind::UnexpectedMessage), "{what}");
            }
            if !moment.is_open() {
                // Not even by a server's SUCCESS: what the client asked for is answered, or waits for the user.
                assert!(!receiver.conn.is_authenticated(), "{what}");
                assert!(receiver.accepted.is_empty() && receiver.conn.open_channels() == 0, "{what}");
                let connection = |e: &Event| matches!(e, Event::GlobalRequest { .. } | Event::ChannelOpened(_));
                assert!(!receiver.events.iter().any(connection), "{what}");
            }
        }
    }
}

#[test]
fn the_table_and_its_second_copy_agree() {
    for (sender, number) in [Role::Client, Role::Server].into_iter().flat_map(|s| (0..=255u8).map(move |n| (s, n))) {
        for (phase, moment) in [(Phase::Auth, Moment::AfterService), (Phase::Open, Moment::Open)] {
            let passes = admit(number, sender, phase, Exchange::None) == Admission::Process;
            assert_eq!(passes, may(number, sender, moment), "{sender:?} {phase:?} {number}");
        }
        for (phase, moment) in [(Phase::Auth, Moment::RekeyBeforeLogin), (Phase::Open, Moment::RekeyBySender)] {
            let passes = admit(number, sender, phase, Exchange::Running) == Admission::Process;
            assert_eq!(passes, may(number, sender, moment), "{sender:?} {phase:?} {number} during an exchange");
        }
    }
}
