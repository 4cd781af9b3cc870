"""Host certificates: what ssh makes of each, and that sshrs-ssh makes the same of it; and sshrs-sshd with one."""

import base64
import hashlib
import hmac
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from clients import OpenSsh
from client import Client
from conftest import available
from peers.certs import HOST, Key, Written, issue, line
from peers.keys import TYPES, Keys, make_keys
from peers.sshd import start_sshd

AUTHORITIES = {"ca": "ed25519", "ca-rsa": "rsa", "ca-ecdsa384": "ecdsa384", "stranger": "ed25519", "other-host": "ed25519"}
NAME = "127.0.0.1"


class World:
    """The keys of authorities and of the host."""

    def __init__(self, folder, host_keys: Keys):
        self.folder, self.host_keys, self._count = folder, host_keys, 0
        for name, kind in AUTHORITIES.items():
            made = make_keys(folder / "new", [kind])
            for end in ("", ".pub"):
                shutil.move(made.private(kind + end), folder / (name + end))

    def key(self, name: str) -> Key:
        return Key((self.folder if name in AUTHORITIES else self.host_keys.folder) / name)

    def public(self, name: str) -> str:
        key = self.key(name)
        return f"{key.type} {base64.b64encode(key.blob).decode()}"

    def issue(self, ca="ca", key="ed25519", principals=NAME, host=True, **arguments) -> bytes:
        self._count += 1
        folder = self.folder / f"cert{self._count}"
        return issue(folder, self.key(ca).path, self.key(key).path, principals=principals, host=host, **arguments)

    def write(self, **fields) -> bytes:
        fields = {"kind": HOST, "principals": (NAME,), "extensions": ()} | fields
        return Written(self.key("ca"), self.key("ed25519"), **fields).sign()


def hashed(place: str) -> str:
    salt = os.urandom(20)
    digest = hmac.new(salt, place.encode(), hashlib.sha1).digest()
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"


AUTHORITY = "@cert-authority {place} {ca}"


@dataclass
class Case:
    """`lines` go into known_hosts: {place} is the server's name there, other names are keys."""

    name: str
    make: Callable[[World], bytes]
    accepted: bool
    lines: tuple[str, ...] = (AUTHORITY,)
    key: str = "ed25519"
    options: dict = field(default_factory=dict)
    # Ours, where it is not ssh's on purpose.
    ours: bool | None = None


def issued(**arguments):
    return lambda world: world.issue(**arguments)


def written(**fields):
    return lambda world: world.write(**fields)


CASES = [
    Case("a certificate", issued(), True),
    Case("for another name", issued(principals="other.example"), False),
    Case("for several names", issued(principals=f"other.example,{NAME}"), True),
    # OpenSSH takes patterns of hosts since version 10.
    Case("for a pattern", issued(principals="127.0.0.*"), False, ours=True),
    Case("for another pattern", issued(principals="128.*"), False),
    # OpenSSH takes it for every name until version 10.
    Case("for no name", issued(principals=""), True, ours=False),
    Case("expired", issued(validity="20200101:20210101"), False),
    Case("not yet valid", issued(validity="20990101:21000101"), False),
    Case("a user's", issued(host=False), False),
    Case("a stranger's", issued(ca="stranger"), False),
    Case("an authority of another host", issued(), False, ("@cert-authority other.example {ca}",)),
    Case("an authority of every host", issued(), True, ("@cert-authority * {ca}",)),
    Case("an authority of a hashed name", issued(), True, ("@cert-authority {hashed} {ca}",)),
    Case("an authority of all but this host", issued(), False, (f"@cert-authority *,!{{place}},!{NAME} {{ca}}",)),
    Case("an authority of the host on its usual port", issued(), True, (f"@cert-authority {NAME} {{ca}}",)),
    Case("the second authority", issued(), True, ("@cert-authority {place} {stranger}", AUTHORITY)),
    Case("no authority at all", issued(), False, ()),
    Case("a plain key as the authority", issued(), False, ("{place} {ca}",)),
    Case("a revoked authority", issued(), False, (AUTHORITY, "@revoked * {ca}")),
    Case("a revoked key", issued(), False, (AUTHORITY, "@revoked * {ed25519}")),
    Case("a revoked key that is listed too", issued(), False, ("{place} {ed25519}", AUTHORITY, "@revoked {place} {ed25519}")),
    Case("another host's key revoked", issued(), True, (AUTHORITY, "@revoked other.example {ed25519}")),
    Case("expired, with its key listed", issued(validity="20200101:20210101"), True, (AUTHORITY, "{place} {ed25519}")),
    Case("a stranger's, with its key listed", issued(ca="stranger"), True, ("{place} {ed25519}",)),
    Case("another key listed", issued(), True, (AUTHORITY, "{place} {other-host}")),
    Case("expired, with another key listed", issued(validity="20200101:20210101"), False, (AUTHORITY, "{place} {other-host}")),
    Case("a critical option", written(critical=(("from-the-future", "x"),)), False),
    Case("a user's option", written(critical=(("source-address", "127.0.0.1"),)), False),
    Case("an extension", written(extensions=(("new@example.com", "x"),)), True),
    Case("an RSA authority", issued(ca="ca-rsa"), True, ("@cert-authority {place} {ca-rsa}",)),
    Case("an RSA authority with SHA-1", issued(ca="ca-rsa", algorithm="ssh-rsa"), False, ("@cert-authority {place} {ca-rsa}",)),
    Case("an ECDSA authority", issued(ca="ca-ecdsa384"), True, ("@cert-authority {place} {ca-ecdsa384}",)),
    Case("an alias", issued(principals="alias"), True, ("@cert-authority alias {ca}",), options={"HostKeyAlias": "alias"}),
    Case("an alias, for the real name", issued(), False, ("@cert-authority alias {ca}",), options={"HostKeyAlias": "alias"}),
    Case("a stranger's, where new keys are taken", issued(ca="stranger"), True, (), options={"StrictHostKeyChecking": "accept-new"}),
    Case("RSA with SHA-256", issued(key="rsa"), True, key="rsa", options={"HostKeyAlgorithms": "rsa-sha2-256-cert-v01@openssh.com"}),
] + [Case(f"of {kind}", issued(key=kind), True, key=kind) for kind in TYPES if kind != "ed25519"]

