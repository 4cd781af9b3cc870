//! The server's hooks, forwards, subsystems, commands.

use super::*;
use crate::error::ErrorKind;
use crate::wire::msg_channel::TcpipOpen;
use std::time::Duration;

#[test]
fn a_command_is_run_and_collected() {
    let pair = Pair::open();
    let ours = pair.client.open_channel("session", b"", None, None, soon()).unwrap();
    let theirs = pair.server.accept(soon()).unwrap();
    let serving = std::thread::spawn(move || {
        let input = read_all(&theirs, Stream::Data);
        theirs.send_all_stderr(&vec![b'e'; 300_000], soon()).unwrap();
        theirs.send_all(&input, soon()).unwrap();
        theirs.send_exit_status(7).unwrap();
        theirs.close();
    });
    let input = vec![b'i'; 3_000_000];
    let got = ours.exec_collect(b"cat", &input, 10 << 20, soon()).unwrap();
    serving.join().unwrap();
    assert!(got.stdout == input && got.stderr.len() == 300_000);
    assert_eq!((got.exit_status, got.exit_signal), (Some(7), None));
}

#[test]
fn a_signal_and_a_missing_status_are_told_apart() {
    let pair = Pair::open();
    let (ours, theirs) = pair.channel();
    assert!(!ours.exit_status_ready());
    theirs.send_exit_signal("KILL", false, "killed").unwrap();
    assert_eq!(ours.recv_exit_signal(soon()).unwrap().unwrap().signal, "KILL");
    assert_eq!(ours.recv_exit_status(soon()).unwrap_err().kind(), ErrorKind::NoExitStatus);
    let (ours, theirs) = pair.channel();
    theirs.close();
    assert_eq!(ours.recv_exit_status(soon()).unwrap_err().kind(), ErrorKind::NoExitStatus);
    assert_eq!(ours.recv_exit_signal(soon()).unwrap(), None);
}

#[test]
fn refusals_carry_reason_and_text_and_leave_the_channel_usable() {
    let pair = Pair::open();
    let refused = pair.client.open_channel("nonsense", b"", None, None, soon()).err().unwrap();
    assert_eq!(refused.kind(), ErrorKind::ChannelUnknownType);
    assert_eq!(refused.detail().unwrap().peer_text.as_deref(), Some("no such type here"));
    let (ours, theirs) = pair.channel();
    let refused = ours.invoke_subsystem("nonsense", soon()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::RequestRefused);
    ours.invoke_shell(soon()).unwrap();
    ours.send_all(b"still here", soon()).unwrap();
    theirs.recv(Stream::Data, 100, &mut |b| assert_eq!(b, b"still here"), soon()).unwrap();
}

#[test]
fn a_hook_that_blocks_delays_its_own_hooks_only() {
    let gate = Event::new();
    let app = App { gate: Some(gate.clone()), ..App::default() };
    let (blocked, other) = (Pair::with(app, options(), options()).login(), Pair::open());
    let (ours, theirs) = blocked.channel();
    let (busy, _) = (
        std::thread::spawn({
            let ours = ours.clone();
            move || ours.exec_command(b"x", soon())
        }),
        (),
    );
    std::thread::sleep(std::time::Duration::from_millis(30));
    // Data of the same connection flows, and other transports' hooks answer.
    ours.send_all(b"data", soon()).unwrap();
    theirs.recv(Stream::Data, 100, &mut |b| assert_eq!(b, b"data"), soon()).unwrap();
    let (channel, _end) = other.channel();
    channel.exec_command(b"x", soon()).unwrap();
    gate.set();
    busy.join().unwrap().unwrap();
}

#[test]
fn a_transport_dropped_while_its_hook_blocks_closes_at_once() {
    let gate = Event::new();
    let app = App { gate: Some(gate.clone()), ..App::default() };
    let pair = Pair::with(app, options(), options()).login();
    let (ours, _theirs) = pair.channel();
    let busy = std::thread::spawn(move || ours.exec_command(b"x", soon()).unwrap_err().kind());
    std::thread::sleep(std::time::Duration::from_millis(30));
    drop(pair.server);
    assert_eq!(busy.join().unwrap(), ErrorKind::PeerDisconnected);
    gate.set();
}

