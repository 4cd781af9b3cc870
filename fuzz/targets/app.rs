//! The application over a core: opens and accepts channels, sends, reads and asks as the input says, and remembers
//! enough to notice when it is told of something that was never asked for.

use super::core::config;
use super::forge::{GLOBALS, KINDS, REQUESTS};
use super::input::Input;
use crate::proto::channel::Recv;
use crate::proto::connection::Connection;
use crate::proto::event::{ChannelId, Event, Stream, Ticket};
use crate::proto::packet_in::MAX_ITEMS;
use crate::proto::phase::Role;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

#[derive(Default)]
pub(super) struct App {
    /// Opens we sent.
    requested: BTreeSet<u32>,
    /// Opens of the peer we have not answered.
    asked: BTreeSet<u32>,
    /// Windows by channel, pending ones too.
    windows: BTreeMap<u32, u32>,
    /// Confirmed either way.
    confirmed: BTreeSet<u32>,
    awaited: BTreeSet<(u32, u64)>,
    awaited_globals: BTreeSet<u64>,
    tickets: Vec<Ticket>,
    global_tickets: Vec<Ticket>,
}

impl App {
    /// Takes an event of the connection protocol.
    pub(super) fn event(&mut self, conn: &Connection, event: Event) {
        assert!(conn.username().is_some(), "before authentication: {event:?}");
        match event {
            Event::ChannelOpened(id) => {
                assert!(self.requested.remove(&id.0), "a channel nobody asked for was opened");
                assert!(self.confirmed.insert(id.0));
            }
            Event::ChannelRefused(id, _) => {
                assert!(self.requested.remove(&id.0), "a channel nobody asked for was refused");
                self.windows.remove(&id.0);
            }
            Event::ChannelIncoming(id, _) => {
                assert!(!self.confirmed.contains(&id.0) && !self.requested.contains(&id.0), "a number given twice");
                assert!(self.asked.insert(id.0), "a number given twice");
            }
            Event::Readable(id) | Event::Writable(id) | Event::Changed(id) => {
                assert!(self.confirmed.contains(&id.0), "{event:?}");
            }
            Event::ChannelReply { channel, token, .. } => {
                assert!(self.awaited.remove(&(channel.0, token)), "a reply to no request of ours");
            }
            Event::ChannelRequest { channel, ticket, .. } => {
                assert_eq!(conn.role(), Role::Server, "a client serves no requests");
                assert!(self.confirmed.contains(&channel.0));
                self.tickets.extend(ticket);
                assert!(self.tickets.len() <= 64 * (config().limits.pending_requests + MAX_ITEMS));
            }
            Event::GlobalReply { token, .. } | Event::GlobalUnanswered { token } => {
                assert!(self.awaited_globals.remove(&token), "a reply to no request of ours");
            }
            Event::GlobalRequest { ticket, .. } => self.global_tickets.extend(ticket),
            // All of them by name: an event that is added is decided on here, and does not first show in a fuzz run.
            Event::KexDone { .. }
            | Event::Job(_)
            | Event::AuthDone(_)
            | Event::AuthPrompts(_)
            | Event::AuthPasswordChange(_)
            | Event::AuthReady
            | Event::Banner
            | Event::AuthAsk { .. }
            | Event::Authenticated
            | Event::Log(..)
            | Event::Ended(_) => panic!("not an event of the connection protocol: {event:?}"),
        }
    }

    pub(super) fn check(&self, conn: &Connection) {
        assert!(conn.open_channels() <= self.confirmed.len(), "a channel is open that nobody opened or accepted");
        let queued = |id| conn.channel(ChannelId(id)).map_or(0, |c| c.queued(Stream::Data) + c.queued(Stream::Stderr));
        let held: usize = self.confirmed.iter().map(|&id| queued(id)).sum();
        let windows: u64 = self.windows.values().map(|&window| u64::from(window)).sum();
        let stderr = config().limits.stderr_buffer * (self.confirmed.len() + 1);
        assert!(held as u64 <= windows + stderr as u64, "{held} bytes held for windows of {windows}");
    }

    /// A channel we know, or any number.
    fn channel(&self, input: &mut Input<'_>) -> ChannelId {
        let known: Vec<u32> = self.confirmed.iter().chain(&self.requested).chain(&self.asked).copied().collect();
        match input.u8() {
            n @ 0..=239 if !known.is_empty() => ChannelId(known[usize::from(n) % known.len()]),
            _ => ChannelId(input.number()),
        }
    }

    fn forget(&mut self, id: ChannelId) {
        self.requested.remove(&id.0);
        self.asked.remove(&id.0);
        self.awaited.retain(|(channel, _)| *channel != id.0);
        self.windows.remove(&id.0);
        self.confirmed.remove(&id.0);
    }

