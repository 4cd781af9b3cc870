//! The protocol core with what its waiters wait for: everything under a transport's one lock.

use super::begin::Begun;
use super::event::Event as Flag;
use super::hooks::{AuthAsk, ServerSide};
use super::lock::Condvar;
use super::pool::Strand;
use super::relay::Wake;
use super::shared::{Io, Shared};
use super::sys::Signal;
use super::transport::TransportOptions;
use super::watch::Watchers;
use super::writer::Output;
use super::{forward, hostkeys, log, server};
use crate::error::{Error, ErrorKind, Result};
use crate::proto::connection::Connection;
use crate::proto::event::{AuthOutcome, ChannelId, Event, Prompts, Stream};
use crate::proto::kex::KexJob;
use crate::proto::phase::{wrong_role, Role};
use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Hooks queued before input waits for them.
const MAX_HOOKS_WAITING: usize = 256;

/// What must run without the lock, as soon as it is free.
pub(super) enum After {
    /// Key exchange arithmetic.
    Job(KexJob),
    /// A line for the log callback; where a channel is named, under that one's name.
    Log(u8, Option<Arc<str>>, String),
    /// Something whose destructor may be the application's code: dropped on the pool.
    Drop(Box<dyn Any + Send>),
}

/// Whom a channel's events wake. Used with the transport's lock.
#[derive(Default)]
pub(super) struct Waits {
    /// Readers, and those who wait for replies or closure.
    pub readable: Condvar,
    /// Senders.
    pub writable: Condvar,
}

/// A channel as its handles see it.
pub(super) struct ChannelState {
    pub waits: Arc<Waits>,
    /// Polls readable while a read would not wait; made on first use.
    pub signal: Option<Signal>,
    /// Polls readable while a send is worth trying; made on first use.
    pub send_signal: Option<Signal>,
    /// Readiness queues it is in.
    pub watchers: Watchers,
    /// Whoever relays it.
    pub relay: Option<Wake>,
    /// The application closed it while it was open and relayed.
    pub cut: bool,
    /// How the open went; None while it is not answered.
    pub opened: Option<Result<()>>,
    /// What was begun, oldest first.
    pub begun: VecDeque<Begun>,
    /// One thread waits for both directions: senders' news go to `readable` as well.
    pub both: bool,
    /// Handles that name it, views of hooks included: while there are any, its number is not used again.
    pub handles: usize,
    /// The application has, or had, a handle that owns it.
    pub adopted: bool,
    /// Its name in the log, where it has another one than its number.
    pub name: Option<Arc<str>>,
}

impl ChannelState {
    pub(super) fn new(opened: Option<Result<()>>) -> Self {
        Self {
            waits: Arc::default(),
            signal: None,
            send_signal: None,
            watchers: Watchers::default(),
            relay: None,
            cut: false,
            opened,
            begun: VecDeque::new(),
            both: false,
            handles: 0,
            adopted: false,
            name: None,
        }
    }
}

/// What the authenticating thread waits for.
pub(super) enum AuthNews {
    Done(AuthOutcome),
    Prompts(Prompts),
    ChangePassword(Vec<u8>),
}

/// The client's authentication, one attempt at a time.
#[derive(Default)]
pub(super) struct AuthSlot {
    pub busy: bool,
    /// Whoever asked has gone: the answer is dropped.
    pub abandoned: bool,
    pub news: Option<AuthNews>,
}

/// A transport's state.
pub(super) struct Core {
    /// None before the start, and after a bug of ours.
    pub conn: Option<Connection>,
    pub started: bool,
    pub options: TransportOptions,
    /// The first fatal error; from here on the transport is over.
    pub error: Option<Error>,
    pub io: Option<Io>,
    pub out: Output,
    pub channels: HashMap<ChannelId, ChannelState>,
    /// Channel requests that want a reply.
    pub replies: HashMap<u64, Option<bool>>,
    /// Global requests that want a reply.
    pub globals: HashMap<u64, Option<Option<Vec<u8>>>>,
    pub auth: AuthSlot,
    /// An attempt that will set an event runs, or is about to.
    pub auth_event: bool,
    /// Channels the peer opened, accepted, for `accept`.
    pub incoming: VecDeque<ChannelId>,
    /// Readiness queues the transport is in.
    pub watchers: Watchers,
    /// Key exchanges finished.
    pub exchanges: u64,
    /// Set when the first key exchange is over, or the transport is.
    pub start_flags: Vec<Flag>,
    /// Channels a client lets the peer open.
    pub forwards: forward::Forwards,
    /// The host keys a client learns of.
    pub hostkeys: hostkeys::Hostkeys,
    /// What a server brings.
    pub server: ServerSide,
    /// Runs its hooks, in order.
    pub strand: Strand,
    pub after: Vec<After>,
    /// When the poller calls.
    pub armed: Option<Instant>,
    /// The transport is over; its socket is closed now at the latest.
    pub closing: Option<Instant>,
    /// The peer has ended its side: no need to linger for it.
    pub peer_gone: bool,
    /// Writing failed; the input must end by now.
    pub lost_by: Option<Instant>,
    /// When idle buffers are looked at.
    pub trim_at: Option<Instant>,
    /// The reader waits to be told that input is wanted again.
    pub input_held: bool,
    pub log_level: u8,
    pub hexdump: bool,
}

