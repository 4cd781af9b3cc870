//! What a user's permissions refuse reaches no hook; a forced command takes the place of what was asked for.

use super::super::{Permissions, PermitTarget};
use super::*;
use crate::error::ErrorKind;
use crate::wire::msg_channel::{DirectStreamlocalOpen, TcpipOpen};
use std::sync::Mutex;

/// Gives permissions with the answer, and notes what it is asked.
struct Permitting {
    permissions: Mutex<Vec<Option<Permissions>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Hooks for Permitting {
    fn allowed_auths(&self, _: &Transport, _: &str, passed: &[&str]) -> Vec<String> {
        let left = ["password", "keyboard-interactive"].into_iter().filter(|method| !passed.contains(method));
        left.map(str::to_owned).collect()
    }

    fn check_auth(&self, transport: &Transport, ask: &AuthAsk, answer: Answer<AuthVerdict>) {
        if matches!(ask.question, AuthQuestion::InteractiveStart { .. } | AuthQuestion::Password(_)) {
            let mut steps = self.permissions.lock().unwrap();
            if let Some(permissions) = steps.remove(0) {
                transport.set_permissions(Arc::new(permissions)).unwrap();
            }
            return answer.give(if steps.is_empty() { AuthVerdict::Success } else { AuthVerdict::Partial });
        }
        answer.give(AuthVerdict::Failure);
    }

    fn check_channel_open(&self, _: &Transport, _: u32, open: &IncomingOpen, answer: Answer<Result<(), Refusal>>) {
        self.asked.lock().unwrap().push(open.kind.clone());
        answer.give(Ok(()));
    }

    fn check_channel_request(&self, _: &Channel, ask: &ChannelAsk<'_>, answer: Answer<Verdict>) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        self.asked.lock().unwrap().push(match ask {
            ChannelAsk::Exec(command) => format!("exec {}", text(command)),
            ChannelAsk::Subsystem(name) => format!("subsystem {}", text(name)),
            ChannelAsk::PermittedEnvironment(e) => format!("set {}={}", text(e.name), text(e.value)),
            ChannelAsk::Environment(e) => format!("env {}={}", text(e.name), text(e.value)),
            other => format!("{other:?}").split(['(', ' ']).next().unwrap_or_default().to_owned(),
        });
        answer.give(Verdict::Accept);
    }

    fn check_port_forward(&self, _: &Transport, address: &str, port: u16, answer: Answer<Option<u16>>) {
        self.asked.lock().unwrap().push(format!("listen {address}:{port}"));
        answer.give(Some(port));
    }
}

struct Session {
    client: Transport,
    server: Transport,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Session {
    fn connect(steps: Vec<Option<Permissions>>) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let app = Permitting { permissions: Mutex::new(steps), asked: Arc::clone(&asked) };
        let (a, b) = fds();
        let (client, server) = (Transport::from_fd(a, options()).unwrap(), Transport::from_fd(b, options()).unwrap());
        server.add_server_key(host_key()).unwrap();
        let done = Event::new();
        server.start_server_event(Some(Arc::new(app)), &done).unwrap();
        client.start_client(soon()).unwrap();
        assert!(done.wait(soon()));
        Self { client, server, asked }
    }

    fn open(permissions: Permissions) -> Self {
        let session = Self::connect(vec![Some(permissions)]);
        session.client.auth_password("user", b"x", false, None, soon()).unwrap();
        session
    }