#[test]
fn a_flood_of_requests_waits_for_the_hooks() {
    let gate = Event::new();
    let app = App { gate: Some(gate.clone()), ..App::default() };
    let pair = Pair::with(app, options(), options()).login();
    let (ours, _theirs) = pair.channel();
    ours.tell("exec", &[0, 0, 0, 1, b'x']).unwrap();
    for _ in 0..2000 {
        ours.send_signal("WINCH").unwrap();
    }
    eventually("hooks pile up to their bound", || pair.server.shared().lock().unwrap().strand.waiting() >= 256);
    std::thread::sleep(std::time::Duration::from_millis(50));
    let waiting = pair.server.shared().lock().unwrap().strand.waiting();
    assert!(waiting < 4000, "one batch at most goes past the bound: {waiting}");
    gate.set();
    ours.invoke_shell(soon()).unwrap();
    assert_eq!(pair.server.shared().lock().unwrap().strand.waiting(), 0);
}

#[test]
fn a_number_is_not_used_again_while_a_hooks_handle_names_it() {
    let pair = Pair::open();
    let (entered, gate) = (Event::new(), Event::new());
    let (e, g) = (entered.clone(), gate.clone());
    let handler: super::super::SubsystemHandler = Arc::new(move |channel: &Channel, _: &str| {
        e.set();
        assert!(g.wait(soon()));
        assert!(channel.send(b"to a stranger", soon()).is_err());
    });
    pair.server.set_subsystem_handler("demo", Some(handler)).unwrap();
    let (ours, theirs) = pair.channel();
    ours.invoke_subsystem("demo", soon()).unwrap();
    assert!(entered.wait(soon()));
    let number = theirs.id();
    drop(theirs);
    assert_eq!(read_all(&ours, Stream::Data), b"", "the owner's drop closes the channel");
    drop(ours);
    let others: Vec<_> = (0..5).map(|_| pair.channel()).collect();
    assert!(others.iter().all(|(_, theirs)| theirs.id() != number));
    gate.set();
    for (ours, _) in &others {
        let nothing = ours.recv(Stream::Data, 10, &mut |_| (), Deadline::after_ms(10));
        assert_eq!(nothing.unwrap_err().kind(), ErrorKind::Timeout);
    }
}

#[test]
fn a_subsystem_runs_on_its_own_thread_and_its_channel_closes() {
    let pair = Pair::open();
    let handler: super::super::SubsystemHandler = Arc::new(|channel: &Channel, name: &str| {
        channel.send_all(format!("this is {name}").as_bytes(), soon()).unwrap();
    });
    pair.server.set_subsystem_handler("demo", Some(handler)).unwrap();
    let (ours, _theirs) = pair.channel();
    ours.invoke_subsystem("demo", soon()).unwrap();
    assert_eq!(read_all(&ours, Stream::Data), b"this is demo");
}

#[test]
fn only_channels_asked_for_reach_a_client() {
    let pair = Pair::open();
    let open = |port| TcpipOpen::new(b"", port, b"10.0.0.1", 1234).encode_body();
    let refused = pair.server.open_channel("forwarded-tcpip", &open(4242), None, None, soon()).err().unwrap();
    assert_eq!(refused.kind(), ErrorKind::ChannelProhibited);
    let agent = pair.server.open_channel("auth-agent@openssh.com", b"", None, None, soon()).err().unwrap();
    assert_eq!(agent.kind(), ErrorKind::ChannelProhibited);

    let port = pair.client.request_port_forward("", 0, None, soon()).unwrap();
    let theirs = pair.server.open_channel("forwarded-tcpip", &open(port.into()), None, None, soon()).unwrap();
    let ours = pair.client.accept(soon()).unwrap();
    assert_eq!(ours.origin(), Some(("10.0.0.1".to_owned(), 1234)));
    theirs.send_all(b"x", soon()).unwrap();
    ours.recv(Stream::Data, 1, &mut |_| (), soon()).unwrap();

    let handler: super::super::ForwardHandler = Arc::new(|channel: Channel| echo(&channel));
    pair.client.request_port_forward("", 99, Some(handler), soon()).unwrap();
    let theirs = pair.server.open_channel("forwarded-tcpip", &open(99), None, None, soon()).unwrap();
    theirs.send_all(b"echo", soon()).unwrap();
    theirs.shutdown_write().unwrap();
    assert_eq!(read_all(&theirs, Stream::Data), b"echo");
}

