//! The server's side: starting one, and taking the core's questions to the hooks and their answers back.

use super::channel::Channel;
use super::core::{After, Core};
use super::deadline::Deadline;
use super::event::Event;
use super::forward::{self, accept, refuse};
use super::hooks::{server_moduli, Answer, AuthAsk, ChannelAsk, DenyAll, Hooks, SubsystemHandler, Verdict};
use super::hostkeys;
use super::permit::{self, Forced};
use super::runtime::Runtime;
use super::shared::{Locked, Shared};
use super::start::{await_start, begin};
use super::transport::Transport;
use crate::crypto::hostkey::{PrivateKey, PublicKey};
use crate::crypto::rng::SystemRng;
use crate::error::{Error, ErrorKind, Result};
use crate::proto::connection::Connection;
use crate::proto::event::{AuthQuestion, AuthVerdict, ChannelId, IncomingOpen, Ticket};
use crate::proto::hostkeys::{ANNOUNCE, PROVE};
use crate::proto::phase::Role;
use crate::wire::msg_channel::{EnvRequest, StreamlocalForward, TcpipForward};
use crate::wire::Writer;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;
use std::time::Instant;

/// RFC 4254 section 5.1.
const PROHIBITED: u32 = 1;

impl Transport {
    /// Starts as a server and waits for the first key exchange. Without hooks everything is denied. When the deadline
    /// passes first, the transport ends.
    pub fn start_server(&self, hooks: Option<Arc<dyn Hooks>>, deadline: Deadline) -> Result<()> {
        self.begin_server(hooks, None)?;
        await_start(self.shared(), deadline)
    }

    /// Starts as a server; `done` is set when the first key exchange is over, or the transport is.
    pub fn start_server_event(&self, hooks: Option<Arc<dyn Hooks>>, done: &Event) -> Result<()> {
        self.begin_server(hooks, Some(done))
    }

    fn begin_server(&self, hooks: Option<Arc<dyn Hooks>>, done: Option<&Event>) -> Result<()> {
        let has_keys = |core: &mut Core| match core.server.keys.is_empty() {
            true => Err(Error::new(ErrorKind::InvalidState, "a server needs a host key first")
                .helped_by("add one with ssh_transport_add_server_key before the start")),
            false => Ok(()),
        };
        begin(self.shared(), done, has_keys, |core, config| {
            core.server.hooks = Some(hooks.unwrap_or_else(|| Arc::new(DenyAll)));
            let rng = Box::new(SystemRng::default());
            Connection::server(config, core.server.keys.clone(), server_moduli(), rng, Instant::now())
        })
    }

    /// Adds a host key before the start: one a type, each ECDSA curve apart; a later one replaces.
    pub fn add_server_key(&self, key: PrivateKey) -> Result<()> {
        let mut core = self.shared().lock()?;
        if core.started {
            return Err(Error::new(ErrorKind::InvalidState, "host keys are fixed once the transport is started"));
        }
        let kind = key.public().key_type();
        core.server.keys.retain(|known| known.public().key_type() != kind);
        core.server.keys.push(key);
        Ok(())
    }

    /// The host key in use; None before negotiation, and on a client.
    #[must_use]
    pub fn server_key(&self) -> Option<PublicKey> {
        self.peek(|conn| conn.server_key().map(|key| key.public().clone())).flatten()
    }

    /// Sets who serves a subsystem that the hooks leave undecided; None: nobody.
    pub fn set_subsystem_handler(&self, name: &str, handler: Option<SubsystemHandler>) -> Result<()> {
        let mut core = self.shared().lock()?;
        let subsystems = &mut core.server.subsystems;
        let old = match handler {
            Some(handler) => subsystems.insert(name.to_owned(), handler),
            None => subsystems.remove(name),
        };
        drop(core);
        // Outside of the lock: its destructor is the application's code.
        drop(old);
        Ok(())
    }
}

