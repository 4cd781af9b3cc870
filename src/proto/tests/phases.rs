//! Every message number, in every phase, from both roles: nothing of the connection protocol and no authenticated state
//! is reachable before success, and no number crashes anything.

use super::pair::Pair;
use crate::error::ErrorKind;
use crate::proto::config::Config;
use crate::proto::phase::Role;

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
