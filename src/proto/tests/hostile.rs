//! Hostile peers and wires: whatever is flipped, cut or made up ends that connection with a named error, and nothing
//! forged is ever delivered.

use super::pair::{with_cipher, Pair};
use crate::crypto::registry::{CIPHERS, MACS};
use crate::error::ErrorKind;
use crate::proto::config::Config;
use crate::proto::event::Stream;
use crate::wire::msg_channel::ChannelData;

/// Seals one packet of data at the client and returns its bytes on the wire.
fn one_packet(pair: &mut Pair) -> (Vec<u8>, crate::proto::event::ChannelId) {
    let (ours, theirs) = pair.channel();
    pair.client.conn.send(ours, Stream::Data, b"payload").unwrap();
    pair.client.pump(pair.now);
    (pair.client.wire.drain(..).collect(), theirs)
}

#[test]
fn a_flipped_bit_is_never_delivered() {
    for cipher in CIPHERS {
        for mac in MACS {
            let config = with_cipher(cipher.name, mac.name);
            let mut pair = Pair::open(config.clone(), config.clone());
            let bits = one_packet(&mut pair).0.len() * 8;
            // All of one byte's bits, then a bit of every byte: each cipher sees its length, body and tag changed.
            for bit in (0..bits).filter(|b| b / 8 == 7 || b % 8 == b / 8 % 8) {
                let mut pair = Pair::open(config.clone(), config.clone());
                let (mut bytes, theirs) = one_packet(&mut pair);
                bytes[bit / 8] ^= 1 << (bit % 8);
                pair.server.inbox.extend(bytes);
                // A longer length only makes the server wait: give it something to check.
                pair.server.inbox.extend(vec![0; 300_000]);
                pair.server.pump(pair.now);
                let kind = pair.server.error();
                assert!(
                    matches!(kind, Some(ErrorKind::MacMismatch | ErrorKind::PacketLength)),
                    "{} {} bit {bit}: {kind:?}",
                    cipher.name,
                    mac.name
                );
                assert!(pair.server.read_all(theirs, Stream::Data).is_empty());
            }
            if cipher.aead {
                break;
            }
        }
    }
}

#[test]
fn replayed_dropped_and_swapped_packets_end_the_connection() {
    for what in ["replay", "drop", "swap"] {
        let mut pair = Pair::open(Config::default(), Config::default());
        let (ours, theirs) = pair.channel();
        let mut packets = Vec::new();
        for data in [b"one", b"two"] {
            pair.client.conn.send(ours, Stream::Data, data).unwrap();
            pair.client.pump(pair.now);
            packets.push(pair.client.wire.drain(..).collect::<Vec<u8>>());
        }
        let order: &[usize] = match what {
            "replay" => &[0, 0],
            "drop" => &[1],
            _ => &[1, 0],
        };
        for &i in order {
            pair.server.inbox.extend(&packets[i]);
        }
        pair.server.pump(pair.now);
        assert_eq!(pair.server.error(), Some(ErrorKind::MacMismatch), "{what}");
        let want: &[u8] = if what == "replay" { b"one" } else { b"" };
        assert_eq!(pair.server.read_all(theirs, Stream::Data), want, "what came before the forgery stays");
    }
}

#[test]
fn bad_lengths_are_refused_before_they_are_waited_for() {
    for length in [0u32, 1, 5, 7, 256 * 1024 + 1, u32::MAX] {
        let mut pair = Pair::new(Config::default(), Config::default(), 1);
        pair.start();
        pair.server.inbox.extend(b"SSH-2.0-x\r\n");
        pair.server.inbox.extend(length.to_be_bytes());
        pair.server.inbox.extend([4; 32]);
        pair.server.pump(pair.now);
        assert_eq!(pair.server.error(), Some(ErrorKind::PacketLength), "{length}");
    }
}

#[test]
fn padding_must_leave_a_payload() {
    for (length, padding) in [(12u32, 3u8), (12, 11), (12, 12), (12, 255)] {
        let mut pair = Pair::new(Config::default(), Config::default(), 1);
        pair.start();
        pair.server.inbox.extend(b"SSH-2.0-x\r\n");
        pair.server.inbox.extend(length.to_be_bytes());
        pair.server.inbox.push(padding);
        pair.server.inbox.extend([20; 32]);
        pair.server.pump(pair.now);
        assert_eq!(pair.server.error(), Some(ErrorKind::Protocol), "padding {padding}");
    }
}

#[test]
fn something_else_than_ssh_is_named() {
    let mut pair = Pair::new(Config::default(), Config::default(), 1);
    pair.start();
    pair.client.inbox.extend(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    pair.client.pump(pair.now);
    pair.client.conn.handle_eof(pair.now);
    let error = pair.client.conn.error().unwrap();
    assert_eq!(error.kind(), ErrorKind::ConnectionLost);
    assert!(error.text().contains("HTTP/1.1 400"), "{error}");

    let mut pair = Pair::new(Config::default(), Config::default(), 1);
    pair.start();
    pair.client.inbox.extend(vec![b'x'; 10_000]);
    pair.client.pump(pair.now);
    assert_eq!(pair.client.error(), Some(ErrorKind::Ident));
}

#[test]
fn a_cut_anywhere_ends_with_an_error_and_keeps_what_came() {
    let total = {
        let mut pair = Pair::open(Config::default(), Config::default());
        one_packet(&mut pair).0.len()
    };
    for cut in 0..total {
        let mut pair = Pair::open(Config::default(), Config::default());
        let (ours, theirs) = pair.channel();
        pair.client.conn.send(ours, Stream::Data, b"whole").unwrap();
        pair.drive();
        pair.client.conn.send(ours, Stream::Data, b"payload").unwrap();
        pair.client.pump(pair.now);
        let bytes: Vec<u8> = pair.client.wire.drain(..).collect();
        pair.server.inbox.extend(&bytes[..cut]);
        pair.server.pump(pair.now);
        pair.server.conn.handle_eof(pair.now);
        assert_eq!(pair.server.error(), Some(ErrorKind::ConnectionLost));
        assert_eq!(pair.server.read_all(theirs, Stream::Data), b"whole");
    }
}

#[test]
fn data_past_the_window_ends_the_connection() {
    let mut pair = Pair::open(Config::default(), Config::default());
    let (_, theirs) = pair.channel();
    // Written under the client's feet: the client itself would never send it.
    for _ in 0..70 {
        let message = ChannelData::new(theirs.0, &[0; 32_000]).to_vec();
        pair.client.conn.forge(&message);
    }
    pair.drive();
    assert!(matches!(pair.server.error(), Some(ErrorKind::LimitExceeded | ErrorKind::Protocol)));
}

#[test]
fn windows_of_0_1_and_the_largest() {
    for window in [0u32, 1, u32::MAX] {
        let mut pair = Pair::open(Config::default(), Config::default());
        let id = pair.client.conn.open_channel("session", b"", window, 1 << 15).unwrap();
        pair.drive();
        let theirs = *pair.server.accepted.last().unwrap();
        let sent = pair.server.conn.send(theirs, Stream::Data, b"ab").unwrap();
        assert_eq!(sent, (window as usize).min(2), "{window}");
        pair.drive();
        assert_eq!(pair.client.read_all(id, Stream::Data).len(), sent);
    }
}
