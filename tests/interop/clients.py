"""The clients that log in to our server, all driven as client.Client drives ours: run, popen, terminal."""

import subprocess
from pathlib import Path

from client import Client
from peers import environment_for, find_program
from peers.server import Server


class OpenSsh(Client):
    """OpenSSH's ssh, without any configuration of the machine's or the user's."""

    def arguments(self, *command: str, key="ed25519", password=None, user=None, flags=(), **options):
        self._password = password
        out = [find_program("ssh"), "-F", "none", *flags, "-p", str(self.port)]
        defaults = {
            "UserKnownHostsFile": self.known_hosts,
            "GlobalKnownHostsFile": "none",
            "StrictHostKeyChecking": "yes",
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "NumberOfPasswordPrompts": 1,
            "ConnectTimeout": 10,
        }
        for name, value in (defaults | options).items():
            out += ["-o", f"{name}={value}"]
        if key:
            out += ["-i", self.server.client_keys.private(key)]
        return [str(a) for a in [*out, f"{user or self.server.user}@{self.server.host}", *command]]

    def environment(self) -> dict[str, str]:
        """A password is asked for by a program, as there is no terminal."""
        asker = self.home / "askpass"
        asker.write_text('#!/bin/sh\ncat "$SSHRS_TEST_SECRET"\n')
        asker.chmod(0o700)
        secret = self.home / "secret"
        secret.touch(mode=0o600)
        secret.write_text(f"{self._password}\n" if self._password is not None else "")
        asking = {"SSH_ASKPASS": str(asker), "SSH_ASKPASS_REQUIRE": "force", "SSHRS_TEST_SECRET": str(secret)}
        return super().environment() | (asking if self._password is not None else {})

    def known_algorithms(self, query: str) -> list[str]:
        """ssh -Q's word on what it has, switched on or not."""
        return subprocess.run([find_program("ssh"), "-Q", query], capture_output=True, text=True, check=True).stdout.split()


class Dropbear(Client):
    """Dropbear's dbclient. Of the options it takes Ciphers, MACs and ServerAliveInterval."""

    LETTERS = {"Ciphers": "-c", "MACs": "-m", "ServerAliveInterval": "-K"}

    def __init__(self, server: Server, home: Path, port: int | None = None):
        super().__init__(server, home, port)
        # Its known_hosts tells no ports apart.
        (home / ".ssh").mkdir()
        lines = server.known_hosts_lines().replace(f"[{server.host}]:{server.port}", server.host)
        (home / ".ssh" / "known_hosts").write_text(lines)

    def key(self, name: str) -> Path:
        """The key in Dropbear's own format."""
        converted = self.home / f"dropbear-{name}"
        if not converted.exists():
            tool = find_program("dropbearconvert")
            command = [tool, "openssh", "dropbear", self.server.client_keys.private(name), converted]
            subprocess.run(command, check=True, capture_output=True, env=environment_for(tool))
        return converted

    def arguments(self, *command: str, key="ed25519", password=None, user=None, flags=(), **options):
        self._password = password
        out = [find_program("dbclient"), *flags, "-p", str(self.port)]
        for name, value in options.items():
            out += [self.LETTERS[name], str(value)]
        if key:
            out += ["-i", self.key(key)]
        return [str(a) for a in [*out, f"{user or self.server.user}@{self.server.host}", *command]]

    def environment(self) -> dict[str, str]:
        env = {"HOME": str(self.home), "TERM": "xterm"}
        if self._password is not None:
            env["DROPBEAR_PASSWORD"] = self._password
        paths = environment_for(find_program("dbclient"))
        return env | {name: paths[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in paths}
