"""The servers: programs to one contract, OpenSSH's sshd, Dropbear, the relay."""

import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "build" / "compare"
sys.path.insert(0, str(ROOT / "tests" / "interop"))

from peers import find_program  # noqa: E402, F401
from peers.dropbear import start_dropbear  # noqa: E402
from peers.keys import make_keys  # noqa: E402
from peers.server import free_port  # noqa: E402
from peers.sshd import start_sshd  # noqa: E402

PYTHON = ROOT / "build" / "venv" / "bin" / "python"
MAC = "hmac-sha2-256-etm@openssh.com"


def program(role: str, name: str) -> list[Path]:
    """The command of a client or server program (build.sh puts them there); its last word is the file to look for."""
    if name in ("paramiko", "asyncssh"):
        return [PYTHON, ROOT / "benches" / "compare" / f"{role}s" / f"{name}_{role}.py"]
    return [BUILT / f"{role}s" / name]


class Keys:
    """One user key and one host key for all."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="sshrs-compare-")
        base = Path(self._folder.name)
        self.client = make_keys(base / "client", ("ed25519",))
        self.host = make_keys(base / "host", ("ed25519",))
        self.user_key = self.client.private("ed25519")
        self.base = base


@dataclass
class Target:
    """A running server, as a client needs it; `pid` is the root of its process tree."""

    port: int
    user: str
    pid: int
    keys: Keys
    host: str = "127.0.0.1"


@contextmanager
def running(command: list):
    """A process that says "listening" and ends on SIGTERM."""
    process = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    try:
        if process.stdout.readline().strip() != b"listening":
            raise RuntimeError(f"{command[0]} does not listen: exit status {process.wait(10)}")
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


@contextmanager
def started(name: str, cipher: str, keys: Keys):
    """Starts the server `name` with one cipher, one key exchange and one host key, and ends it."""
    if name == "sshd":
        options = {
            "Ciphers": cipher, "MACs": f"{MAC},hmac-sha2-256", "KexAlgorithms": "curve25519-sha256",
            "LogLevel": "INFO", "UsePAM": "no", "MaxSessions": "2000", "MaxStartups": "20000",
        }  # fmt: skip
        with start_sshd(options, ("ed25519",), keys.client, keys.host) as server:
            yield Target(server.port, server.user, server.running.pid, keys)
    elif name == "dropbear":
        with start_dropbear((), ("ed25519",), keys.client) as server:
            yield Target(server.port, server.user, server.running.pid, keys)
    else:
        port = free_port()
        command = [*program("server", name), port, keys.host.private("ed25519"), f"{keys.user_key}.pub", cipher]
        with running(command) as pid:
            yield Target(port, "tester", pid, keys)


@contextmanager
def relayed(target: Target, rtt_ms: float, mb_s: int):
    """The same server with `rtt_ms` of round trip before it, at `mb_s` MB/s (0: as fast as it goes)."""
    port = free_port()
    with running([BUILT / "relay", port, target.port, rtt_ms, mb_s]):
        yield Target(port, target.user, target.pid, target.keys)
