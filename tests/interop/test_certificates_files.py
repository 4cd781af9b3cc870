"""Certificates and revocation lists as files: ssh-keygen's are read by sshrs-keygen, ours by ssh-keygen, and both say the same."""

import base64
import os
import shutil
import struct
import subprocess

import asyncssh
import pytest

from client import program

PROGRAM = program().with_name("sshrs-keygen")
TYPES = ["ed25519", "ecdsa-256", "ecdsa-384", "ecdsa-521", "rsa-2048", "sk-ed25519", "sk-ecdsa"]
AUTHORITIES = [name for name in TYPES if not name.startswith("sk-")]

# What ssh-keygen -s is told beside -I; every one for each type.
OPTIONS = {
    "defaults": ["-n", "alice"],
    "several": ["-n", "alice,bob,root", "-z", "18446744073709551615", "-V", "20200101000000Z:20400101000000Z"],
    "nobody": [],
    "forever": ["-V", "always:forever"],
    "before": ["-V", "always:20400101"],
    "after": ["-V", "20200229123456:forever"],
    "hexadecimal": ["-V", "0x5e0be100:0x7fffffff"],
    "clear": ["-O", "clear"],
    "one": ["-O", "clear", "-O", "permit-pty"],
    "without": ["-O", "no-x11-forwarding", "-O", "no-agent-forwarding", "-O", "no-port-forwarding", "-O", "no-user-rc"],
    "forced": ["-O", "force-command=/bin/echo a b", "-O", "source-address=10.0.0.0/8,2001:db8::/32,192.0.2.1"],
    "verify": ["-O", "verify-required", "-O", "no-touch-required"],
    "unknown": ["-O", "critical:a@example.com=value", "-O", "critical:b@example.com",
                "-O", "extension:c@example.com=value", "-O", "extension:d@example.com"],
    "host": ["-h", "-n", "host.example.com,*.example.com"],
    "host-nobody": ["-h"],
    "host-option": ["-h", "-O", "critical:a@example.com"],
}  # fmt: skip

SPEC = """# a list of everything
serial: 1
serial: 3 # a comment
serial: 5-9
serial: 0x20-0x40
serial: 1000
serial: 1003
serial: 1004
serial: 1010
serial: 1100
serial: 18446744073709551615
id: revoked id
id: another"""


def run(*command, expect=0, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=60, **options)
    assert done.returncode == expect, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def string(data):
    return struct.pack(">I", len(data)) + data


def fields(path):
    blob, out = base64.b64decode(path.read_text().split()[1]), []
    while blob:
        end = 4 + int.from_bytes(blob[:4], "big")
        out.append(blob[4:end])
        blob = blob[end:]
    return out


def authenticator_key(folder, name, source):
    """The public half of a key in an authenticator, which is all that is certified; its point is another key's."""
    first = {"sk-ed25519": b"sk-ssh-ed25519@openssh.com", "sk-ecdsa": b"sk-ecdsa-sha2-nistp256@openssh.com"}[name]
    blob = b"".join(string(field) for field in [first, *fields(folder / source)[1:], b"ssh:"])
    (folder / f"{name}.pub").write_text(f"{first.decode()} {base64.b64encode(blob).decode()} a comment\n")


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """A key of each type."""
    folder = tmp_path_factory.mktemp("keys")
    for name in AUTHORITIES:
        kind, _, bits = name.partition("-")
        size = ["-b", bits] if bits else []
        run("ssh-keygen", "-q", "-t", kind, *size, "-N", "", "-C", "a comment", "-f", folder / name)
    authenticator_key(folder, "sk-ed25519", "ed25519.pub")
    authenticator_key(folder, "sk-ecdsa", "ecdsa-256.pub")
    return folder


def certified(tool, folder, authority, public, *options):
    """A certificate's path, made by one program or the other."""
    folder.mkdir(exist_ok=True)
    shutil.copy(public, folder / "key.pub")
    run(tool, "-s", authority, "-I", "the ID", *options, folder / "key.pub")
    return folder / "key-cert.pub"


def shown(tool, path):
    return run(tool, "-L", "-f", path)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("name", TYPES)
def test_both_say_the_same(keys, tmp_path, name, options):
    """A certificate of either program, shown by both: one text, whoever made it."""
    authority = keys / AUTHORITIES[TYPES.index(name) % len(AUTHORITIES)]
    theirs = certified("ssh-keygen", tmp_path / "theirs", authority, keys / f"{name}.pub", *OPTIONS[options])
    ours = certified(PROGRAM, tmp_path / "ours", authority, keys / f"{name}.pub", *OPTIONS[options])
    text = shown("ssh-keygen", theirs)
    assert shown(PROGRAM, theirs) == text
    assert shown("ssh-keygen", ours).replace("/ours/", "/theirs/") == text
    assert shown(PROGRAM, ours) == shown("ssh-keygen", ours)
    assert theirs.read_text().split(maxsplit=2)[2] == ours.read_text().split(maxsplit=2)[2] == "a comment\n"


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
def test_times_are_of_the_zone(keys, tmp_path, zone):
    # Dates of winter: ssh-keygen takes those of summer, too, for standard time.
    zoned = {"env": dict(os.environ, TZ=zone)}
    for validity in ["20240101:20241231235959", "202401010000:202407010000Z", "+1w:+52w", "-1d:+1h30m", "+90"]:
        shutil.copy(keys / "ed25519.pub", tmp_path / "key.pub")
        texts = []
        for tool in ("ssh-keygen", PROGRAM):
            run(tool, "-s", keys / "ed25519", "-I", "id", "-V", validity, tmp_path / "key.pub", **zoned)
            texts.append(run("ssh-keygen", "-L", "-f", tmp_path / "key-cert.pub", **zoned).splitlines())
            assert run(PROGRAM, "-L", "-f", tmp_path / "key-cert.pub", **zoned).splitlines() == texts[-1]
        if validity[0] in "+-":
            continue  # the clock goes on between the two
        assert texts[0] == texts[1]


