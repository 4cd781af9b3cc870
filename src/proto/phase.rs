//! Who may send which message when: one table, so that a review reads rows instead of a dispatcher.

use crate::error::{Error, ErrorKind};
use std::ops::RangeInclusive;

/// Which end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The one that connected.
    Client,
    /// The one that was connected to.
    Server,
}

impl Role {
    /// The other end.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// How far a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The first key exchange is not over.
    Kex,
    /// Not authenticated yet.
    Auth,
    /// Authenticated.
    Open,
}

/// Whether the peer's own key exchange messages narrow what it may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exchange {
    /// No exchange under way on the peer's side.
    None,
    /// The peer sent KEXINIT and not yet NEWKEYS (RFC 4253 section 7.1).
    Running,
    /// Likewise, in a first exchange that may turn out strict, or is: nothing but key exchange and DISCONNECT passes
    /// (OpenSSH PROTOCOL section 1.10).
    StrictFirst,
}

/// What to do with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Process it.
    Process,
    /// Not a message we know: answer UNIMPLEMENTED (RFC 4253 section 11.4).
    Unknown,
    /// Its sender may not send it now: the connection ends.
    Refuse,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sender {
    Client,
    Server,
    Either,
}

use Phase::{Auth, Kex, Open};

/// What a call for one role says on a transport of the other.
#[must_use]
pub fn wrong_role(wanted: Role) -> Error {
    let (text, hint) = match wanted {
        Role::Client => (
            "this call is for clients, and the transport was started as a server",
            "make it on a transport that ssh_transport_start_client or ssh_transport_connect started",
        ),
        Role::Server => (
            "this call is for servers, and the transport was started as a client",
            "make it on a transport that ssh_transport_start_server started",
        ),
    };
    Error::new(ErrorKind::InvalidState, text).helped_by(hint)
}

/// Who may send which message in which phase; anything not listed is a protocol error if its number is assigned, and
/// unknown otherwise.
const ADMIT: &[(RangeInclusive<u8>, Sender, &[Phase])] = &[
    (1..=4, Sender::Either, &[Kex, Auth, Open]),
    (5..=5, Sender::Client, &[Auth, Open]),
    (6..=6, Sender::Server, &[Auth]),
    // EXT_INFO: right after NEWKEYS, or a server's right before USERAUTH_SUCCESS (RFC 8308 section 2.4).
    (7..=7, Sender::Either, &[Auth]),
    (20..=21, Sender::Either, &[Kex, Auth, Open]),
    (30..=30, Sender::Client, &[Kex, Auth, Open]),
    (31..=31, Sender::Server, &[Kex, Auth, Open]),
    (32..=32, Sender::Client, &[Kex, Auth, Open]),
    (33..=33, Sender::Server, &[Kex, Auth, Open]),
    (34..=34, Sender::Client, &[Kex, Auth, Open]),
    // Requests after success are ignored, not refused (RFC 4252 section 5.1).
    (50..=50, Sender::Client, &[Auth, Open]),
    // A client may never declare itself authenticated (libssh CVE-2018-10933).
    (51..=53, Sender::Server, &[Auth]),
    (60..=60, Sender::Server, &[Auth]),
    (61..=61, Sender::Client, &[Auth]),
    // Nothing of the connection protocol before success (RFC 4252 section 6; Erlang/OTP CVE-2025-32433).
    (80..=82, Sender::Either, &[Open]),
    (90..=100, Sender::Either, &[Open]),
    (192..=193, Sender::Either, &[Open]),
];

/// Decides on a message by its number, its sender and how far the connection is.
#[must_use]
pub fn admit(number: u8, sender: Role, phase: Phase, exchange: Exchange) -> Admission {
    match exchange {
        Exchange::StrictFirst if !matches!(number, 1 | 20..=49) => return Admission::Refuse,
        // RFC 4253 section 7.1: after KEXINIT only messages 1 to 19 but service requests, and 20 to 49.
        Exchange::Running if !matches!(number, 1..=4 | 20..=49) && is_assigned(number) => return Admission::Refuse,
        _ => {}
    }
    let admitted = ADMIT.iter().any(|(numbers, from, phases)| {
        numbers.contains(&number)
            && phases.contains(&phase)
            && match from {
                Sender::Either => true,
                Sender::Client => sender == Role::Client,
                Sender::Server => sender == Role::Server,
            }
    });
    if admitted {
        Admission::Process
    } else if is_assigned(number) {
        Admission::Refuse
    } else {
        Admission::Unknown
    }
}

/// Numbers that mean something to us in some phase. PING and PONG before authentication count as unknown, so that
/// they cost an unauthenticated peer as much as us (OpenSSH CVE-2025-26466).
fn is_assigned(number: u8) -> bool {
    number < 192 && ADMIT.iter().any(|(numbers, ..)| numbers.contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_connection_protocol_before_success() {
        for number in 80..=127 {
            for sender in [Role::Client, Role::Server] {
                for phase in [Kex, Auth] {
                    assert_ne!(admit(number, sender, phase, Exchange::None), Admission::Process, "{number}");
                }
            }
        }
    }

    #[test]
    fn a_client_never_sends_a_servers_messages() {
        for number in [6, 31, 33, 51, 52, 53, 60] {
            for phase in [Kex, Auth, Open] {
                assert_eq!(admit(number, Role::Client, phase, Exchange::None), Admission::Refuse, "{number}");
            }
        }
    }

    #[test]
    fn strict_first_exchange_passes_only_key_exchange() {
        for number in 0..=255u8 {
            let got = admit(number, Role::Server, Kex, Exchange::StrictFirst);
            if !matches!(number, 1 | 20..=49) {
                assert_eq!(got, Admission::Refuse, "{number}");
            }
        }
    }
}