IDS = [case.name.replace(" ", "-") for case in CASES]


@pytest.fixture(scope="module")
def world(tmp_path_factory, host_keys):
    return World(tmp_path_factory.mktemp("host-certificates"), host_keys)


def known_hosts(case: Case, world: World, port: int) -> str:
    place = f"[{NAME}]:{port}"
    names = {name: world.public(name) for name in (*AUTHORITIES, *TYPES)} | {"place": place, "hashed": hashed(place)}
    return "".join(text.format_map(names) + "\n" for text in case.lines)


def accepts(kind: type, case: Case, world: World, server, home) -> bool:
    home.mkdir()
    client = kind(server, home)
    client.known_hosts.write_text(known_hosts(case, world, server.port))
    done = client.run("echo in", **case.options)
    assert done.status in (0, 255), done.stderr
    return done.stdout == b"in\n"


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_ours_agrees_with_ssh(case, world, client_keys, host_keys, tmp_path):
    (tmp_path / "cert.pub").write_text(line(case.make(world)))
    options = {"HostCertificate": tmp_path / "cert.pub"}
    with available(start_sshd, options, (case.key,), client_keys=client_keys, host_keys=host_keys) as server:
        theirs = accepts(OpenSsh, case, world, server, tmp_path / "theirs")
        assert theirs == case.accepted, "ssh"
        assert accepts(Client, case, world, server, tmp_path / "ours") == (theirs if case.ours is None else case.ours)


@pytest.mark.parametrize("kind", (OpenSsh, Client), ids=("ssh", "sshrs-ssh"))
@pytest.mark.parametrize("key", TYPES)
def test_our_server_shows_one(key, kind, world, our_sshd_with, tmp_path):
    (tmp_path / "cert.pub").write_text(line(world.issue(key=key)))
    server = our_sshd_with(host_key_names=(key,), HostCertificate=tmp_path / "cert.pub")
    assert accepts(kind, Case("", issued(), True), world, server, tmp_path / "by-authority")
    # Who knows no authority gets the plain key.
    assert accepts(kind, Case("", issued(), True, (f"{{place}} {{{key}}}",)), world, server, tmp_path / "by-key")
    if kind is OpenSsh:
        rekeyed = OpenSsh(server, tmp_path / "by-authority")
        rekeyed.known_hosts.write_text(known_hosts(Case("", issued(), True), world, server.port))
        done = rekeyed.run("head -c 3000000 /dev/zero", flags=["-v"], RekeyLimit="1M").check()
        assert len(done.stdout) == 3000000 and "rekeying" in done.stderr
