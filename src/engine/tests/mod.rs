//! Two transports over a socket pair: one scenario a file.

mod auth;
mod begin;
mod forward;
mod hostkeys;
mod lifecycle;
mod load;
mod permit;
mod ready;
mod relay;
mod server;
mod streams;

use super::{
    Answer, AuthAsk, Channel, ChannelAsk, Deadline, Event, Hooks, Recv, Refusal, Transport, TransportOptions, Verdict,
};
use crate::crypto::hostkey::PrivateKey;
use crate::proto::event::{AuthQuestion, AuthVerdict, IncomingOpen, Prompts, Stream};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, OnceLock};

/// Long enough for a loaded machine; reaching it is a failure.
pub(super) fn soon() -> Deadline {
    Deadline::after_ms(20_000)
}

pub(super) fn host_key() -> PrivateKey {
    static KEY: OnceLock<PrivateKey> = OnceLock::new();
    KEY.get_or_init(|| PrivateKey::generate_ed25519().unwrap()).clone()
}

/// The test server's application: password "secret", the host key as user key, prompts for "kbd".
pub(super) struct App {
    pub methods: Vec<&'static str>,
    /// Blocks the answer to an "exec" until set.
    pub gate: Option<Event>,
}

impl Default for App {
    fn default() -> Self {
        Self { methods: vec!["password", "publickey", "keyboard-interactive"], gate: None }
    }
}

impl Hooks for App {
    fn allowed_auths(&self, _: &Transport, _: &str, _: &[&str]) -> Vec<String> {
        self.methods.iter().map(|&m| m.to_owned()).collect()
    }

    fn banner(&self, _: &Transport) -> Option<(String, String)> {
        Some(("welcome\n".to_owned(), String::new()))
    }

    fn check_auth(&self, transport: &Transport, ask: &AuthAsk, answer: Answer<AuthVerdict>) {
        assert!(!transport.is_authenticated());
        let ok = |yes: bool| if yes { AuthVerdict::Success } else { AuthVerdict::Failure };
        answer.give(match &ask.question {
            AuthQuestion::Password(p) => ok(self.methods.contains(&"password") && p.as_slice() == b"secret"),
            AuthQuestion::KeyQuery { key, .. } | AuthQuestion::KeySigned { key, .. } => ok(key == host_key().public()),
            AuthQuestion::InteractiveStart { .. } => {
                AuthVerdict::Ask(Prompts { prompts: vec![(b"Password: ".to_vec(), false)], ..Prompts::default() })
            }
            AuthQuestion::InteractiveAnswers(answers) => ok(answers.len() == 1 && answers[0].as_slice() == b"secret"),
            _ => AuthVerdict::Failure,
        });
    }

    fn check_channel_open(&self, _: &Transport, _: u32, open: &IncomingOpen, answer: Answer<Result<(), Refusal>>) {
        answer.give(match open.kind.as_str() {
            "session" | "direct-tcpip" => Ok(()),
            _ => Err((3, "no such type here".to_owned())),
        });
    }

    fn check_channel_request(&self, _: &Channel, ask: &ChannelAsk<'_>, answer: Answer<Verdict>) {
        answer.give(match ask {
            ChannelAsk::Exec(_) => {
                if let Some(gate) = &self.gate {
                    assert!(gate.wait(soon()));
                }
                Verdict::Accept
            }
            ChannelAsk::Shell => Verdict::Accept,
            _ => Verdict::Undecided,
        });
    }

    fn check_port_forward(&self, _: &Transport, _: &str, port: u16, answer: Answer<Option<u16>>) {
        answer.give(Some(if port == 0 { 4242 } else { port }));
    }
}

/// A client and a server past the first key exchange.
pub(super) struct Pair {
    pub client: Transport,
    pub server: Transport,
}

pub(super) fn options() -> TransportOptions {
    TransportOptions::default()
}

pub(super) fn fds() -> (std::os::fd::OwnedFd, std::os::fd::OwnedFd) {
    let (a, b) = UnixStream::pair().unwrap();
    (a.into(), b.into())
}

impl Pair {
    pub(super) fn new() -> Self {
        Self::with(App::default(), options(), options())
    }

    pub(super) fn with(app: App, client: TransportOptions, server: TransportOptions) -> Self {
        let (a, b) = fds();
        Self::join(Transport::from_fd(a, client).unwrap(), Transport::from_fd(b, server).unwrap(), app)
    }

    pub(super) fn join(client: Transport, server: Transport, app: App) -> Self {
        server.add_server_key(host_key()).unwrap();
        let done = Event::new();
        server.start_server_event(Some(Arc::new(app)), &done).unwrap();
        client.start_client(soon()).unwrap();
        assert!(done.wait(soon()));
        assert_eq!(server.take_exception(), None);
        Self { client, server }
    }

    /// A pair whose client is logged in.
    pub(super) fn open() -> Self {
        Self::new().login()
    }

    pub(super) fn login(self) -> Self {
        let done = self.client.auth_password("user", b"secret", false, None, soon()).unwrap();
        assert!(done.left.is_empty());
        self
    }

    /// A channel's two ends.
    pub(super) fn channel(&self) -> (Channel, Channel) {
        let ours = self.client.open_channel("session", b"", None, None, soon()).unwrap();
        (ours, self.server.accept(soon()).unwrap())
    }
}

/// Reads one stream to its end.
pub(super) fn read_all(channel: &Channel, stream: Stream) -> Vec<u8> {
    let mut all = Vec::new();
    while let Recv::Data(_) = channel.recv(stream, 1 << 20, &mut |bytes| all.extend_from_slice(bytes), soon()).unwrap()
    {
    }
    all
}

/// Sends everything back until EOF, then closes.
pub(super) fn echo(channel: &Channel) {
    let mut buffer = Vec::new();
    while let Recv::Data(_) = channel
        .recv(Stream::Data, 65536, &mut |bytes| buffer.extend_from_slice(bytes), Deadline::never())
        .unwrap_or(Recv::Eof)
    {
        if channel.send_all(&buffer, Deadline::never()).is_err() {
            return;
        }
        buffer.clear();
    }
    let _ = channel.shutdown_write();
}

/// Waits until `check` holds.
pub(super) fn eventually(what: &str, check: impl Fn() -> bool) {
    let end = soon();
    while !check() {
        assert!(!end.is_past(), "{what}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
