"""A hundred forwarded connections at once, with a megabyte each way, while keys are renewed; and some that nobody reads."""

import contextlib
import hashlib
import os
import socket
import threading
from subprocess import DEVNULL

import pytest

from forwarding import Listener, connect, exchange, read_exactly
from peers.server import HOST, free_port

PAIRS = [("sshrs-ssh", "sshd"), ("ssh", "sshrs-sshd"), ("sshrs-ssh", "sshrs-sshd")]
CONNECTIONS = 100
SIZE = 1 << 20
ID = 8
TIMEOUT = 120

# A quarter of what two hundred megabytes make necessary: how a limit is counted is everybody's own.
REKEYS = 2 * CONNECTIONS * SIZE // 4_000_000 // 4

# More than windows and the buffers of sockets and programs hold on the way.
FLOOD = 64 << 20


def rekeys_in(log: str) -> int:
    return max(log.count("new keys:"), log.count("SSH2_MSG_KEXINIT received")) - 1


def answer_for(name: bytes) -> bytes:
    return hashlib.shake_128(name).digest(SIZE)


class Far(Listener):
    """Reads a name; sends what belongs to it and at the same time reads up to the end, which it answers with its hash."""

    @staticmethod
    def serve(conn: socket.socket) -> None:
        conn.settimeout(TIMEOUT)
        writer = threading.Thread(target=conn.sendall, args=[answer_for(read_exactly(conn, ID))])
        writer.start()
        digest = hashlib.sha256()
        while data := conn.recv(65536):
            digest.update(data)
        writer.join()
        conn.sendall(digest.digest())


def talk(conn: socket.socket, together: threading.Barrier) -> None:
    """Both directions at once; True if what arrived is what was sent, at either end."""
    conn.settimeout(TIMEOUT)
    name, data = os.urandom(ID), os.urandom(SIZE)
    together.wait(TIMEOUT)
    writer = threading.Thread(target=lambda: (conn.sendall(name + data), conn.shutdown(socket.SHUT_WR)))
    writer.start()
    got = bytearray()
    while block := conn.recv(65536):
        got += block
    writer.join()
    assert len(got) == SIZE + 32, "bytes are missing, or too many"
    assert got[:SIZE] == answer_for(name), "what came back is damaged"
    assert got[SIZE:] == hashlib.sha256(data).digest(), "what was sent is damaged"


@pytest.fixture(params=PAIRS, ids=[f"{client}-{server}" for client, server in PAIRS])
def names(request):
    return request.param


@pytest.fixture
def start_server(names, sshd_with, our_sshd_with):
    return sshd_with if names[1] == "sshd" else our_sshd_with


@contextlib.contextmanager
def forwarding(client, log, *forwards, **options):
    """The client with its forwards, which writes its log to a file; one client's pipe could fill."""
    with log.open("wb") as errors:
        process = client.popen(stdin=DEVNULL, stdout=DEVNULL, stderr=errors, flags=["-N", "-v", *forwards], **options)
    try:
        yield process
    finally:
        process.kill()
        process.wait(20)


@pytest.mark.parametrize("side", ["client", "server"])
def test_a_hundred_connections_across_rekeys(names, start_server, peer_for, tmp_path, side):
    """Half of them begin at either end."""
    limit = {"RekeyLimit": "4M"}
    server = start_server(**(limit if side == "server" else {}))
    client = peer_for(names[0], server)
    log, local, remote = tmp_path / "log", free_port(), free_port()
    failures = []

    def one(port: int) -> None:
        try:
            with connect(port) as conn:
                talk(conn, together)
        except Exception as error:  # reported by the test's own thread
            failures.append(error)
            together.abort()

    with Far() as far:
        forwards = ["-L", f"{HOST}:{local}:{HOST}:{far.port}", "-R", f"{remote}:{HOST}:{far.port}"]
        with forwarding(client, log, *forwards, **(limit if side == "client" else {})):
            together = threading.Barrier(CONNECTIONS)
            threads = [threading.Thread(target=one, args=[port]) for port in (local, remote) * (CONNECTIONS // 2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    assert not failures, failures[0]
    said = server.log_text() if side == "server" else log.read_text(errors="replace")
    assert rekeys_in(said) >= REKEYS, "the keys were not renewed"


def flood(conn: socket.socket, what: bytes) -> int:
    """Sends until nothing goes for a second; how many bytes went."""
    conn.settimeout(1)
    sent = 0
    with contextlib.suppress(TimeoutError):
        while sent < FLOOD:
            sent += conn.send(what)
    return sent


def hash_of_rest(conn: socket.socket) -> str:
    conn.settimeout(TIMEOUT)
    digest = hashlib.sha256()
    while block := conn.recv(65536):
        digest.update(block)
    return digest.hexdigest()


@pytest.mark.parametrize("way", ["-L", "-R"])
def test_a_peer_that_stops_reading_stops_only_itself(names, start_server, peer_for, tmp_path, echo, way):
    """Whichever end it is at; and it misses nothing when it goes on."""
    client = peer_for(names[0], start_server())
    block, near, other = os.urandom(SIZE), free_port(), free_port()
    with socket.create_server((HOST, 0)) as listener:
        listener.settimeout(TIMEOUT)
        stuck = f"{HOST}:{near}:{HOST}:{listener.getsockname()[1]}" if way == "-L" else f"{near}:{HOST}:{listener.getsockname()[1]}"
        good = f"{HOST}:{other}:{HOST}:{echo.port}"
        with forwarding(client, tmp_path / "log", way, stuck, "-L", good), connect(near) as here:
            there = listener.accept()[0]
            with there:
                sent = [flood(here, block), flood(there, block)]
                assert max(sent) < FLOOD, "somebody piles up what nobody reads"
                for _ in range(3):
                    with connect(other) as conn:
                        exchange(conn)
                # Now each reads; what was on the way is still there, with its end.
                for conn in (here, there):
                    conn.shutdown(socket.SHUT_WR)
                for conn, size in ((there, sent[0]), (here, sent[1])):
                    expected = (block * (size // SIZE + 1))[:size]
                    assert hash_of_rest(conn) == hashlib.sha256(expected).hexdigest()
