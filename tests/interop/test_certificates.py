"""User certificates: what sshd makes of each, and that sshrs-sshd makes the same of it."""

import contextlib
import tempfile
from pathlib import Path

import pytest

from cert_cases import CASES, KEY_TYPES, SETUPS, World
from conftest import available
from peers.cert_client import attempt
from peers.certs import line
from peers.keys import Keys
from peers.sshd import start_sshd
from peers.sshrs_sshd import start_sshrs_sshd

IDS = [case.name.replace(" ", "-") for case in CASES]


@pytest.fixture(scope="module")
def world():
    # sshd reads AuthorizedPrincipalsFile as the account, which pytest's own folders are closed to.
    with tempfile.TemporaryDirectory(prefix="sshrs-certificates-") as folder:
        Path(folder).chmod(0o755)
        yield World(Path(folder))


@pytest.fixture(scope="module")
def server_for(world, host_keys):
    """A function that gives the server of a kind for a setup; each is started once."""
    with contextlib.ExitStack() as stack:
        started = {}

        def get(kind: str, setup: str):
            if (kind, setup) not in started:
                options = {key: value.format(world.folder) for key, value in SETUPS[setup].items()}
                keys = Keys(world.folder / "authorized")
                if kind == "sshd":
                    server = available(start_sshd, options, client_keys=keys, host_keys=host_keys)
                else:
                    server = start_sshrs_sshd(keys, host_keys, ("ed25519",), **options)
                started[kind, setup] = stack.enter_context(server)
            return started[kind, setup]

        yield get


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_ours_agrees_with_sshd(case, world, server_for):
    theirs = attempt(server_for("sshd", case.setup), case.shown(world), case.user)
    assert theirs == case.expected, "sshd"
    ours = attempt(server_for("sshrs-sshd", case.setup), case.shown(world), case.user)
    assert ours == (theirs if case.ours is None else case.ours)


@pytest.mark.parametrize("key", KEY_TYPES)
def test_ssh_shows_a_certificate_to_our_server(key, world, server_for, peer_for):
    client = peer_for("ssh", server_for("sshrs-sshd", "ca"))
    assert shown_by(client, world.keys[key], world.issue(key=key)).check().stdout == b"in\n"
    with pytest.raises(AssertionError, match="Permission denied"):
        shown_by(client, world.keys[key], world.issue(ca="stranger", key=key)).check()


# ---- Our client's certificates ----


def shown_by(client, key, certificate: bytes | None = None, beside=None, **options):
    """Runs a command with a key, and a certificate as CertificateFile or in the file beside the key's."""
    path = client.home / "key"
    path.touch(mode=0o600)
    path.write_bytes(key.path.read_bytes())
    if beside is not None:
        (client.home / "key-cert.pub").write_text(line(beside))
    if certificate is not None:
        options["CertificateFile"] = client.home / "named"
        (client.home / "named").write_text(line(certificate))
    return client.run("echo in", key=None, flags=["-v", "-i", str(path)], BatchMode="yes", **options)


@pytest.mark.parametrize("key", KEY_TYPES)
def test_our_client_shows_the_certificate_beside_the_key(key, world, server_for, client_for):
    done = shown_by(client_for(server_for("sshd", "ca")), world.keys[key], beside=world.issue(key=key)).check()
    assert done.stdout == b"in\n" and done.stderr.count("offering") == 1


def test_our_client_shows_a_named_certificate_alone(world, server_for, client_for):
    server, key = server_for("sshd", "ca"), world.keys["rsa"]
    good, bad = world.issue(key="rsa"), world.issue(ca="stranger", key="rsa")
    shown_by(client_for(server), key, good).check()
    shown_by(client_for(server), key, good, PubkeyAcceptedAlgorithms="rsa-sha2-256").check()
    # Where one is named, the file beside the key is not looked at.
    shown_by(client_for(server), key, bad, beside=good).check_failed("permission denied")
    shown_by(client_for(server), key, world.issue(), beside=good).check_failed("permission denied")


def test_our_client_goes_on_with_the_key_alone(world, server_for, client_for):
    server, key = server_for("sshd", "lines"), world.keys["line-no-authority"]
    done = shown_by(client_for(server), key, beside=world.issue(key="line-no-authority")).check()
    assert done.stdout == b"in\n" and done.stderr.count("offering") == 2


def test_there_are_no_two_of_a_name():
    assert len(set(IDS)) == len(IDS) >= 60
