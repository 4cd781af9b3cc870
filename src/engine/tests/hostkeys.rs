//! Host keys a server announces: ours tells the truth, a scripted one does not.

use super::*;
use crate::crypto::hostkey::Curve;
use crate::crypto::rng::SystemRng;
use crate::proto::config::Config;
use crate::proto::connection::Connection;
use crate::proto::event::Event as CoreEvent;
use crate::proto::hostkeys::{announcement, prove, HostKey, ANNOUNCE, PROVE};
use crate::proto::packet_in::PacketIn;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Mutex;
use std::time::Instant;

/// What a handler got, and whether it is gone.
#[derive(Default)]
struct Taken {
    keys: Mutex<Vec<HostKey>>,
    calls: AtomicUsize,
    gone: AtomicUsize,
}

struct Gone(Arc<Taken>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.gone.fetch_add(1, Ordering::SeqCst);
    }
}

fn handler(taken: &Arc<Taken>) -> super::super::HostkeysHandler {
    let gone = Gone(Arc::clone(taken));
    Box::new(move |keys| {
        gone.0.calls.fetch_add(1, Ordering::SeqCst);
        gone.0.keys.lock().unwrap().extend_from_slice(keys);
    })
}

#[test]
fn a_server_of_ours_proves_all_its_keys() {
    for late in [false, true] {
        let taken = Arc::<Taken>::default();
        let (a, b) = fds();
        let server = Transport::from_fd(b, options()).unwrap();
        server.add_server_key(PrivateKey::generate_ecdsa(Curve::P256).unwrap()).unwrap();
        let client = Transport::from_fd(a, options()).unwrap();
        let mut pair = Pair::join(client, server, App::default());
        if !late {
            pair.client.set_hostkeys_handler(Some(handler(&taken))).unwrap();
        }
        pair = pair.login();
        if late {
            drop(pair.channel());
            pair.client.set_hostkeys_handler(Some(handler(&taken))).unwrap();
        }
        eventually("the keys must come", || taken.gone.load(Ordering::SeqCst) == 1);
        let in_use = pair.client.remote_server_key().unwrap();
        let keys = taken.keys.lock().unwrap();
        assert_eq!(keys.len(), 2);
        assert!(keys.iter().all(|key| key.in_use == (key.key == in_use)) && keys.iter().any(|key| key.in_use));
        assert!(pair.server.set_hostkeys_handler(None).is_err());
    }
}

#[test]
fn a_server_may_keep_its_keys_to_itself() {
    let taken = Arc::<Taken>::default();
    let quiet = TransportOptions { announce_host_keys: false, ..options() };
    let pair = Pair::with(App::default(), options(), quiet);
    pair.client.set_hostkeys_handler(Some(handler(&taken))).unwrap();
    let pair = pair.login();
    drop(pair.channel());
    let question = announcement(&[host_key()]);
    assert!(pair.client.global_request(PROVE, &question, true, soon()).is_err());
    pair.client.close();
    eventually("the handler must go", || taken.gone.load(Ordering::SeqCst) == 1);
    assert_eq!(taken.calls.load(Ordering::SeqCst), 0);
}

#[test]
fn strange_questions_are_refused_in_order() {
    let pair = Pair::open();
    let known = announcement(&[host_key()]);
    let other = announcement(&[PrivateKey::generate_ed25519().unwrap()]);
    for (question, good) in [(known.clone(), true), (other, false), (Vec::new(), false), (known[..9].to_vec(), false)] {
        assert_eq!(pair.client.global_request(PROVE, &question, true, soon()).is_ok(), good, "{question:?}");
    }
    assert!(pair.client.global_request(ANNOUNCE, &known, true, soon()).is_err());
    pair.client.global_request(PROVE, &known, false, soon()).unwrap();
    drop(pair.channel());
}

/// How the scripted server answers the request for the proof.
type Reply = fn(proof: Vec<u8>) -> Option<Vec<u8>>;

/// A server's core on a thread, which announces `data` (again and again) and answers with what `reply` makes of the proof.
fn scripted(mut socket: UnixStream, keys: Vec<PrivateKey>, announced: Vec<Vec<u8>>, reply: Reply) {
    let rng = Box::new(SystemRng::default());
    let (mut conn, mut input) = Connection::server(Config::default(), keys.clone(), None, rng, Instant::now());
    conn.start(Instant::now());
    let mut inbox = Vec::new();
    loop {
        pump(&mut conn, &mut input, &mut inbox, &keys, &announced, reply);
        let mut sealed = Vec::new();
        conn.take_output(&mut sealed);
        conn.output_written(0);
        let mut buf = [0; 4096];
        if conn.is_ended() || socket.write_all(&sealed).is_err() {
            return;
        }
        match socket.read(&mut buf) {
            Ok(n) if n > 0 => inbox.extend_from_slice(&buf[..n]),
            _ => return,
        }
    }
}

