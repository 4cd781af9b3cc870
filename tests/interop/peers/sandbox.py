"""Runs a server as root with accounts of its own, changing nothing on the machine.

A server that checks passwords reads /etc/passwd, /etc/shadow and PAM's configuration, and wants /run/sshd. The sandbox
gives it those files in a private mount namespace. It also has a PID namespace: when its first process ends, so does
everything a session left behind. That first process ends when its standard input does, so nothing outlives us.
"""

import ctypes
import ctypes.util
import os
import secrets
import shutil
import subprocess
import time
from pathlib import Path

from . import Unavailable

USER = "tester"
# Accounts of our own must not meet a real user's id when we are root.
UID_FOR_ROOT = 54321

ENTER = """\
set -e
base=$1; shift
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -m 755 /run/sshd
for file in passwd shadow group pam.d; do mount --bind "$base/etc/$file" "/etc/$file"; done
trap 'exit 1' TERM
exec 3<&0
{ "$@" </dev/null 3<&-; kill -TERM $$; } &
cat <&3 >/dev/null &
wait $!
"""


def hash_password(password: str) -> str:
    """crypt(3) with SHA-512, from the C library: Python's own module for it is gone since 3.13."""
    name = ctypes.util.find_library("crypt")
    if not name:
        raise Unavailable("there is no libcrypt, which sets the test account's password; install libcrypt1")
    crypt = ctypes.CDLL(name).crypt
    crypt.restype = ctypes.c_char_p
    hashed = crypt(password.encode(), f"$6$rounds=1000${secrets.token_hex(8)}".encode())
    if not hashed or not hashed.startswith(b"$6$"):
        raise Unavailable("libcrypt knows no SHA-512 passwords")
    return hashed.decode()


def as_root() -> list[str] | None:
    """What goes before a command to run it as root; None if that is not possible."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, stdin=subprocess.DEVNULL).returncode == 0:
        return [sudo, "-n", "--preserve-env=LD_LIBRARY_PATH"]
    return None


class Sandbox:
    """One server's sandbox, below the folder `base`."""

    def __init__(self, base: Path):
        self.base = base
        self.user = USER
        self.password = secrets.token_urlsafe(12)
        self.home = base / "home"
        self._prefix = as_root()
        if self._prefix is None:
            raise Unavailable("a server with accounts of its own needs root, or sudo without a password")
        probe = [*self._prefix, "unshare", "--mount", "--pid", "--fork", "--mount-proc", "true"]
        if subprocess.run(probe, capture_output=True, stdin=subprocess.DEVNULL).returncode != 0:
            raise Unavailable("this machine allows no mount and PID namespaces (in a container: start it privileged)")
        self._write_files()

    def _write_files(self) -> None:
        # The account must be able to reach its home and its authorized_keys.
        self.base.chmod(0o711)
        self.home.mkdir(exist_ok=True)
        uid, gid = os.geteuid(), os.getegid()
        if uid == 0:
            uid = gid = UID_FOR_ROOT
            os.chown(self.home, uid, gid)
        etc = self.base / "etc"
        pam = etc / "pam.d"
        pam.mkdir(parents=True, exist_ok=True)
        (etc / "passwd").write_text(
            "root:x:0:0:root:/root:/bin/sh\n"
            "sshd:x:74:65534:privilege separation:/run/sshd:/usr/sbin/nologin\n"
            "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
            f"{self.user}:x:{uid}:{gid}:throw-away account:{self.home}:/bin/sh\n"
        )
        (etc / "group").write_text(f"root:x:0:\ntty:x:5:\nnogroup:x:65534:\n{self.user}:x:{gid}:\n")
        shadow = etc / "shadow"
        shadow.touch(mode=0o600)
        shadow.write_text(f"root:*:19000::::::\n{self.user}:{hash_password(self.password)}:19000::::::\n")
        rules = (
            "auth required pam_unix.so nodelay\n"
            "account required pam_unix.so\n"
            "password required pam_deny.so\n"
            "session required pam_permit.so\n"
        )
        for service in ("sshd", "dropbear", "other"):
            (pam / service).write_text(rules)
        (self.base / "enter.sh").write_text(ENTER)

    def start(self, command: list, env: dict[str, str], log: Path) -> "Running":
        """Starts `command` inside, its output going to `log`."""
        # dash as well as bash: no feature of either alone.
        inner = ["sh", str(self.base / "enter.sh"), str(self.base), *map(str, command)]
        unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        return Running([*self._prefix, *unshare, *inner], env, log)


class Running:
    """A process that ends when its standard input does."""

    def __init__(self, command: list, env: dict[str, str], log: Path):
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [str(c) for c in command], stdin=subprocess.PIPE, stdout=output, stderr=output, env=env
            )

    @property
    def pid(self) -> int:
        """The root of its process tree."""
        return self._process.pid

    def wait_for(self, text: str, timeout: float = 10) -> None:
        """Waits until the log holds `text`."""
        deadline = time.monotonic() + timeout
        while text not in self.log.read_text(errors="replace"):
            if self._process.poll() is not None:
                raise ServerEnded(self.log.read_text(errors="replace"))
            if time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"no {text!r} after {timeout} s:\n{self.log.read_text(errors='replace')}")
            time.sleep(0.005)

    def stop(self) -> None:
        if self._process.stdin:
            self._process.stdin.close()
            self._process.stdin = None
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class ServerEnded(RuntimeError):
    """The server ended before it was ready; the text is its log."""