    fn channel(&self) -> Channel {
        self.client.open_channel("session", b"", None, None, soon()).unwrap()
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    fn open_kind(&self, kind: &str, data: &[u8]) -> Option<ErrorKind> {
        self.client.open_channel(kind, data, None, None, soon()).err().map(|error| error.kind())
    }
}

#[test]
fn what_is_not_permitted_is_refused_unasked() {
    let mut permissions = Permissions::none();
    permissions.port_forwarding = true;
    permissions.permit_open = vec![PermitTarget { host: "h".to_owned(), port: Some(80) }];
    permissions.permit_listen = vec![PermitTarget { host: "localhost".to_owned(), port: Some(81) }];
    let session = Session::open(permissions.clone());
    assert_eq!(session.server.permissions().as_deref(), Some(&permissions));
    let channel = session.channel();
    session.asked();
    let size = super::super::PtySize { columns: 80, rows: 24, width: 0, height: 0 };
    assert_eq!(channel.request_pty("xterm", size, b"", soon()).unwrap_err().kind(), ErrorKind::RequestRefused);
    let open = |host: &[u8], port| TcpipOpen::new(host, port, b"", 0).encode_body();
    let prohibited = Some(ErrorKind::ChannelProhibited);
    assert_eq!(session.open_kind("direct-tcpip", &open(b"h", 81)), prohibited);
    assert_eq!(session.open_kind("direct-tcpip", &open(b"i", 80)), prohibited);
    let path = DirectStreamlocalOpen::new(b"/x", b"", 0).encode_body();
    assert_eq!(session.open_kind("direct-streamlocal@openssh.com", &path), prohibited);
    assert_eq!(session.asked(), Vec::<String>::new());
    assert_eq!(session.open_kind("direct-tcpip", &open(b"h", 80)), None);
    assert_eq!(session.asked(), ["direct-tcpip"]);
}

#[test]
fn a_forced_command_takes_the_place_of_any_program() {
    let mut permissions = Permissions::all();
    permissions.command = Some(b"forced".to_vec());
    permissions.environment = vec![("A".to_owned(), b"1".to_vec())];
    let session = Session::open(permissions);
    let started = |start: &dyn Fn(&Channel)| {
        let channel = session.channel();
        session.asked();
        start(&channel);
        session.asked()
    };
    let exec = started(&|channel| channel.exec_command(b"ls", soon()).unwrap());
    assert_eq!(exec, ["set A=1", "set SSH_ORIGINAL_COMMAND=ls", "exec forced"]);
    let shell = started(&|channel| channel.invoke_shell(soon()).unwrap());
    assert_eq!(shell, ["set A=1", "exec forced"]);
    let subsystem = started(&|channel| channel.invoke_subsystem("sftp", soon()).unwrap());
    assert_eq!(subsystem, ["set A=1", "set SSH_ORIGINAL_COMMAND=sftp", "exec forced"]);
    let env = started(&|channel| {
        channel.set_environment_variable("SSH_ORIGINAL_COMMAND", b"forged").unwrap();
        channel.set_environment_variable("B", b"2").unwrap();
        channel.invoke_shell(soon()).unwrap();
    });
    assert_eq!(env, ["env B=2", "set A=1", "exec forced"]);
}

#[test]
fn the_servers_own_sftp_can_be_forced() {
    // Its arguments may permit less, so they stay: only the application can keep to them.
    for (command, asked) in [("internal-sftp", "subsystem sftp"), ("internal-sftp -R", "exec internal-sftp -R")] {
        let mut permissions = Permissions::all();
        permissions.command = Some(command.into());
        let session = Session::open(permissions);
        let channel = session.channel();
        session.asked();
        channel.exec_command(b"ls", soon()).unwrap();
        assert_eq!(session.asked(), ["set SSH_ORIGINAL_COMMAND=ls", asked]);
    }
}

#[test]
fn several_steps_permit_what_all_of_them_permit() {
    let first = Permissions { pty: false, ..Permissions::all() };
    let second = Permissions { command: Some(b"c".to_vec()), ..Permissions::all() };
    let session = Session::connect(vec![Some(first), Some(second)]);
    let partial = session.client.auth_password("user", b"x", false, None, soon()).unwrap();
    assert!(!partial.left.is_empty());
    session.client.auth_interactive("user", "", &mut |_| Some(Vec::new()), soon()).unwrap();
    let permissions = session.server.permissions().unwrap();
    assert!(!permissions.pty && permissions.command.is_some());
}

#[test]
fn two_commands_that_differ_let_nobody_in() {
    let with = |command: &[u8]| Some(Permissions { command: Some(command.to_vec()), ..Permissions::all() });
    let session = Session::connect(vec![with(b"a"), with(b"b")]);
    session.client.auth_password("user", b"x", false, None, soon()).unwrap();
    assert!(session.client.auth_interactive("user", "", &mut |_| Some(Vec::new()), soon()).is_err());
    assert_eq!(session.server.permissions(), None);
    // Outside of a question there is nothing they could go with.
    let early = session.server.set_permissions(Arc::new(Permissions::all())).unwrap_err();
    assert_eq!(early.kind(), ErrorKind::InvalidState);
}
