"""Real clients log in to sshrs-sshd: each method, each key type, several steps, and failures."""

import re

import pytest

from clients import Dropbear
from conftest import CLIENTS
from peers.keys import USER_TYPES, make_keys


@pytest.mark.parametrize("key", USER_TYPES)
def test_key(peer, key):
    assert peer.run("echo in", key=key).check().stdout == b"in\n"


def test_password(peer, our_sshd):
    assert peer.run("echo in", key=None, password=our_sshd.password).check().stdout == b"in\n"


def test_keyboard_interactive(our_sshd_with, peer_for, client_name):
    server = our_sshd_with(flags=["--interactive"])
    client = peer_for(client_name, server)
    assert client.run("echo in", key=None, password=server.password).check().stdout == b"in\n"
    if client_name == "ssh":
        # There is no other way to give the password.
        assert refused(client, key=None, password=server.password, PreferredAuthentications="password")


@pytest.mark.parametrize("second", ["password", "keyboard-interactive"])
def test_key_then(our_sshd_with, peer_for, client_name, second):
    server = our_sshd_with(flags=["--two-step", *(["--interactive"] if second != "password" else [])])
    client = peer_for(client_name, server)
    assert client.run("echo in", password=server.password).check().stdout == b"in\n"
    assert refused(client, password=None), "the key alone was enough"
    assert refused(client, key=None, password=server.password), "the password alone was enough"


@pytest.fixture(params=list(CLIENTS))
def client_name(request):
    return request.param


def refused(client, **arguments) -> bool:
    """dbclient that has nobody to ask for a password exits with 0: that nothing ran is what counts."""
    done = client.run("echo in", **arguments)
    return done.stdout == b"" and (done.status != 0 or isinstance(client, Dropbear))


def test_two_step_is_told_as_partial_success(our_sshd_with, peer_for):
    server = our_sshd_with(flags=["--two-step"])
    done = peer_for("ssh", server).run("true", flags=["-v"], password=server.password).check()
    assert re.search(r"Authenticated using \"publickey\" with partial success", done.stderr)
    # Only what is left to do is offered.
    assert re.search(r"Authentications that can continue: password\r?\n", done.stderr)


def test_wrong_password(peer, our_sshd):
    assert refused(peer, key=None, password="not " + our_sshd.password)


def test_empty_password(peer):
    assert refused(peer, key=None, password="")


def test_unknown_key(our_sshd, ssh, tmp_path):
    stranger = make_keys(tmp_path / "stranger", ["ed25519"]).private("ed25519")
    done = ssh.run("true", key=None, flags=["-i", str(stranger)], BatchMode="yes").check_failed("permission denied")
    assert "publickey" in done.stderr and "password" in done.stderr, "what would be allowed is not told"


def test_unknown_user(peer, our_sshd):
    assert refused(peer, user="nobody-here")
    assert refused(peer, user="nobody-here", key=None, password=our_sshd.password)


def test_too_many_attempts_end_the_connection(our_sshd_with, peer_for):
    server = our_sshd_with(flags=["--max-auth-tries", "2"])
    options = {"NumberOfPasswordPrompts": 5, "PreferredAuthentications": "password"}
    done = peer_for("ssh", server).run("true", key=None, password="wrong", **options)
    done.check_failed("disconnect", "closed")
    assert done.stderr.count("Permission denied") < 4


def test_banner(our_sshd_with, peer_for, client_name, tmp_path):
    banner = tmp_path / "banner"
    banner.write_text("Authorised use only\n")
    done = peer_for(client_name, our_sshd_with(flags=["--banner", banner])).run("true").check()
    assert "Authorised use only" in done.stderr


@pytest.mark.parametrize("name", ["rsa-sha2-512", "rsa-sha2-256"])
def test_rsa_signature_algorithms(ssh, name):
    done = ssh.run("true", key="rsa", flags=["-vvv"], PubkeyAcceptedAlgorithms=name).check()
    assert re.search(rf"sign_and_send_pubkey: signing using {name}|signature using {name}|using {name}", done.stderr)


def test_server_sig_algs_and_strict_kex(ssh):
    """Both as OpenSSH's client tells them; a version before 9.6 (or without the backport) does not know strict."""
    done = ssh.run("true", flags=["-vvv"]).check()
    algorithms = re.search(r"server-sig-algs=<([^>]*)>", done.stderr)
    assert algorithms, "no server-sig-algs"
    assert {"ssh-ed25519", "rsa-sha2-256", "rsa-sha2-512", "ecdsa-sha2-nistp256"} <= set(algorithms[1].split(","))
    assert "ssh-rsa" not in algorithms[1].split(",")
    assert "kex-strict-s-v00@openssh.com" in done.stderr
    if "kex-strict-c-v00@openssh.com" in done.stderr:
        assert "will use strict KEX ordering" in done.stderr


def test_grace_time_ends_who_does_not_log_in(our_sshd_with):
    import socket
    import time

    server = our_sshd_with(flags=["--login-grace", "1"])
    start = time.monotonic()
    with socket.create_connection((server.host, server.port), 10) as idle:
        while idle.recv(4096):
            pass
    assert 0.9 < time.monotonic() - start < 5
