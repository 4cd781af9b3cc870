"""Runs examples-c/sshrs-ssh, the program users copy; its command line is OpenSSH's where that has the same thing."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from dataclasses import dataclass
from pathlib import Path

from peers import ROOT
from peers.server import Server

FAILED = 255


def program() -> Path:
    return Path(os.environ.get("SSHRS_SSH", ROOT / "build" / "release" / "examples-c" / "sshrs-ssh"))


@dataclass
class Done:
    """A client's run, ended."""

    status: int
    stdout: bytes
    stderr: str
    seconds: float

    def check(self, status: int = 0) -> "Done":
        assert self.status == status, f"exit status {self.status}, not {status}; stderr:\n{self.stderr}"
        return self

    def check_failed(self, *words: str) -> "Done":
        """It failed by itself, and its message holds one of `words` (regular expressions, any case)."""
        assert self.status == FAILED, f"exit status {self.status}, not {FAILED}; stderr:\n{self.stderr}"
        assert self.stderr.strip(), "it failed without a word"
        if words:
            found = any(re.search(word, self.stderr, re.IGNORECASE) for word in words)
            assert found, f"none of {words} is in its message:\n{self.stderr}"
        return self


class Client:
    """Makes command lines for one server and runs them. `home` is an empty folder: no user's files are read."""

    def __init__(self, server: Server, home: Path, port: int | None = None):
        self.server = server
        self.home = home
        self.port = port or server.port
        self.known_hosts = home / f"known_hosts-{self.port}"
        self.known_hosts.write_text(server.known_hosts_lines(self.port))
        # Further variables of its environment.
        self.variables: dict[str, str] = {}

    def arguments(self, *command: str, key: str | None = "ed25519", password: str | None = None, user=None, flags=(), **options):
        """`options` are -o options. key names one of the client keys; None offers none."""
        defaults = {
            "UserKnownHostsFile": self.known_hosts,
            "StrictHostKeyChecking": "yes",
            "ConnectTimeout": 10,
        }
        out = [program(), "-F", "none", *flags, "-p", str(self.port)]
        for name, value in (defaults | options).items():
            out += ["-o", f"{name}={value}"]
        if key:
            out += ["-i", self.server.client_keys.private(key)]
        if password is not None:
            path = self.home / "password"
            path.touch(mode=0o600)
            path.write_text(password + "\n")
            out += ["--password-file", path]
        return [str(a) for a in [*out, f"{user or self.server.user}@{self.server.host}", *command]]

    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LD_LIBRARY_PATH", "ASAN_OPTIONS", "LSAN_OPTIONS")}
        return kept | {"HOME": str(self.home), "TERM": "xterm"} | self.variables

    def run(self, *command: str, stdin: bytes = b"", timeout: float = 60, **arguments) -> Done:
        start = time.monotonic()
        done = subprocess.run(
            self.arguments(*command, **arguments), input=stdin, capture_output=True, timeout=timeout, env=self.environment()
        )
        text = done.stderr.decode(errors="replace")
        return Done(done.returncode, done.stdout, text, time.monotonic() - start)

    def popen(self, *command: str, stdin, stdout, stderr, **arguments) -> subprocess.Popen:
        return subprocess.Popen(
            self.arguments(*command, **arguments), stdin=stdin, stdout=stdout, stderr=stderr, env=self.environment()
        )

    def terminal(self, *command: str, **arguments) -> "Terminal":
        return Terminal(self.arguments(*command, **arguments), self.environment())


class Terminal:
    """The client at a terminal: what a person would type and see."""

    def __init__(self, command: list[str], env: dict[str, str], rows: int = 24, columns: int = 80):
        self._master, slave = pty.openpty()
        self.resize(rows, columns)

        def own_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self._process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=env, preexec_fn=own_terminal
        )
        os.close(slave)
        self.seen = ""

    def resize(self, rows: int, columns: int) -> None:
        """The kernel sends SIGWINCH to the terminal's foreground process."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def _read_some(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:  # EIO: the other side is gone
            return False
        self.seen += data.decode(errors="replace")
        return bool(data)

    def expect(self, pattern: str, timeout: float = 15) -> re.Match:
        """Reads until `pattern` appears, and forgets everything up to its end."""
        deadline = time.monotonic() + timeout
        while not (found := re.search(pattern, self.seen)):
            assert self._read_some(deadline), f"no {pattern!r} within {timeout} s; seen:\n{self.seen}"
        self.seen = self.seen[found.end() :]
        return found

    def wait(self, timeout: float = 15) -> int:
        deadline = time.monotonic() + timeout
        while self._read_some(deadline):
            pass
        return self._process.wait(max(0.1, deadline - time.monotonic()))

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_exc) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._master)