/// Keeps every right to answer.
#[derive(Default)]
struct Later {
    auth: std::sync::Mutex<Vec<Answer<AuthVerdict>>>,
}

impl Hooks for Later {
    fn allowed_auths(&self, _: &Transport, _: &str, _: &[&str]) -> Vec<String> {
        vec!["password".to_owned()]
    }

    fn check_auth(&self, _: &Transport, _: &AuthAsk, answer: Answer<AuthVerdict>) {
        self.auth.lock().unwrap().push(answer);
    }
}

#[test]
fn an_answer_may_come_later_and_a_dropped_one_denies() {
    let hooks = Arc::new(Later::default());
    let (a, b) = fds();
    let server = Transport::from_fd(b, options()).unwrap();
    server.add_server_key(host_key()).unwrap();
    server.start_server_event(Some(hooks.clone()), &Event::new()).unwrap();
    let client = Transport::from_fd(a, options()).unwrap();
    client.start_client(soon()).unwrap();
    for good in [false, true] {
        let asking = std::thread::spawn({
            let client = client.clone();
            move || client.auth_password("user", b"secret", false, None, soon())
        });
        eventually("the question arrives", || !hooks.auth.lock().unwrap().is_empty());
        let answer = hooks.auth.lock().unwrap().pop().unwrap();
        if good {
            answer.give(AuthVerdict::Success);
        } else {
            drop(answer);
        }
        assert_eq!(asking.join().unwrap().is_ok(), good);
    }
    drop(client);
    eventually("the end is noticed", || !server.is_active());
}

#[test]
fn without_hooks_everything_is_denied_and_without_keys_nothing_starts() {
    let (a, b) = fds();
    let server = Transport::from_fd(b, options()).unwrap();
    assert_eq!(server.start_server(None, soon()).unwrap_err().kind(), ErrorKind::InvalidState);
    server.add_server_key(host_key()).unwrap();
    server.start_server_event(None, &Event::new()).unwrap();
    let client = Transport::from_fd(a, options()).unwrap();
    client.start_client(soon()).unwrap();
    let refused = client.auth_password("user", b"secret", false, None, soon()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AuthMethodNotAllowed);
    assert_eq!(client.remote_server_key().unwrap(), server.server_key().unwrap());
}

#[test]
fn a_command_cut_short_leaves_what_it_said() {
    let run = |max_output: usize, deadline: Deadline, end: fn(&Pair, Channel)| {
        let pair = Pair::open();
        let (ours, theirs) = pair.channel();
        let collected = std::thread::scope(|scope| {
            scope.spawn(|| {
                // EOF comes once the command has started.
                assert_eq!(read_all(&theirs, Stream::Data), b"");
                theirs.send_all(b"four", soon()).unwrap();
                theirs.send_all_stderr(b"more", soon()).unwrap();
                end(&pair, theirs);
            });
            ours.exec_collect(b"x", b"", max_output, deadline).unwrap()
        });
        (collected, ours)
    };
    let (late, _) = run(100, Deadline::after_ms(500), |_, _held| std::thread::sleep(Duration::from_millis(800)));
    assert_eq!(late.cut_short.as_ref().unwrap().kind(), ErrorKind::Timeout);
    assert_eq!((&late.stdout[..], &late.stderr[..], late.exit_status), (&b"four"[..], &b"more"[..], None));

    let (lost, _) = run(100, soon(), |pair, _held| pair.server.close());
    assert_eq!(lost.cut_short.as_ref().unwrap().kind(), ErrorKind::PeerDisconnected);
    assert_eq!((&lost.stdout[..], &lost.stderr[..], lost.exit_status), (&b"four"[..], &b"more"[..], None));

    let (full, channel) = run(6, soon(), |_, theirs| theirs.close());
    assert_eq!(full.cut_short.as_ref().unwrap().kind(), ErrorKind::ResourceLimit);
    assert_eq!(full.stdout.len() + full.stderr.len(), 6);
    assert_eq!(read_all(&channel, Stream::Stderr), b"re", "what is over the bound is not lost");
}