/// Runs `ask` with the hooks on the strand; its answer reaches `answer` under the lock, whenever it comes. `None`: the
/// right to answer was dropped, in a panic too; denied.
fn consult<A: 'static>(
    core: &mut Core,
    shared: &Arc<Shared>,
    ask: impl FnOnce(&dyn Hooks, &Arc<Shared>, Answer<A>) + Send + 'static,
    answer: impl FnOnce(&mut Locked<'_>, Option<A>) + Send + 'static,
) {
    let Some(hooks) = core.server.hooks.clone() else { return };
    let owner = Arc::clone(shared);
    let posted = core.strand.clone().post(
        &Runtime::get().pool,
        Box::new(move || {
            let right = Answer::new(&owner, answer);
            let _ = catch_unwind(AssertUnwindSafe(|| ask(&*hooks, &owner, right)));
        }),
    );
    if let (Err(error), Ok(conn)) = (posted, core.live()) {
        conn.handle_error(Instant::now(), error);
    }
}

pub(super) fn auth_ask(core: &mut Core, shared: &Arc<Shared>, ticket: Ticket, asked: AuthAsk) {
    let first = !std::mem::replace(&mut core.server.banner_sent, true);
    let (user, passed, method) = (asked.user.clone(), asked.passed.clone(), asked.question.method());
    let is_query = matches!(asked.question, AuthQuestion::KeyQuery { .. });
    let sk = match &asked.question {
        AuthQuestion::KeySigned { sk, .. } => *sk,
        _ => None,
    };
    core.server.begin_question(passed.is_empty());
    consult(
        core,
        shared,
        move |hooks, shared, right| {
            let transport = Transport::view(shared);
            let banner = first.then(|| hooks.banner(&transport)).flatten();
            if let (Some((text, language)), Ok(mut core)) = (banner, shared.lock()) {
                if let Ok(conn) = core.live() {
                    // A text that fits no message is not shown.
                    let _ = conn.send_banner(&text, &language);
                }
            }
            if may_follow(hooks, &transport, &asked) {
                hooks.check_auth(&transport, &asked, right);
            }
        },
        move |core, said| {
            let mut passed = passed;
            let said = permit::end_question(core, said.unwrap_or(AuthVerdict::Failure), is_query, sk);
            let verdict = match said {
                AuthVerdict::Failure => AuthVerdict::Failure,
                AuthVerdict::Partial if !is_query => {
                    passed.push(method);
                    AuthVerdict::Partial
                }
                final_one => {
                    let Ok(conn) = core.live() else { return };
                    let Err(error) = conn.auth_answer(Instant::now(), ticket, final_one, &[]) else { return };
                    // It does not fit the question: denied.
                    core.after.push(After::Log(2, None, format!("the application's answer to \"{method}\": {error}")));
                    AuthVerdict::Failure
                }
            };
            refuse_auth(core, ticket, verdict, user, passed);
        },
    );
}

/// Whether the hooks list the method as one that can come now: what is not offered is not asked about, or a client
/// could leave out a step. "none" is never listed, and answers to prompts belong to an attempt that was allowed.
fn may_follow(hooks: &dyn Hooks, transport: &Transport, asked: &AuthAsk) -> bool {
    matches!(asked.question, AuthQuestion::None | AuthQuestion::InteractiveAnswers(_))
        || hooks.allowed_auths(transport, &asked.user, &asked.passed).iter().any(|name| name == asked.question.method())
}

/// Answers with a failure, partial or not, and the methods that can follow, which only the hooks know.
fn refuse_auth(core: &mut Locked<'_>, ticket: Ticket, verdict: AuthVerdict, user: String, passed: Vec<&'static str>) {
    let shared = Arc::clone(core.shared);
    consult(
        core,
        &shared,
        move |hooks, shared, right| right.give(hooks.allowed_auths(&Transport::view(shared), &user, &passed)),
        move |core, said| {
            let left = said.unwrap_or_default();
            let left: Vec<&str> = left.iter().map(String::as_str).collect();
            let Ok(conn) = core.live() else { return };
            let now = Instant::now();
            if let Err(error) = conn.auth_answer(now, ticket, verdict, &left) {
                // A partial success that nothing can follow, or method names that fit no list: denied.
                let _ = conn.auth_answer(now, ticket, AuthVerdict::Failure, &[]);
                core.after.push(After::Log(
                    2,
                    None,
                    format!("the application's answer, or the methods to follow: {error}"),
                ));
            }
        },
    );
}

