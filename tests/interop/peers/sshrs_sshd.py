"""Our own server, examples-c/sshrs-sshd, for real clients to log in to."""

import os
import re
import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path

from . import ROOT
from .keys import TYPES, Keys
from .sandbox import USER
from .server import Server, new_base

# How long it may take to tell every peer, close, and exit.
STOP_SECONDS = 10


def program() -> Path:
    return Path(os.environ.get("SSHRS_SSHD", ROOT / "build" / "release" / "examples-c" / "sshrs-sshd"))


class RunningSshd:
    """The process. SIGTERM ends it, and it must then exit with status 0."""

    def __init__(self, command: list, log: Path):
        self.log = log
        with log.open("wb") as errors:
            self.process = subprocess.Popen(
                [str(c) for c in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors
            )
        line = self.process.stdout.readline().decode()
        found = re.fullmatch(r"listening on 127\.0\.0\.1:(\d+)\n", line)
        if not found:
            self.process.kill()
            self.process.wait()
            raise RuntimeError(f"sshrs-sshd said {line!r}:\n{log.read_text(errors='replace')}")
        self.port = int(found[1])

    def wait_for(self, text: str, timeout: float = 10) -> None:
        """Waits until the log holds `text`."""
        deadline = time.monotonic() + timeout
        while text not in (seen := self.log.read_text(errors="replace")):
            assert time.monotonic() < deadline, f"no {text!r} after {timeout} s:\n{seen}"
            time.sleep(0.005)

    def stop(self) -> None:
        if self.process.returncode is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"sshrs-sshd did not end within {STOP_SECONDS} s of SIGTERM:\n{self._tail()}") from None
        rest = self.process.stdout.read().decode()
        assert status == 0, f"sshrs-sshd ended with status {status}:\n{self._tail()}"
        assert rest == "", f"sshrs-sshd printed more than its address: {rest!r}"

    def _tail(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]


def start_sshrs_sshd(
    client_keys: Keys,
    host_keys: Keys,
    host_key_names=tuple(TYPES),
    flags=(),
    verbosity: str = "-vv",
    wrapper=(),
    **options: str | None,
) -> Server:
    """Starts it for one account with a password and all of `client_keys`; flags are further arguments, options -o ones.

    An option that is None is left to the program's default. `wrapper` is a command that runs the program.
    """
    base = new_base("sshrs-sshd")
    try:
        password = secrets.token_urlsafe(12)
        (base / "password").touch(mode=0o600)
        (base / "password").write_text(password + "\n")
        lines = [path.read_text().strip() for path in sorted(client_keys.folder.glob("*.pub"))]
        (base / "authorized_keys").write_text("".join(f"{line}\n" for line in lines))
        command = [*wrapper, program(), "-p", "0", "--user", USER]
        command += ["--password-file", base / "password", "--authorized-keys", base / "authorized_keys"]
        for name in host_key_names:
            command += ["--host-key", host_keys.private(name)]
        command += [verbosity] if verbosity else []
        # Dropbear's client of many a distribution has no key exchange of those that are on by default.
        for name, value in ({"KexAlgorithms": "+curve25519-sha256"} | options).items():
            command += ["-o", f"{name}={value}"] if value is not None else []
        running = RunningSshd([*command, *flags], base / "log")
    except BaseException:
        shutil.rmtree(base, ignore_errors=True)
        raise
    return Server(
        "sshrs-sshd", running.port, USER, password, client_keys, host_keys, base, running, host_key_names=tuple(host_key_names)
    )
