"""What the tests of forwarding have in common: something to connect to, something to connect with, a client that forwards."""

import contextlib
import os
import socket
import struct
import threading
from subprocess import DEVNULL, PIPE

from peers.server import HOST
from waiting import wait_until

DATA = os.urandom(1_000_000)
# As many connections as a test may open at once.
BACKLOG = 128


class Listener:
    """Serves connections, each in a thread, on a port or a Unix socket of its own; a subclass says how in `serve`."""

    def __init__(self, path=None):
        if path:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(str(path))
            # The server that connects may run as another user.
            os.chmod(path, 0o777)
            self._listener.listen()
        else:
            self._listener = socket.create_server((HOST, 0), backlog=BACKLOG)
            self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=[self._listener.accept()[0]], daemon=True).start()

    def _serve(self, conn: socket.socket) -> None:
        with conn, contextlib.suppress(OSError):
            self.serve(conn)

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        self._listener.close()


class Echo(Listener):
    """Sends everything back."""

    @staticmethod
    def serve(conn: socket.socket) -> None:
        while data := conn.recv(65536):
            conn.sendall(data)
        # The end of one direction is passed on, and the other still works.
        conn.sendall(b"end")


def exchange(conn: socket.socket, data: bytes = DATA) -> None:
    """Data there and back, then the end of one direction, then of the other."""
    conn.settimeout(30)
    writer = threading.Thread(target=lambda: (conn.sendall(data), conn.shutdown(socket.SHUT_WR)))
    writer.start()
    got = bytearray()
    while chunk := conn.recv(65536):
        got += chunk
    writer.join()
    assert bytes(got) == data + b"end"


def connect(port: int) -> socket.socket:
    """Connects to a port that someone is about to listen on."""

    def attempt():
        try:
            return socket.create_connection((HOST, port), 10)
        except ConnectionRefusedError:
            return None

    return wait_until(attempt, bool, 20, f"listener on port {port}")


def connect_path(path) -> socket.socket:
    """The same for a Unix socket."""

    def attempt():
        conn = socket.socket(socket.AF_UNIX)
        try:
            conn.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            conn.close()
            return None
        return conn

    return wait_until(attempt, bool, 20, f"listener at {path}")


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def has_ended(conn: socket.socket) -> bool:
    """Whether the other side ends the connection without a byte."""
    conn.settimeout(20)
    try:
        return conn.recv(1) == b""
    except ConnectionResetError:
        return True


@contextlib.contextmanager
def running(client, *flags, **options):
    """The client with its forwards and no command, until the test is through with it."""
    process = client.popen(stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE, flags=["-N", *flags], **options)
    try:
        yield process
    finally:
        # SIGTERM that comes just before ssh waits for its connection is not heard by every version.
        process.kill()
        process.communicate(timeout=20)


# ---- SOCKS, by hand -------------------------------------------------------------------------------------------------


def read_exactly(conn: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size and (more := conn.recv(size - len(got))):
        got += more
    return got


def socks4(conn: socket.socket, port: int) -> bool:
    """Asks for the port on the loopback address; whether it was granted."""
    conn.sendall(struct.pack(">BBH4s", 4, 1, port, socket.inet_aton(HOST)) + b"someone\0")
    return read_exactly(conn, 8)[:2] == b"\x00\x5a"


def socks4a(conn: socket.socket, port: int) -> bool:
    """The same by name."""
    conn.sendall(struct.pack(">BBH4s", 4, 1, port, b"\0\0\0\1") + b"someone\0localhost\0")
    return read_exactly(conn, 8)[:2] == b"\x00\x5a"


def _socks5(conn: socket.socket, address: bytes, port: int) -> bool:
    conn.sendall(b"\x05\x02\x00\x02")  # no authentication, or a password
    assert read_exactly(conn, 2) == b"\x05\x00"
    conn.sendall(b"\x05\x01\x00" + address + struct.pack(">H", port))
    return read_exactly(conn, 10)[:2] == b"\x05\x00"


def socks5(conn: socket.socket, port: int) -> bool:
    """The same in version 5 (RFC 1928), by address."""
    return _socks5(conn, b"\x01" + socket.inet_aton(HOST), port)


def socks5_name(conn: socket.socket, port: int) -> bool:
    """And by name."""
    return _socks5(conn, b"\x03\x09localhost", port)


SOCKS = [socks4, socks4a, socks5, socks5_name]
