//! Identification, and whatever follows it in the clear: both roles, the bytes in one piece and cut anywhere.

use super::core::{config, first_moment, host_key, SeededRng, Side};
use super::input::Input;
use crate::error::ErrorKind;
use crate::proto::connection::Connection;

fn side(client: bool) -> Side {
    let (rng, now) = (Box::new(SeededRng(1)), first_moment());
    let mut side = Side::new(if client {
        Connection::client(config(), rng, now)
    } else {
        Connection::server(config(), vec![host_key()], None, rng, now)
    });
    side.conn.start(now);
    side
}

/// What an observer sees of an end.
fn outcome(side: &Side) -> (Option<Vec<u8>>, Option<ErrorKind>) {
    let conn = &side.conn;
    assert!(!conn.is_kex_done() && !conn.is_authenticated() && conn.open_channels() == 0);
    (conn.remote_ident().map(<[u8]>::to_vec), conn.error().map(crate::error::Error::kind))
}

/// A byte tells the role, another the size of the pieces.
pub(super) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let (client, piece) = (input.bool(), usize::from(input.u8()) + 1);
    let bytes = input.rest();
    let now = first_moment();
    let (mut whole, mut cut) = (side(client), side(client));
    whole.inbox.extend_from_slice(bytes);
    whole.pump(now, |_, _| {});
    for piece in bytes.chunks(piece) {
        cut.inbox.extend_from_slice(piece);
        cut.pump(now, |_, _| {});
    }
    assert_eq!(outcome(&whole), outcome(&cut));
    if let (Some(ident), _) = outcome(&whole) {
        assert!(ident.starts_with(b"SSH-") && ident.len() <= 253);
    }
    whole.conn.handle_eof(now);
    assert!(whole.conn.is_ended());
}
