//! Receive windows over links with a delay and a rate, on a virtual clock.

use super::pair::{End, Pair};
use crate::proto::channel::Window;
use crate::proto::config::{Config, Limits};
use crate::proto::event::{ChannelId, Stream};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

const TICK: Duration = Duration::from_millis(1);

/// One direction: bytes a tick, and the delay; the sender's queue before it is as long as it gets.
struct Wire {
    per_tick: usize,
    delay: Duration,
    flying: VecDeque<(Instant, Vec<u8>)>,
}

impl Wire {
    fn carry(&mut self, now: Instant, from: &mut End, to: &mut End) {
        let n = from.wire.len().min(self.per_tick);
        if n > 0 {
            self.flying.push_back((now + self.delay, from.wire.drain(..n).collect()));
        }
        while self.flying.front().is_some_and(|(at, _)| *at <= now) {
            to.inbox.extend(self.flying.pop_front().unwrap().1);
        }
        to.pump(now);
    }
}

/// A pair with time between its ends; the server sends whenever it may.
struct Link {
    pair: Pair,
    down: Wire,
    up: Wire,
    data: Vec<u8>,
}

impl Link {
    /// `rate` in bytes a second; `rtt` there and back.
    fn open(config: Config, rate: usize, rtt: Duration) -> Self {
        let wire = || Wire { per_tick: rate / 1000, delay: rtt / 2, flying: VecDeque::new() };
        let pair = Pair::new(config.clone(), config, 1);
        let mut link = Self { pair, down: wire(), up: wire(), data: vec![7; 1 << 16] };
        link.pair.start();
        link.until(|pair| pair.client.conn.is_kex_done());
        link.pair.log_in();
        link.until(|pair| pair.client.conn.is_authenticated());
        link
    }

    fn tick(&mut self) {
        let Pair { client, server, now, .. } = &mut self.pair;
        *now += TICK;
        self.down.carry(*now, server, client);
        self.up.carry(*now, client, server);
    }

    fn until(&mut self, done: impl Fn(&Pair) -> bool) {
        for _ in 0..10_000 {
            if done(&self.pair) {
                return;
            }
            self.tick();
        }
        panic!("{:?} {:?}", self.pair.client.conn.error(), self.pair.server.conn.error());
    }

    fn channel(&mut self, window: Window) -> (ChannelId, ChannelId) {
        let opened = self.pair.server.accepted.len();
        let id = self.pair.client.conn.open_channel("session", b"", window, 1 << 15).unwrap();
        self.until(|pair| pair.server.accepted.len() > opened && pair.client.conn.channel(id).unwrap().is_open());
        (id, *self.pair.server.accepted.last().unwrap())
    }

    /// Lets `time` pass, the server sending on all of `channels`; the client reads those that `reads`. Bytes read.
    fn run(&mut self, time: Duration, channels: &[(ChannelId, ChannelId)], reads: impl Fn(usize) -> bool) -> usize {
        let (end, mut got) = (self.pair.now + time, 0);
        while self.pair.now < end {
            for &(_, theirs) in channels {
                while self.pair.server.wire.len() < 2 * self.down.per_tick {
                    if self.pair.server.conn.send(theirs, Stream::Data, &self.data).unwrap() == 0 {
                        break;
                    }
                    self.pair.server.pump(self.pair.now);
                }
            }
            self.tick();
            let now = self.pair.now;
            for (_, &(ours, _)) in channels.iter().enumerate().filter(|(i, _)| reads(*i)) {
                got += self.pair.client.read_all_at(now, ours, Stream::Data).len();
            }
        }
        got
    }

    fn queued(&self, id: ChannelId) -> usize {
        self.pair.client.conn.channel(id).unwrap().queued(Stream::Data)
    }

    fn window(&self, id: ChannelId) -> u32 {
        self.pair.client.conn.channel(id).unwrap().recv_window()
    }
}

const RTT: Duration = Duration::from_millis(200);
const SECOND: Duration = Duration::from_secs(1);