@pytest.mark.parametrize("algorithm", ["rsa-sha2-256", "rsa-sha2-512", "ssh-rsa"])
def test_rsa_authorities(keys, tmp_path, algorithm):
    for tool in ("ssh-keygen", PROGRAM):
        cert = certified(tool, tmp_path, keys / "rsa-2048", keys / "ed25519.pub", "-t", algorithm)
        assert f"(using {algorithm})" in shown("ssh-keygen", cert)
        assert shown(PROGRAM, cert) == shown("ssh-keygen", cert)


def test_an_encrypted_authority_and_counting(keys, tmp_path):
    (tmp_path / "passphrase").write_text("a passphrase\n")
    shutil.copy(keys / "ed25519", tmp_path / "ca")
    (tmp_path / "ca").chmod(0o600)
    run("ssh-keygen", "-q", "-p", "-P", "", "-N", "a passphrase", "-f", tmp_path / "ca")
    for name in ("one", "two"):
        shutil.copy(keys / "rsa-2048.pub", tmp_path / f"{name}.pub")
    run(PROGRAM, "-s", tmp_path / "ca", "-P", tmp_path / "passphrase", "-I", "id", "-z", "+5", tmp_path / "one.pub", tmp_path / "two.pub")
    assert "Serial: 5\n" in shown("ssh-keygen", tmp_path / "one-cert.pub")
    assert "Serial: 6\n" in shown("ssh-keygen", tmp_path / "two-cert.pub")


@pytest.mark.parametrize("name", AUTHORITIES)
def test_asyncssh(keys, tmp_path, name):
    """AsyncSSH's certificates are read, and ours by it."""
    authority, key = asyncssh.read_private_key(keys / name), asyncssh.read_public_key(keys / "ecdsa-384.pub")
    cert = authority.generate_user_certificate(key, "the ID", serial=5, principals=["alice"], force_command="ls",
                                               source_address=["10.0.0.0/8"])  # fmt: skip
    (tmp_path / "theirs").write_bytes(cert.export_certificate())
    text = shown("ssh-keygen", tmp_path / "theirs")
    assert "force-command ls" in text and shown(PROGRAM, tmp_path / "theirs") == text
    ours = certified(PROGRAM, tmp_path, keys / name, keys / "ecdsa-384.pub", *OPTIONS["forced"], "-n", "alice", "-V", "+1h")
    read = asyncssh.read_certificate(ours)
    read.validate(asyncssh.public_key.CERT_TYPE_USER, "alice")
    assert read.options["force-command"] == "/bin/echo a b"


def test_what_is_refused(keys, tmp_path):
    """By both programs, with our reason."""
    public = tmp_path / "key.pub"
    shutil.copy(keys / "ed25519.pub", public)
    base = ["-s", keys / "ed25519", "-I", "id"]
    for options, reason in [
        (["-V", "20200101:20190101"], "before TO"),
        (["-V", "yesterday:forever"], "-V takes"),
        (["-V", "+5x"], "-V takes"),
        (["-O", "permit-everything"], "-O is not known"),
        (["-O", "force-command="], "lacks its value"),
        (["-n", "a,,b"], "a principal is a name"),
        (["-O", "force-command=a", "-O", "force-command=b"], "twice"),
    ]:
        for tool in ("ssh-keygen", PROGRAM):
            done = subprocess.run([str(part) for part in [tool, *base, *options, public]], capture_output=True, text=True, timeout=60)
            assert done.returncode == 255, (tool, options)
            assert not (tmp_path / "key-cert.pub").exists(), (tool, options)
        assert reason in done.stderr, done.stderr
    cert = certified("ssh-keygen", tmp_path, keys / "ed25519", keys / "ed25519.pub")
    line = cert.read_text().split()
    blob = bytearray(base64.b64decode(line[1]))
    blob[60] ^= 1
    cert.write_text(f"{line[0]} {base64.b64encode(blob).decode()}\n")
    done = subprocess.run([PROGRAM, "-L", "-f", cert], capture_output=True, text=True, timeout=60)
    assert done.returncode == 255 and "signature" in done.stderr, done.stderr


