//! Two sides joined, at random.

use super::*;

/// Two sides joined; messages wait in `wire` until they are pumped.
struct Pair {
    sides: [Side; 2],
    wire: [std::collections::VecDeque<Vec<u8>>; 2],
    id: ChannelId,
}

impl Pair {
    fn open(window: u32, max_packet: u32) -> Self {
        let limits = Limits { stderr_buffer: 50_000, ..Limits::default() };
        let sides = [Side::with(Role::Client, limits.clone()), Side::with(Role::Server, limits)];
        let mut pair = Self { sides, wire: Default::default(), id: ChannelId(0) };
        let [client, server] = &mut pair.sides;
        client.channels.open_channel(&mut client.out, "session", b"", window, max_packet).unwrap();
        server.feed(client.sent().remove(0)).unwrap();
        server.channels.accept_channel(&mut server.out, pair.id, window, max_packet).unwrap();
        client.feed(server.sent().remove(0)).unwrap();
        pair
    }

    /// Delivers up to `count` messages from one side to the other.
    fn pump(&mut self, from: usize, count: usize) {
        let sent = self.sides[from].sent();
        self.wire[from].extend(sent);
        for _ in 0..count {
            let Some(message) = self.wire[from].pop_front() else { break };
            self.sides[1 - from].feed(message).unwrap();
        }
        let side = &mut self.sides[from];
        side.channels.writable_again(&mut side.out);
    }
}

#[test]
fn whatever_two_sides_do_no_byte_is_lost_and_no_rule_broken() {
    let mut seed = 1_u64;
    let mut random = move |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    for (window, packet) in [(1, 1), (7, 3), (1000, 9999), (32768, 32768), (2_097_152, 100_000), (u32::MAX, u32::MAX)] {
        let mut pair = Pair::open(window, packet);
        let id = pair.id;
        let streams = [Stream::Data, Stream::Stderr];
        // By sending side and stream.
        let mut sent = [[Vec::new(), Vec::new()], [Vec::new(), Vec::new()]];
        let mut got = sent.clone();
        for step in 0..4000 {
            let (side, s) = (random(2), random(2));
            match random(6) {
                0 | 1 => {
                    let data: Vec<u8> = (0..random(3000)).map(|i| (i + step).to_le_bytes()[0]).collect();
                    let peer = &mut pair.sides[side];
                    let n = peer.channels.send(&mut peer.out, id, streams[s], &data).unwrap();
                    sent[side][s].extend_from_slice(&data[..n]);
                }
                2 => got[1 - side][s].extend(pair.sides[side].recv(id, streams[s], random(5000)).1),
                3 if random(10) == 0 => pair.sides[side].out.hold(),
                3 => pair.sides[side].out.release(),
                _ => pair.pump(side, random(8)),
            }
        }
        for side in &mut pair.sides {
            side.out.release();
            side.channels.send_eof(&mut side.out, id).unwrap();
        }
        while pair.wire.iter().any(|w| !w.is_empty()) || pair.sides.iter().any(|s| s.out.backlog() > 0) {
            pair.pump(0, 99);
            pair.pump(1, 99);
        }
        for side in 0..2 {
            for s in 0..2 {
                got[1 - side][s].extend(pair.sides[side].drain(id, streams[s]));
                assert_eq!(pair.sides[side].recv(id, streams[s], 1).0, Recv::Eof);
                assert!(got[1 - side][s] == sent[1 - side][s], "window {window}: {side} {s}");
            }
            assert_eq!(pair.sides[side].channels.stderr_room, 50_000);
        }
        let total = sent.iter().flatten().map(Vec::len).sum::<usize>();
        assert!(
            total > 500 * usize::try_from(window.min(4)).unwrap() / 4,
            "window {window}: only {total} bytes went through"
        );
    }
}