fn growing(start: u32) -> Window {
    Window { start, max: 64 << 20 }
}

#[test]
fn a_long_path_is_filled() {
    // 100 MB/s and 200 ms, as the defaults begin; then the same at a twentieth of it, from a small window.
    for (rate, start) in [(100_000_000, 2 << 20), (5_000_000, 1 << 15)] {
        let mut link = Link::open(Config::default(), rate, RTT);
        let channel = link.channel(growing(start));
        let mut last = start;
        for _ in 0..15 {
            link.run(RTT, &[channel], |_| true);
            let size = link.window(channel.0);
            assert!(size >= last, "growth is monotone: {size} after {last}");
            last = size;
        }
        let got = link.run(SECOND, &[channel], |_| true);
        assert!(got > rate / 10 * 9, "{got} bytes in a second of {rate}, with a window of {last}");
        let carried = u32::try_from(rate / 5).unwrap();
        assert!(last > carried && last < 4 * carried, "a window of {last} for a path of {carried}");
    }
}

#[test]
fn a_fixed_window_stays_and_a_cap_is_kept() {
    for window in [Window::from(1 << 20), Window { start: 1 << 20, max: 3_000_000 }] {
        let mut link = Link::open(Config::default(), 20_000_000, RTT);
        let channel = link.channel(window);
        link.run(4 * SECOND, &[channel], |_| true);
        assert_eq!(link.window(channel.0), window.max);
    }
}

#[test]
fn a_slow_link_and_a_short_path_need_no_growth() {
    for (rate, rtt) in [(200_000, RTT), (20_000_000, Duration::from_millis(4))] {
        let mut link = Link::open(Config::default(), rate, rtt);
        let channel = link.channel(growing(1 << 20));
        link.run(5 * SECOND, &[channel], |_| true);
        assert_eq!(link.window(channel.0), 1 << 20, "{rate} bytes a second, {rtt:?}");
    }
}

#[test]
fn nobody_who_does_not_read_gets_a_larger_window() {
    let mut link = Link::open(Config::default(), 20_000_000, RTT);
    let channel = link.channel(growing(1 << 20));
    assert_eq!(link.run(2 * SECOND, &[channel], |_| false), 0);
    assert_eq!(link.queued(channel.0), 1 << 20);
    // Reading all of it now and then is no keeping up either.
    for _ in 0..5 {
        link.pair.client.read_all_at(link.pair.now, channel.0, Stream::Data);
        link.run(SECOND, &[channel], |_| false);
        assert_eq!(link.window(channel.0), 1 << 20);
    }
    // One that has grown, and whose reader stops, holds what it has grown to and no more.
    link.run(2 * SECOND, &[channel], |_| true);
    let size = link.window(channel.0);
    assert!(size > 1 << 20);
    link.run(2 * SECOND, &[channel], |_| false);
    assert_eq!(link.window(channel.0), size);
    let (queued, size) = (link.queued(channel.0), usize::try_from(size).unwrap());
    // All but what was not worth an adjust yet.
    assert!(queued <= size && queued > size - (1 << 20), "{queued} of {size}");
}

#[test]
fn channels_share_what_windows_may_grow_by_and_give_it_back() {
    let limits = Limits { window_growth: 3 << 20, ..Limits::default() };
    let mut link = Link::open(Config { limits, ..Config::default() }, 20_000_000, RTT);
    let first = link.channel(growing(1 << 20));
    link.run(3 * SECOND, &[first], |_| true);
    assert_eq!(link.window(first.0), 4 << 20);
    let second = link.channel(growing(1 << 20));
    link.run(2 * SECOND, &[second], |_| true);
    assert_eq!(link.window(second.0), 1 << 20);
    link.pair.client.conn.release_channel(first.0);
    link.pair.server.conn.release_channel(first.1);
    link.run(3 * SECOND, &[second], |_| true);
    assert_eq!(link.window(second.0), 4 << 20);
}