pub(super) fn incoming(core: &mut Core, shared: &Arc<Shared>, id: ChannelId, open: IncomingOpen) {
    if core.conn.as_ref().is_none_or(|conn| conn.role() == Role::Client) {
        return forward::incoming(core, shared, id, &open);
    }
    if !permit::admits_open(core, &open) {
        return refuse(core, id, PROHIBITED, "not permitted");
    }
    consult(
        core,
        shared,
        move |hooks, shared, right| hooks.check_channel_open(&Transport::view(shared), id.0, &open, right),
        move |core, said| match said.unwrap_or_else(|| Err((PROHIBITED, String::new()))) {
            Err((reason, text)) => refuse(core, id, reason, &text),
            Ok(()) => {
                if accept(core, id) {
                    let shared = Arc::clone(core.shared);
                    core.offer_incoming(&shared, id);
                }
            }
        },
    );
}

pub(super) fn channel_request(
    core: &mut Core,
    shared: &Arc<Shared>,
    id: ChannelId,
    ticket: Option<Ticket>,
    request: String,
    data: Vec<u8>,
) {
    if core.server.hooks.is_none() {
        return answer_request(core, ticket, false);
    }
    let mut name = subsystem_name(&request, &data);
    let mut forced = Forced::default();
    if let Ok(ask) = ChannelAsk::parse(&request, &data) {
        if !permit::admits_request(core, &ask) {
            return answer_request(core, ticket, false);
        }
        forced = permit::forced(core, &ask);
        if let Some(ask) = forced.ask() {
            name = matches!(ask, ChannelAsk::Subsystem(_)).then(|| "sftp".to_owned());
        }
    }
    consult(
        core,
        shared,
        move |hooks, shared, right| {
            let channel = shared.lock().and_then(|mut core| Channel::make(&mut core, shared, id, false));
            // A channel that is gone, and a request that breaks the format, are refused.
            if let (Ok(channel), Ok(ask)) = (channel, ChannelAsk::parse(&request, &data)) {
                for (name, value) in &forced.environment {
                    let ask = ChannelAsk::PermittedEnvironment(EnvRequest::new(name.as_bytes(), value));
                    hooks.check_channel_request(&channel, &ask, Answer::new(shared, |_, _| {}));
                }
                hooks.check_channel_request(&channel, &forced.ask().unwrap_or(ask), right);
            }
        },
        move |core, said| {
            let verdict = said.unwrap_or(Verdict::Refuse);
            let handler = match (&verdict, &name) {
                (Verdict::Undecided, Some(name)) => core.server.subsystems.get(name).cloned(),
                _ => None,
            };
            answer_request(core, ticket, verdict == Verdict::Accept || handler.is_some());
            if let (Some(handler), Some(name)) = (handler, name) {
                serve_subsystem(core, id, handler, name);
            }
        },
    );
}

fn subsystem_name(request: &str, data: &[u8]) -> Option<String> {
    match ChannelAsk::parse(request, data) {
        Ok(ChannelAsk::Subsystem(name)) => std::str::from_utf8(name).ok().map(str::to_owned),
        _ => None,
    }
}

/// On a thread of its own, behind the reply.
fn serve_subsystem(core: &mut Locked<'_>, id: ChannelId, handler: SubsystemHandler, name: String) {
    let Ok(channel) = Channel::adopt(core, id, false) else { return };
    let task = Box::new(move || {
        let served = catch_unwind(AssertUnwindSafe(|| handler(&channel, &name)));
        channel.close();
        drop(served);
    });
    // Without a thread to be had nobody serves the channel: it closes.
    if Runtime::get().pool.spawn(task).is_err() {
        if let Ok(conn) = core.live() {
            let _ = conn.close_channel(id);
        }
    }
}

