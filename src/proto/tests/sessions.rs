//! no-more-sessions@openssh.com (OpenSSH PROTOCOL section 2.2).

use super::pair::Pair;
use crate::error::ErrorKind;
use crate::proto::config::Config;
use crate::proto::event::Event;
use crate::wire::msg_channel::ChannelOpen;
use crate::wire::msg_global::GlobalRequest;

fn session() -> Vec<u8> {
    ChannelOpen::new("session", 7, 1 << 20, 1 << 15, b"").to_vec()
}

#[test]
fn a_client_keeps_its_word_and_its_other_channels() {
    let mut pair = Pair::open(Config::default(), Config::default());
    let (id, _) = pair.channel();
    pair.client.conn.no_more_sessions().unwrap();
    pair.client.conn.no_more_sessions().unwrap();
    let refused = pair.client.conn.open_channel("session", b"", 1_u32 << 20, 1 << 15).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidState);
    pair.client.conn.open_channel("direct-tcpip", b"", 1_u32 << 20, 1 << 15).unwrap();
    pair.client.conn.send(id, crate::proto::event::Stream::Data, b"still here").unwrap();
    pair.drive();
    assert_eq!(pair.server.accepted.len(), 2);
    assert!(pair.server.error().is_none() && pair.client.error().is_none());
    assert!(!pair.server.events.iter().any(|event| matches!(event, Event::GlobalRequest { .. })), "nobody is asked");
    assert_eq!(pair.server.conn.no_more_sessions().unwrap_err().kind(), ErrorKind::InvalidState);
}

#[test]
fn a_client_that_breaks_its_word_is_told_and_hung_up_on() {
    for with_reply in [false, true] {
        let mut pair = Pair::open(Config::default(), Config::default());
        pair.client.conn.forge(&GlobalRequest::new("no-more-sessions@openssh.com", with_reply, b"").to_vec());
        // In one batch: nothing may come between.
        pair.client.conn.forge(&session());
        if with_reply {
            // The reply to a request that only the test knows of would end the client first.
            pair.client.conn.global_request("x", b"", true).unwrap();
        }
        pair.drive();
        assert_eq!(pair.server.error(), Some(ErrorKind::UnexpectedMessage));
        assert!(pair.server.accepted.is_empty() && pair.server.conn.open_channels() == 0);
        assert_eq!(pair.client.error(), Some(ErrorKind::PeerDisconnected));
        let detail = pair.client.conn.error().unwrap().detail().unwrap();
        assert_eq!(detail.peer_reason, Some(2));
        assert!(detail.peer_text.as_ref().unwrap().contains("no-more-sessions@openssh.com"));
    }
}

#[test]
fn a_server_cannot_say_it() {
    let mut pair = Pair::open(Config::default(), Config::default());
    pair.server.conn.forge(&GlobalRequest::new("no-more-sessions@openssh.com", false, b"").to_vec());
    pair.drive();
    pair.channel();
    assert!(pair.server.error().is_none() && pair.client.error().is_none());
}