impl Core {
    pub(super) fn new(io: Io, options: TransportOptions) -> Self {
        Self {
            conn: None,
            started: false,
            options,
            error: None,
            io: Some(io),
            out: Output::default(),
            channels: HashMap::new(),
            replies: HashMap::new(),
            globals: HashMap::new(),
            auth: AuthSlot::default(),
            auth_event: false,
            incoming: VecDeque::new(),
            watchers: Watchers::default(),
            exchanges: 0,
            start_flags: Vec::new(),
            forwards: forward::Forwards::default(),
            hostkeys: hostkeys::Hostkeys::default(),
            server: ServerSide::default(),
            strand: Strand::default(),
            after: Vec::new(),
            armed: None,
            closing: None,
            peer_gone: false,
            lost_by: None,
            trim_at: None,
            input_held: false,
            log_level: 0,
            hexdump: false,
        }
    }

    /// The connection while it is alive; else why it is not.
    pub(super) fn live(&mut self) -> Result<&mut Connection> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        self.conn.as_mut().ok_or_else(not_started)
    }

    /// The connection, ended or not: what came before the end can still be read.
    pub(super) fn conn(&mut self) -> Result<&mut Connection> {
        match (&mut self.conn, &self.error) {
            (Some(conn), _) => Ok(conn),
            (None, Some(error)) => Err(error.clone()),
            (None, None) => Err(not_started()),
        }
    }

    /// Fails where the transport was started in the other role.
    pub(super) fn require_role(&self, role: Role) -> Result<()> {
        match &self.conn {
            Some(conn) if conn.role() != role => Err(wrong_role(role)),
            _ => Ok(()),
        }
    }

    /// Fails once the transport was started: a transport connects once.
    pub(super) fn unstarted(&self) -> Result<()> {
        if self.started {
            let text =
                "the transport is started already: settings are made before, and another connection takes another \
                        transport";
            return Err(Error::new(ErrorKind::InvalidState, text)
                .helped_by("make the settings before the start, on a new transport"));
        }
        Ok(())
    }

    /// Whether the transport has ended.
    pub(super) fn is_over(&self) -> bool {
        self.error.is_some()
    }

    /// Started, and past the first key exchange.
    pub(super) fn is_active(&self) -> bool {
        !self.is_over() && self.exchanges > 0
    }

    /// When the poller must call next.
    pub(super) fn next_time(&mut self) -> Option<Instant> {
        if self.out.holds_memory() && self.trim_at.is_none() && self.io.is_some() {
            self.trim_at = Instant::now().checked_add(Duration::from_secs(1));
        }
        let core = if self.is_over() { None } else { self.conn.as_ref().and_then(Connection::poll_timeout) };
        let closing = self.closing.filter(|_| self.io.is_some());
        [core, closing, self.lost_by, self.trim_at].into_iter().flatten().min()
    }

    /// Does what is due.
    pub(super) fn on_timer(&mut self, now: Instant) {
        if self.trim_at.is_some_and(|at| at <= now) {
            self.trim_at = None;
            if let Some(conn) = &mut self.conn {
                self.out.trim(conn);
            }
        }
        if self.lost_by.is_some_and(|at| at <= now) {
            self.lost_by = None;
            if let Ok(conn) = self.live() {
                conn.handle_error(now, Error::from(ErrorKind::ConnectionLost));
            }
        }
        if let Ok(conn) = self.live() {
            if conn.poll_timeout().is_some_and(|at| at <= now) {
                conn.handle_timeout(now);
            }
        }
    }

    /// Whether more input may be handled. Beside the core's own reasons, hooks that fall far behind stop it: a peer
    /// must not fill the memory with requests that want no reply.
    pub(super) fn wants_input(&self) -> bool {
        self.conn.as_ref().is_none_or(Connection::wants_input) && self.strand.waiting() < MAX_HOOKS_WAITING
    }

    /// Whether the reader waits and need wait no more.
    pub(super) fn may_resume_input(&mut self) -> bool {
        let resume = self.input_held && (self.is_over() || self.wants_input());
        self.input_held &= !resume;
        resume
    }

    /// Whether the last output has gone, or never will.
    pub(super) fn may_end_io(&self, now: Instant) -> bool {
        let drained = self.out.is_empty() && !self.conn.as_ref().is_some_and(Connection::has_output);
        drained || self.out.is_closed() || self.closing.is_none_or(|at| at <= now)
    }

    /// Takes the core's events and passes them to those who wait for them.
    pub(super) fn dispatch(&mut self, shared: &Arc<Shared>) {
        let level = log::level();
        if let Some(conn) = self.conn.as_mut().filter(|_| level != self.log_level) {
            conn.set_log_level(level);
            self.log_level = level;
        }
        while let Some(event) = self.conn.as_mut().and_then(Connection::poll_event) {
            self.event(shared, event);
        }
    }

    fn event(&mut self, shared: &Arc<Shared>, event: Event) {
        match event {
            Event::KexDone { first: _ } => {
                self.exchanges += 1;
                self.start_flags.drain(..).for_each(|flag| flag.set());
                shared.changed.notify_all();
            }
            Event::Job(job) => self.after.push(After::Job(job)),
            Event::Log(level, channel, text) => {
                let name = channel.map(|id| self.channel_name(id));
                self.after.push(After::Log(level, name, text));
            }
            Event::AuthDone(outcome) => self.auth_news(shared, AuthNews::Done(outcome)),
            Event::AuthPrompts(prompts) => self.auth_news(shared, AuthNews::Prompts(prompts)),
            Event::AuthPasswordChange(prompt) => self.auth_news(shared, AuthNews::ChangePassword(prompt)),
            Event::AuthReady => shared.changed.notify_all(),
            Event::Banner => {}
            Event::Authenticated => {
                hostkeys::announce(self);
                shared.changed.notify_all();
            }
            Event::ChannelOpened(id) => self.open_answered(id, Ok(())),
            Event::ChannelRefused(id, error) => self.open_answered(id, Err(error)),
            Event::Readable(id) => {
                self.channel_changed(id);
                self.wake(id, true, false);
            }
            Event::Writable(id) => {
                self.channel_changed(id);
                self.wake(id, false, true);
            }
            Event::Changed(id) => {
                self.channel_changed(id);
                self.wake(id, true, true);
            }
            Event::ChannelReply { channel, token, ok } => {
                forward::channel_replied(self, token, ok);
                if let Some(place) = self.replies.get_mut(&token) {
                    *place = Some(ok);
                    self.wake(channel, true, false);
                    self.channel_changed(channel);
                }
            }
            Event::GlobalReply { token, data } => {
                forward::global_replied(self, token, data.as_deref());
                hostkeys::replied(self, shared, token, data.as_deref());
                if let Some(place) = self.globals.get_mut(&token) {
                    *place = Some(data);
                    shared.changed.notify_all();
                }
            }
            // Who waits is told by `Ended`, with the reason.
            Event::GlobalUnanswered { token } => forward::global_replied(self, token, None),
            Event::ChannelIncoming(id, open) => server::incoming(self, shared, id, open),
            Event::ChannelRequest { channel, ticket, request, data } => {
                server::channel_request(self, shared, channel, ticket, request, data);
            }
            Event::GlobalRequest { ticket, request, data } => {
                server::global_request(self, shared, ticket, request, data);
            }
            Event::AuthAsk { ticket, user, passed, question } => {
                server::auth_ask(self, shared, ticket, AuthAsk { user, passed, question });
            }
            Event::Ended(error) => self.ended(shared, error),
        }
    }

    fn auth_news(&mut self, shared: &Arc<Shared>, news: AuthNews) {
        let done = matches!(news, AuthNews::Done(_));
        if !self.auth.abandoned {
            self.auth.news = Some(news);
        } else if done {
            self.auth = AuthSlot::default();
        } else if let Some(conn) = &mut self.conn {
            // Nobody is left to answer.
            conn.auth_abort(Instant::now());
        }
        shared.changed.notify_all();
    }

    /// A channel the peer opened waits for `accept`.
    pub(super) fn offer_incoming(&mut self, shared: &Shared, id: ChannelId) {
        self.incoming.push_back(id);
        self.tell_transport_watchers();
        shared.changed.notify_all();
    }

    fn open_answered(&mut self, id: ChannelId, answer: Result<()>) {
        if let Some(channel) = self.channels.get_mut(&id) {
            channel.opened = Some(answer);
        }
        self.wake(id, true, false);
        self.channel_changed(id);
    }

    pub(super) fn wake(&self, id: ChannelId, readers: bool, senders: bool) {
        if let Some(channel) = self.channels.get(&id) {
            if let Some(relay) = &channel.relay {
                relay.wake();
            }
            if readers || channel.both {
                channel.waits.readable.notify_all();
            }
            if senders {
                channel.waits.writable.notify_all();
            }
        }
    }

    /// A channel's name in the log: its number, unless the application named it.
    pub(super) fn channel_name(&self, id: ChannelId) -> Arc<str> {
        let named = self.channels.get(&id).and_then(|channel| channel.name.clone());
        named.unwrap_or_else(|| id.0.to_string().into())
    }

    /// Tells those who poll for a channel, by its descriptors or by queues, that it may have become ready for something.
    pub(super) fn channel_changed(&mut self, id: ChannelId) {
        // Most channels have none of them.
        let polled =
            |state: &ChannelState| state.signal.is_some() || state.send_signal.is_some() || !state.watchers.is_empty();
        if self.channels.get(&id).is_some_and(polled) {
            self.update_signal(id);
            self.tell_watchers(id);
        }
    }

    /// Makes a channel's descriptors tell what reads and sends would do; called whenever that may have changed.
    pub(super) fn update_signal(&mut self, id: ChannelId) {
        let Some(state) = self.channels.get_mut(&id) else { return };
        // Most channels have none, and every send comes by.
        if state.signal.is_none() && state.send_signal.is_none() {
            return;
        }
        let channel = self.conn.as_ref().and_then(|conn| conn.channel(id));
        let (over, answered) = (self.error.is_some(), state.opened.is_some());
        if let Some(signal) = &mut state.signal {
            signal.set(channel.is_none_or(|c| c.readable(Stream::Data) || c.readable(Stream::Stderr)));
        }
        if let Some(signal) = &mut state.send_signal {
            signal.set(over || channel.is_none_or(|c| answered && c.writable()));
        }
    }

    /// Ends the transport: every waiter finds out.
    pub(super) fn ended(&mut self, shared: &Arc<Shared>, error: Error) {
        if self.error.is_none() {
            if !self.start_flags.is_empty() {
                shared.store_exception(error.clone());
            }
            self.error = Some(error);
        }
        self.closing = Instant::now().checked_add(self.options.close_timeout);
        self.lost_by = None;
        self.drop_callbacks();
        self.wake_all();
        shared.changed.notify_all();
    }

    /// A bug of ours: the core may be in any state and is not used again.
    pub(super) fn fail_internal(&mut self) {
        self.conn = None;
        self.error.get_or_insert_with(|| Error::from(ErrorKind::Internal));
        self.out.give_up();
        self.peer_gone = true;
        self.drop_callbacks();
        self.wake_all();
    }

    pub(super) fn drop_callbacks(&mut self) {
        let owned = (std::mem::take(&mut self.server), std::mem::take(&mut self.forwards));
        let hostkeys = std::mem::take(&mut self.hostkeys);
        if hostkeys.is_of_application() {
            self.after.push(After::Drop(Box::new(hostkeys)));
        }
        if owned.0.is_of_application() || owned.1.is_of_application() {
            self.after.push(After::Drop(Box::new(owned)));
        }
    }

    fn wake_all(&mut self) {
        self.start_flags.drain(..).for_each(|flag| flag.set());
        for channel in self.channels.values_mut() {
            for signal in [&mut channel.signal, &mut channel.send_signal].into_iter().flatten() {
                signal.set(true);
            }
            if let Some(relay) = &channel.relay {
                relay.wake();
            }
            channel.waits.readable.notify_all();
            channel.waits.writable.notify_all();
        }
        self.tell_all_watchers();
    }
}

fn not_started() -> Error {
    Error::new(ErrorKind::InvalidState, "the transport is not started")
        .helped_by("start it first: ssh_transport_connect, ssh_transport_start_client or ssh_transport_start_server")
}
