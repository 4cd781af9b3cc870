//! Handshake, authentication, two channels and a rekey under seeded schedules that split, merge and delay bytes: each
//! ends in the same state with the same data.

use super::pair::Pair;
use crate::proto::config::Config;
use crate::proto::event::{ChannelId, Stream};

/// Runs one whole session; every decision comes from the seed.
fn session(seed: u64) {
    let mut config = Config::default();
    config.preferences.kex = vec!["curve25519-sha256"];
    let mut pair = Pair::new(config.clone(), config, seed);
    pair.start();
    while pair.step() {}
    pair.log_in();
    while pair.step() {}
    assert!(pair.client.conn.is_authenticated() && pair.server.conn.is_authenticated(), "seed {seed}");

    let ours: Vec<ChannelId> =
        (0..2).map(|_| pair.client.conn.open_channel("session", b"", 1_u32 << 15, 1 << 15).unwrap()).collect();
    while pair.step() {}
    let theirs = pair.server.accepted.clone();
    assert_eq!(theirs.len(), 2, "seed {seed}");

    let data: Vec<Vec<u8>> = (0..2).map(|i| (0..3000u32).map(|n| (n * (i + 3) % 251) as u8).collect()).collect();
    let mut got = vec![Vec::new(); 4];
    let mut sent = [0usize; 4];
    let mut rekeyed = false;
    loop {
        let mut moved = false;
        for i in 0..2 {
            let n = pair.client.conn.send(ours[i], Stream::Data, &data[i][sent[i]..]).unwrap();
            sent[i] += n;
            let m = pair.server.conn.send(theirs[i], Stream::Data, &data[i][sent[2 + i]..]).unwrap();
            sent[2 + i] += m;
            moved |= n + m > 0;
        }
        if sent[0] > 1000 && !rekeyed {
            rekeyed = true;
            pair.client.conn.rekey(pair.now).unwrap();
        }
        for _ in 0..8 {
            moved |= pair.step();
        }
        for i in 0..2 {
            got[i].extend(pair.server.read_all(theirs[i], Stream::Data));
            got[2 + i].extend(pair.client.read_all(ours[i], Stream::Data));
        }
        if !moved && sent.iter().all(|&n| n == 3000) && got.iter().all(|g| g.len() == 3000) {
            break;
        }
    }
    for i in 0..2 {
        assert_eq!(got[i], data[i], "seed {seed}");
        assert_eq!(got[2 + i], data[i], "seed {seed}");
        pair.client.conn.close_channel(ours[i]).unwrap();
    }
    while pair.step() {}
    for i in 0..2 {
        pair.client.conn.release_channel(ours[i]);
        pair.server.conn.release_channel(theirs[i]);
    }
    while pair.step() {}
    assert_eq!(pair.client.conn.open_channels() + pair.server.conn.open_channels(), 0, "seed {seed}");
    assert!(pair.client.conn.error().is_none() && pair.server.conn.error().is_none(), "seed {seed}");
}

#[test]
fn ten_thousand_schedules_end_alike() {
    std::thread::scope(|scope| {
        for part in 0..4 {
            scope.spawn(move || (part * 2500..(part + 1) * 2500).for_each(session));
        }
    });
}