@pytest.fixture(scope="module")
def certs(keys, tmp_path_factory):
    """Keys, and certificates with serial numbers and key IDs around those of the lists."""
    folder = tmp_path_factory.mktemp("certs")
    out = [keys / f"{name}.pub" for name in TYPES]
    cases = [(serial, "id", "ed25519") for serial in (0, 1, 2, 3, 4, 5, 9, 10, 31, 32, 64, 65, 1000, 1001, 1003, 1004, 1010, 1100, 2**64 - 1)]
    cases += [(0, "revoked id", "ed25519"), (2, "another", "ed25519"), (2, "revoked", "ed25519"), (1, "id", "ecdsa-256"),
              (0, "revoked id", "ecdsa-256")]  # fmt: skip
    for number, (serial, key_id, authority) in enumerate(cases):
        for name in ("rsa-2048", "ecdsa-521") if serial < 3 else ("rsa-2048",):
            path = folder / f"{number}-{name}.pub"
            shutil.copy(keys / f"{name}.pub", path)
            run("ssh-keygen", "-q", "-s", keys / authority, "-I", key_id, "-z", serial, path)
            out.append(path.with_name(f"{number}-{name}-cert.pub"))
    return out


def decided(tool, krl, paths):
    done = subprocess.run([str(part) for part in [tool, "-Q", "-f", krl, *paths]], capture_output=True, text=True, timeout=60)
    assert done.returncode == (1 if "REVOKED" in done.stdout else 0), done.stderr
    assert len(done.stdout.splitlines()) == len(paths), done.stderr
    return done.stdout


def lists(keys, certs, folder):
    """Name, command line behind -k -f FILE, and whether it revokes anything."""
    spec = folder / "spec"
    spec.write_text(SPEC)
    hashes = folder / "hashes"
    fingerprint = run("ssh-keygen", "-l", "-f", keys / "ecdsa-384.pub").split()[1]
    hashes.write_text(f"sha1: {(keys / 'ecdsa-521.pub').read_text()}sha256: {(keys / 'rsa-2048.pub').read_text()}hash: {fingerprint}\n")
    explicit = folder / "explicit"
    explicit.write_text(f"key: {certs[-1].read_text()}")
    return {
        "serials": ["-s", keys / "ed25519.pub", "-z", "7", spec],
        "everyone": ["-s", "none", spec],
        "keys": [keys / "ecdsa-521.pub", keys / "ed25519.pub"],
        "sk": [keys / "sk-ed25519.pub"],
        "certificates": certs[-8:],
        "hashes": [hashes],
        "explicit": [explicit],
        "empty": [],
        "all": ["-s", keys / "ecdsa-256.pub", spec, hashes, explicit, keys / "ecdsa-256.pub"],
    }


def test_revocation_lists(keys, certs, tmp_path):
    """Lists by either program, asked by either: the same answers for every key and certificate."""
    for name, command in lists(keys, certs, tmp_path).items():
        theirs, ours = tmp_path / f"{name}.theirs", tmp_path / f"{name}.ours"
        run("ssh-keygen", "-q", "-k", "-f", theirs, *command)
        run(PROGRAM, "-k", "-f", ours, *command)
        expected = decided("ssh-keygen", theirs, certs)
        assert ("REVOKED" in expected) == (name != "empty"), name
        for tool, krl in ((PROGRAM, theirs), ("ssh-keygen", ours), (PROGRAM, ours)):
            assert decided(tool, krl, certs) == expected, (name, tool, krl)


def test_a_list_is_added_to(keys, certs, tmp_path):
    for tool in ("ssh-keygen", PROGRAM):
        krl = tmp_path / "krl"
        run("ssh-keygen", "-q", "-k", "-f", krl, "-z", "3", keys / "ecdsa-521.pub")
        run(tool, "-k", "-u", "-f", krl, keys / "ed25519.pub")
        text = decided("ssh-keygen", krl, [keys / "ecdsa-521.pub", keys / "ed25519.pub", keys / "rsa-2048.pub"])
        assert [line.rsplit(" ", 1)[1] for line in text.splitlines()] == ["REVOKED", "REVOKED", "ok"]
        assert "# KRL version 3" in run("ssh-keygen", "-Q", "-l", "-f", krl)


def test_damaged_lists(keys, certs, tmp_path):
    """Cut anywhere, a list is refused by both, or by neither."""
    spec = tmp_path / "spec"
    spec.write_text(SPEC)
    run("ssh-keygen", "-q", "-k", "-f", tmp_path / "krl", "-s", keys / "ed25519.pub", spec, keys / "rsa-2048.pub")
    whole = (tmp_path / "krl").read_bytes()
    for end in range(8, len(whole)):
        (tmp_path / "cut").write_bytes(whole[:end])
        statuses = []
        for tool in ("ssh-keygen", PROGRAM):
            done = subprocess.run([tool, "-Q", "-f", tmp_path / "cut", keys / "ecdsa-384.pub"], capture_output=True, text=True, timeout=60)
            statuses.append(done.returncode)
        assert statuses in ([255, 255], [0, 0]), (end, statuses)