fn pump(
    conn: &mut Connection,
    input: &mut PacketIn,
    inbox: &mut Vec<u8>,
    keys: &[PrivateKey],
    announced: &[Vec<u8>],
    reply: Reply,
) {
    loop {
        let now = Instant::now();
        while let Some(event) = conn.poll_event() {
            match event {
                CoreEvent::Job(job) => conn.finish_job(now, job.run()),
                CoreEvent::AuthAsk { ticket, .. } => conn.auth_answer(now, ticket, AuthVerdict::Success, &[]).unwrap(),
                CoreEvent::Authenticated => {
                    for data in announced {
                        conn.global_request(ANNOUNCE, data, false).unwrap();
                    }
                }
                CoreEvent::GlobalRequest { ticket: Some(ticket), request, data } => {
                    assert_eq!(request, PROVE);
                    let session_id = conn.session_id().unwrap().to_vec();
                    let proof = prove(keys, &session_id, "ssh-ed25519", &data).unwrap();
                    conn.answer_global(ticket, reply(proof).as_deref()).unwrap();
                }
                CoreEvent::ChannelIncoming(id, _) => conn.accept_channel(id, 1_u32 << 21, 1 << 15).unwrap(),
                _ => {}
            }
        }
        let change = conn.inbound_change();
        if input.at_barrier() || change.is_some() {
            input.apply(change);
        }
        let mut items = Vec::new();
        let used = if conn.wants_input() { input.open_batch(inbox, &mut items).unwrap() } else { 0 };
        items.iter().for_each(|item| conn.handle(now, input, inbox, item));
        inbox.drain(..used);
        if items.is_empty() {
            return;
        }
    }
}

/// A client's handler gets so many keys from a scripted server; None: it is never called.
fn told(expected: Option<usize>, what: &str, announce: fn(&[PrivateKey]) -> Vec<Vec<u8>>, reply: Reply) {
    let keys = vec![host_key(), PrivateKey::generate_ecdsa(Curve::P256).unwrap()];
    let announced = announce(&keys);
    let (a, b) = UnixStream::pair().unwrap();
    let served = std::thread::spawn(move || scripted(b, keys, announced, reply));
    let client = Transport::from_fd(a.into(), options()).unwrap();
    client.edit_config(|config| config.preferences.host_key = vec!["ssh-ed25519"]).unwrap();
    let taken = Arc::<Taken>::default();
    client.set_hostkeys_handler(Some(handler(&taken))).unwrap();
    client.start_client(soon()).unwrap();
    client.auth_password("user", b"secret", false, None, soon()).unwrap();
    // The reply has come once the next answer has; a refused announcement keeps no session from working.
    client.open_channel("session", b"", None, None, soon()).unwrap();
    client.open_channel("session", b"", None, None, soon()).unwrap();
    if expected.is_some() {
        eventually(what, || taken.gone.load(Ordering::SeqCst) == 1);
    }
    assert!(client.is_authenticated());
    client.close();
    served.join().unwrap();
    eventually(what, || taken.gone.load(Ordering::SeqCst) == 1);
    let keys = taken.keys.lock().unwrap().len();
    let calls = taken.calls.load(Ordering::SeqCst);
    assert_eq!((calls, keys), (usize::from(expected.is_some()), expected.unwrap_or(0)), "{what}");
}

#[test]
fn a_lying_server_is_not_believed() {
    let honest: fn(&[PrivateKey]) -> Vec<Vec<u8>> = |keys| vec![announcement(keys)];
    let flipped: Reply = |mut proof| {
        *proof.last_mut().unwrap() ^= 1;
        Some(proof)
    };
    told(Some(2), "honest", honest, Some);
    told(Some(2), "once a connection", |keys| vec![announcement(keys), announcement(&keys[..1])], Some);
    told(Some(1), "the key in use may be on its way out", |keys| vec![announcement(&keys[1..])], Some);
    told(None, "refused", honest, |_| None);
    told(None, "empty", honest, |_| Some(Vec::new()));
    told(None, "a wrong signature", honest, flipped);
    told(None, "repeated", |keys| vec![[announcement(keys), announcement(keys)].concat()], Some);
    told(None, "too long", |_| vec![vec![0xff; 70_000]], Some);
}
