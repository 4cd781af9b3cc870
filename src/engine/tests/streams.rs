//! Transports over callers' streams and over channels.

use super::super::ByteStream;
use super::*;
use crate::error::ErrorKind;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::sync::atomic::{AtomicUsize, Ordering};

struct Blocking {
    socket: UnixStream,
    closed: Arc<AtomicUsize>,
}

impl ByteStream for Blocking {
    fn send(&self, data: &[u8]) -> io::Result<usize> {
        (&self.socket).write(&data[..data.len().min(1000)])
    }

    fn recv(&self, into: &mut [u8]) -> io::Result<usize> {
        let len = into.len().min(777);
        (&self.socket).read(&mut into[..len])
    }

    fn close(&self) {
        self.closed.fetch_add(1, Ordering::SeqCst);
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

#[test]
fn a_callers_stream_carries_a_session_and_is_closed_once() {
    let (a, b) = UnixStream::pair().unwrap();
    let closed = Arc::new(AtomicUsize::new(0));
    let stream = Box::new(Blocking { socket: a, closed: Arc::clone(&closed) });
    let client = Transport::from_stream(stream, options()).unwrap();
    assert_eq!(client.peer_name(), ("unknown".to_owned(), 0));
    let pair = Pair::join(client, Transport::from_fd(b.into(), options()).unwrap(), App::default()).login();
    let (ours, theirs) = pair.channel();
    let echoing = std::thread::spawn(move || echo(&theirs));
    let data = vec![5; 200_000];
    std::thread::scope(|scope| {
        scope.spawn(|| {
            ours.send_all(&data, soon()).unwrap();
            ours.shutdown_write().unwrap();
        });
        assert!(read_all(&ours, Stream::Data) == data);
    });
    echoing.join().unwrap();
    let shared = Arc::downgrade(pair.client.shared());
    pair.client.close();
    eventually("the peer sees DISCONNECT", || {
        pair.server.end_reason().is_some_and(|e| e.kind() == ErrorKind::PeerDisconnected)
    });
    eventually("the stream is closed", || closed.load(Ordering::SeqCst) == 1);
    drop((ours, pair));
    eventually("both threads end", || shared.strong_count() == 0);
    assert_eq!(closed.load(Ordering::SeqCst), 1);
}

#[test]
fn an_unstarted_stream_is_closed_too() {
    let (a, _b) = UnixStream::pair().unwrap();
    let closed = Arc::new(AtomicUsize::new(0));
    let stream = Box::new(Blocking { socket: a, closed: Arc::clone(&closed) });
    drop(Transport::from_stream(stream, options()).unwrap());
    eventually("closed", || closed.load(Ordering::SeqCst) == 1);
}

#[test]
fn a_jump_host_carries_a_second_session() {
    let outer = Pair::open();
    let ours = outer.client.open_channel("direct-tcpip", &direct(), None, None, soon()).unwrap();
    let theirs = outer.server.accept(soon()).unwrap();
    // The server's end of the channel is itself the stream of an inner server.
    let inner_client = Transport::from_channel(ours, options()).unwrap();
    let inner_server = Transport::from_channel(theirs, options()).unwrap();
    let inner = Pair::join(inner_client, inner_server, App::default()).login();
    let (a, b) = inner.channel();
    a.send_all(b"through two", soon()).unwrap();
    b.recv(Stream::Data, 100, &mut |bytes| assert_eq!(bytes, b"through two"), soon()).unwrap();
    outer.client.close();
    eventually("the inner session ends with the outer", || !inner.client.is_active() && !inner.server.is_active());
}

fn direct() -> Vec<u8> {
    crate::wire::msg_channel::TcpipOpen::new(b"inner", 22, b"127.0.0.1", 1).encode_body()
}
