"""What every server of ours has: an address, an account, a log, and an end."""

import shutil
import socket
import struct
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from .keys import Keys
from .sandbox import Running, ServerEnded

HOST = "127.0.0.1"
# How often a port that was free a moment ago may turn out to be taken.
PORT_TRIES = 10


@dataclass
class Server:
    """A running server."""

    name: str
    port: int
    user: str
    password: str | None
    client_keys: Keys
    host_keys: Keys
    base: Path
    running: Running
    host: str = HOST
    # Names of the host keys the server loaded, as in keys.TYPES.
    host_key_names: tuple[str, ...] = ()
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        return self.running.log

    def log_text(self) -> str:
        return self.log.read_text(errors="replace")

    def known_hosts_lines(self, port: int | None = None) -> str:
        """known_hosts entries for this server, or for a relay to it on another port."""
        place = f"[{self.host}]:{port or self.port}"
        return "".join(f"{place} {self.host_keys.public_line(n)}\n" for n in self.host_key_names)

    def stop(self) -> None:
        self.running.stop()
        shutil.rmtree(self.base, ignore_errors=True)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_exc) -> None:
        self.stop()


def new_base(name: str) -> Path:
    return Path(tempfile.mkdtemp(prefix=f"sshrs-{name}-"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def start_on_free_port(start) -> tuple[int, Running]:
    """Calls `start(port)` with free ports until the server really gets one."""
    for attempt in range(PORT_TRIES):
        port = free_port()
        try:
            return port, start(port)
        except ServerEnded as error:
            if "in use" not in str(error) or attempt == PORT_TRIES - 1:
                raise
    raise AssertionError("unreachable")


# ---- What a server offers -------------------------------------------------------------------------------------------

SLOTS = ("kex", "host_key", "cipher", "cipher_s2c", "mac", "mac_s2c", "compression", "compression_s2c")


def read_offer(port: int, host: str = HOST, timeout: float = 10) -> dict[str, list[str]]:
    """The algorithms in a server's KEXINIT (RFC 4253 section 7.1): its own word on what it offers."""
    with socket.create_connection((host, port), timeout) as conn:
        return _offer_of_peer(conn)


def read_client_offer(start, timeout: float = 10) -> dict[str, list[str]]:
    """The same of a client that `start(port)` starts, and that is given no answer."""
    with socket.create_server((HOST, 0)) as listener:
        listener.settimeout(timeout)
        start(listener.getsockname()[1])
        conn, _ = listener.accept()
        with conn:
            conn.settimeout(timeout)
            return _offer_of_peer(conn)


def _offer_of_peer(conn: socket.socket) -> dict[str, list[str]]:
    stream = conn.makefile("rb")
    conn.sendall(b"SSH-2.0-offer-probe\r\n")
    while not stream.readline(8192).startswith(b"SSH-2.0-"):
        pass
    length, padding = struct.unpack(">IB", stream.read(5))
    payload = stream.read(length - 1)[: length - padding - 1]
    if payload[0] != 20:
        raise RuntimeError(f"message {payload[0]} came where KEXINIT belongs")
    at, offer = 17, {}
    for slot in SLOTS:
        (size,) = struct.unpack_from(">I", payload, at)
        offer[slot] = payload[at + 4 : at + 4 + size].decode().split(",")
        at += 4 + size
    return offer
