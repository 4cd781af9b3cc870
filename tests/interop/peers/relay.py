"""Peers that misbehave: a relay that cuts or stalls a session after so many bytes, and a server that falls silent."""

import secrets
import socket
import struct
import threading
import time

from .server import HOST

CHUNK = 65536


class _Listener:
    """Accepts on a port of its own and handles each connection in a thread until stopped."""

    def __init__(self):
        self._socket = socket.create_server((HOST, 0))
        self.port = self._socket.getsockname()[1]
        self._open = []
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                conn, _ = self._socket.accept()
            except OSError:
                return
            self._keep(conn)
            threading.Thread(target=self._handle_quietly, args=(conn,), daemon=True).start()

    def _keep(self, conn: socket.socket) -> None:
        with self._lock:
            self._open.append(conn)

    def _handle_quietly(self, conn: socket.socket) -> None:
        try:
            self.handle(conn)
        except OSError:
            pass  # the other side hung up: that is its right

    def handle(self, conn: socket.socket) -> None:
        raise NotImplementedError

    def __enter__(self):
        return self

    def __exit__(self, *_exc) -> None:
        # accept() of another thread wakes on shutdown, not on close.
        for conn in [self._socket, *self._open]:
            _shut_down(conn)
            conn.close()


def _shut_down(conn: socket.socket, how: int = socket.SHUT_RDWR) -> None:
    try:
        conn.shutdown(how)
    except OSError:
        pass  # it is down already


class Relay(_Listener):
    """Passes bytes to and from `target_port`. After `limit` bytes in `direction` ("down" to the client, "up" from it)
    it does what `then` says: "close" the connection, "reset" it, or "stall": pass nothing more, either way."""

    def __init__(self, target_port: int, limit: int | None = None, direction: str = "down", then: str = "close"):
        self.target_port, self.limit, self.direction, self.then = target_port, limit, direction, then
        self.counted = {"down": 0, "up": 0}
        self._thawed = threading.Event()
        self._thawed.set()
        super().__init__()

    def freeze(self) -> None:
        """Passes nothing more, either way, and closes nothing: a peer that died without a word."""
        self._thawed.clear()

    def handle(self, conn: socket.socket) -> None:
        server = socket.create_connection((HOST, self.target_port))
        self._keep(server)
        ended = threading.Event()
        up = threading.Thread(target=self._pump, args=("up", conn, server, conn, ended), daemon=True)
        up.start()
        self._pump("down", server, conn, conn, ended)

    def _pump(self, direction: str, source, target, client, ended) -> None:
        left = self.limit if direction == self.direction else None
        try:
            while left is None or left > 0:
                data = source.recv(CHUNK if left is None else min(CHUNK, left))
                self._thawed.wait()
                if ended.is_set() or not data:
                    break
                self.counted[direction] += len(data)
                left = None if left is None else left - len(data)
                target.sendall(data)
            else:
                ended.set()
                self._misbehave(client, source, target)
                return
            if not ended.is_set():
                target.shutdown(socket.SHUT_WR)
        except OSError:
            _shut_down(source)
            _shut_down(target)

    def _misbehave(self, client, source, target) -> None:
        if self.then == "stall":
            return
        if self.then == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for end in (source, target):
            # The other pump holds the socket open while it is in recv: wake it. Shutting down the writing side would
            # send FIN, and a reset must come from close alone.
            _shut_down(end, socket.SHUT_RD if self.then == "reset" and end is client else socket.SHUT_RDWR)
            end.close()


def kexinit(cipher: str = "aes128-ctr") -> bytes:
    """A packet with a KEXINIT that any client of today can answer (RFC 4253 section 7.1)."""
    lists = ["curve25519-sha256", "ssh-ed25519", cipher, cipher, "hmac-sha2-256", "hmac-sha2-256", "none", "none", "", ""]
    names = b"".join(struct.pack(">I", len(n)) + n.encode() for n in lists)
    payload = bytes([20]) + secrets.token_bytes(16) + names + b"\0" + struct.pack(">I", 0)
    padding = 8 - (len(payload) + 5) % 8
    padding += 8 if padding < 4 else 0
    return struct.pack(">IB", len(payload) + padding + 1, padding) + payload + bytes(padding)


IDENTIFICATION = b"SSH-2.0-fake\r\n"
# What the silent server sends before it falls silent, by stage.
SILENT_AFTER = {
    "nothing": b"",
    "half-identification": b"SSH-2.0-fa",
    "identification": IDENTIFICATION,
    "packet-length": IDENTIFICATION + kexinit()[:4],
    "mid-packet": IDENTIFICATION + kexinit()[:100],
    "kexinit": IDENTIFICATION + kexinit(),
}


class SilentServer(_Listener):
    """Sends `opening` after so many seconds, then nothing; it reads and drops what comes."""

    def __init__(self, opening: bytes, after: float = 0):
        self._opening, self._after = opening, after
        super().__init__()

    def handle(self, conn: socket.socket) -> None:
        time.sleep(self._after)
        conn.sendall(self._opening)
        while conn.recv(CHUNK):
            pass