fn answer_request(core: &mut Core, ticket: Option<Ticket>, ok: bool) {
    if let (Some(ticket), Ok(conn)) = (ticket, core.live()) {
        // Fails where the channel is gone.
        let _ = conn.answer_channel_request(ticket, ok);
    }
}

pub(super) fn global_request(
    core: &mut Core,
    shared: &Arc<Shared>,
    ticket: Option<Ticket>,
    request: String,
    data: Vec<u8>,
) {
    if core.server.hooks.is_none() {
        let announced = request == ANNOUNCE;
        if announced {
            hostkeys::announced(core, shared, data);
        }
        return answer_global(core, ticket, announced.then_some(&[]));
    }
    match request.as_str() {
        ANNOUNCE => answer_global(core, ticket, None),
        PROVE => hostkeys::prove(core, shared, ticket, data),
        "tcpip-forward" | "cancel-tcpip-forward" => {
            let Some((address, port)) = forward_of(&data) else { return answer_global(core, ticket, None) };
            if request == "tcpip-forward" {
                if !permit::admits_listen(core, &address, Some(port)) {
                    return answer_global(core, ticket, None);
                }
                return port_forward(core, shared, ticket, address, port);
            }
            grant(core, shared, ticket, move |hooks, transport, right| {
                hooks.cancel_port_forward(transport, &address, port, right);
            });
        }
        "streamlocal-forward@openssh.com" | "cancel-streamlocal-forward@openssh.com" => {
            let Some(path) = path_of(&data) else { return answer_global(core, ticket, None) };
            let cancel = request.starts_with("cancel");
            if !cancel && !permit::admits_listen(core, &path, None) {
                return answer_global(core, ticket, None);
            }
            grant(core, shared, ticket, move |hooks, transport, right| {
                if cancel {
                    hooks.cancel_streamlocal_forward(transport, &path, right);
                } else {
                    hooks.check_streamlocal_forward(transport, &path, right);
                }
            });
        }
        _ => consult(
            core,
            shared,
            move |hooks, shared, right| {
                hooks.check_global_request(&Transport::view(shared), &request, &data, right);
            },
            move |core, said| answer_global(core, ticket, said.flatten().as_deref()),
        ),
    }
}

fn forward_of(data: &[u8]) -> Option<(String, u16)> {
    let body = TcpipForward::parse(data).ok()?;
    Some((String::from_utf8(body.address.to_vec()).ok()?, u16::try_from(body.port).ok()?))
}

fn path_of(data: &[u8]) -> Option<String> {
    String::from_utf8(StreamlocalForward::parse(data).ok()?.path.to_vec()).ok()
}

/// Answers a global request with the hooks' yes or no.
fn grant(
    core: &mut Core,
    shared: &Arc<Shared>,
    ticket: Option<Ticket>,
    ask: impl FnOnce(&dyn Hooks, &Transport, Answer<bool>) + Send + 'static,
) {
    consult(
        core,
        shared,
        move |hooks, shared, right| ask(hooks, &Transport::view(shared), right),
        move |core, said| answer_global(core, ticket, said.unwrap_or(false).then_some(&[])),
    );
}

fn port_forward(core: &mut Core, shared: &Arc<Shared>, ticket: Option<Ticket>, address: String, port: u16) {
    consult(
        core,
        shared,
        move |hooks, shared, right| hooks.check_port_forward(&Transport::view(shared), &address, port, right),
        move |core, said: Option<Option<u16>>| {
            let mut reply = Vec::new();
            let Some(chosen) = said.flatten() else { return answer_global(core, ticket, None) };
            // RFC 4254 section 7.1: the reply names the port only if the peer asked for any.
            if port == 0 {
                Writer::new(&mut reply).u32(chosen.into());
            }
            answer_global(core, ticket, Some(&reply));
        },
    );
}

fn answer_global(core: &mut Core, ticket: Option<Ticket>, reply: Option<&[u8]>) {
    if let (Some(ticket), Ok(conn)) = (ticket, core.live()) {
        let _ = conn.answer_global(ticket, reply);
    }
}