    pub(super) fn command(&mut self, conn: &mut Connection, now: Instant, input: &mut Input<'_>) {
        match input.u8() % 14 {
            0 | 1 => {
                let window = input.number();
                let kind = input.pick(KINDS);
                if let Ok(id) = conn.open_channel(kind, input.bytes(), window, input.number()) {
                    assert!(conn.is_authenticated());
                    assert!(self.requested.insert(id.0) && !self.confirmed.contains(&id.0));
                    self.windows.insert(id.0, window);
                }
            }
            2 => send(conn, self.channel(input), input),
            3 | 4 => recv(conn, now, self.channel(input), input),
            5 => drop(conn.send_eof(self.channel(input))),
            6 => self.close(conn, input),
            7 => drop(conn.shutdown_read(self.channel(input))),
            8 => {
                let (id, want_reply) = (self.channel(input), input.bool());
                if let Ok(token) = conn.channel_request(id, input.pick(REQUESTS), input.bytes(), want_reply) {
                    if want_reply {
                        self.awaited.insert((id.0, token));
                    }
                }
            }
            9 => drop(conn.set_combine_stderr(self.channel(input), input.bool())),
            10 => {
                let want_reply = input.bool();
                if let Ok(token) = conn.global_request(input.pick(GLOBALS), input.bytes(), want_reply) {
                    assert!(conn.is_authenticated());
                    if want_reply {
                        self.awaited_globals.insert(token);
                    }
                }
            }
            11 => conn.set_keepalive(now, Duration::from_millis(u64::from(input.number())), u32::from(input.u8() % 4)),
            12 => drop(conn.send_ignore(usize::from(input.u16()))),
            _ => {
                if input.u8() > 200 {
                    conn.disconnect(now, input.number(), "the application is done");
                }
            }
        }
    }

    fn close(&mut self, conn: &mut Connection, input: &mut Input<'_>) {
        let id = self.channel(input);
        match input.u8() % 3 {
            // An open that is not confirmed is given up by closing, one that is not answered is refused.
            0 if conn.close_channel(id).is_ok() && !self.confirmed.contains(&id.0) => self.forget(id),
            0 => {}
            1 => {
                conn.release_channel(id);
                self.forget(id);
            }
            _ if self.requested.contains(&id.0) => {
                conn.abandon_open(id);
                self.forget(id);
            }
            _ => {}
        }
    }

    pub(super) fn answer(&mut self, conn: &mut Connection, input: &mut Input<'_>) {
        match input.u8() % 4 {
            0 => {
                let id = self.asked.first().map_or(ChannelId(input.number()), |&id| ChannelId(id));
                let window = input.number();
                if conn.accept_channel(id, window, input.number()).is_ok() {
                    assert!(self.asked.remove(&id.0) && self.confirmed.insert(id.0));
                    self.windows.insert(id.0, window);
                }
            }
            1 => {
                let id = self.asked.first().map_or(ChannelId(input.number()), |&id| ChannelId(id));
                if conn.refuse_channel(id, input.number(), "no").is_ok() {
                    assert!(self.asked.remove(&id.0));
                }
            }
            2 => {
                // Out of order too: replies must not be.
                let n = usize::from(input.u8()) % self.tickets.len().max(1);
                let ticket =
                    if self.tickets.is_empty() { Ticket(input.number().into()) } else { self.tickets.swap_remove(n) };
                let _ = conn.answer_channel_request(ticket, input.bool());
            }
            _ => {
                let n = usize::from(input.u8()) % self.global_tickets.len().max(1);
                let none = self.global_tickets.is_empty();
                let ticket = if none { Ticket(input.number().into()) } else { self.global_tickets.swap_remove(n) };
                let _ = conn.answer_global(ticket, input.bool().then(|| input.bytes()));
            }
        }
    }
}

fn send(conn: &mut Connection, id: ChannelId, input: &mut Input<'_>) {
    let stream = input.pick(&[Stream::Data, Stream::Stderr]);
    let data = vec![b'd'; usize::from(input.u16())];
    if let Ok(sent) = conn.send(id, stream, &data) {
        assert!(sent <= data.len());
    }
}

fn recv(conn: &mut Connection, now: Instant, id: ChannelId, input: &mut Input<'_>) {
    let stream = input.pick(&[Stream::Data, Stream::Stderr]);
    let max = usize::from(input.u16());
    let mut handed = 0;
    match conn.recv(now, id, stream, max, &mut |bytes| handed += bytes.len()) {
        Ok(Recv::Data(n)) => assert!(n == handed && n <= max),
        _ => assert_eq!(handed, 0),
    }
}
