"""What goes wrong on the way: each failure ends the client with status 255 and a message, within its time."""

import re
import subprocess

import pytest

from peers.relay import SILENT_AFTER, Relay, SilentServer
from peers.server import free_port

TIMEOUT = 3
# What the library waits for the answer to one authentication request (auth_timeout_ms).
AUTH_TIMEOUT = 30
# Beyond the deadline: starting the program, closing the connection, a busy machine.
GRACE = 4


def check_in_time(done) -> None:
    assert done.seconds < TIMEOUT + GRACE, f"it took {done.seconds:.1f} s; ConnectTimeout is {TIMEOUT}"


def test_closed_port(sshd, client_for):
    done = client_for(sshd, free_port()).run("true", ConnectTimeout=TIMEOUT)
    done.check_failed("connect", "refused")
    check_in_time(done)


def test_name_that_does_not_resolve(client):
    command = client.arguments("true", ConnectTimeout=TIMEOUT)
    command[-2] = command[-2].split("@")[0] + "@no-such-host.invalid"
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=client.environment())
    assert done.returncode == 255
    assert "no-such-host.invalid" in done.stderr


def test_not_an_ssh_server(sshd, client_for):
    with SilentServer(b"220 mail.example ESMTP\r\n" * 2000) as fake:
        client_for(sshd, fake.port).run("true", ConnectTimeout=TIMEOUT).check_failed("SSH")


def test_old_protocol(sshd, client_for):
    with SilentServer(b"SSH-1.5-ancient\r\n") as fake:
        client_for(sshd, fake.port).run("true", ConnectTimeout=TIMEOUT).check_failed("SSH-1.5", "version", "identification")


@pytest.mark.parametrize(
    "option,name,offered",
    [
        ("Ciphers", "3des-cbc", "aes128-ctr"),
        ("MACs", "hmac-sha1", "hmac-sha2-512"),
        ("KexAlgorithms", "diffie-hellman-group14-sha1", "curve25519-sha256"),
        ("HostKeyAlgorithms", "ssh-rsa", "ssh-ed25519"),
    ],
)
def test_no_common_algorithm_tells_both_offers(sshd_with, client_for, option, name, offered):
    server = sshd_with(**{option: offered})
    options = {option: name}
    if option == "MACs":
        options["Ciphers"] = "aes128-ctr"  # an AEAD needs no MAC
    done = client_for(server).run("true", **options).check_failed(name)
    assert offered in done.stderr, f"the server's offer is not told:\n{done.stderr}"


@pytest.mark.parametrize("stage", SILENT_AFTER)
def test_silence(sshd, client_for, stage):
    with SilentServer(SILENT_AFTER[stage]) as fake:
        done = client_for(sshd, fake.port).run("true", ConnectTimeout=TIMEOUT)
    done.check_failed("time", "no answer", "did not answer")
    check_in_time(done)


def test_one_bound_for_version_and_key_exchange_together(sshd, client_for):
    """A server that uses most of the time for its version has no new time for the rest."""
    timeout = 6
    with SilentServer(SILENT_AFTER["kexinit"], after=timeout - 1) as fake:
        done = client_for(sshd, fake.port).run("true", ConnectTimeout=timeout)
    done.check_failed("key exchange did not finish")
    assert done.seconds < timeout + GRACE


@pytest.fixture(scope="module")
def session_length(sshd, tmp_path_factory):
    """Bytes each way of a whole session, by stage: what the relay counted, nothing cut."""
    from client import Client

    with Relay(sshd.port) as relay:
        home = tmp_path_factory.mktemp("measure")
        Client(sshd, home, relay.port).run("echo", "x" * 50).check()
        return dict(relay.counted)


# Parts of the session's bytes: dense where the stages change quickly.
PARTS = [0, 0.002, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.99]


@pytest.mark.parametrize("then", ["close", "reset"])
@pytest.mark.parametrize("direction", ["down", "up"])
@pytest.mark.parametrize("part", PARTS)
def test_cut(sshd, client_for, session_length, part, direction, then):
    """The connection is cut after a part of the session's bytes."""
    limit = int(session_length[direction] * part)
    text = "x" * 50
    with Relay(sshd.port, limit, direction, then) as relay:
        done = client_for(sshd, relay.port).run("echo", text, ConnectTimeout=TIMEOUT)
    if done.status == 0 and part > 0.8:
        # All the client needed had passed already: then, and only then, is success the truth.
        assert done.stdout.decode().strip() == text
        return
    done.check_failed()
    check_in_time(done)


@pytest.mark.parametrize("direction", ["down", "up"])
@pytest.mark.parametrize("part", [0, 0.01, 0.1, 0.3, 0.5, 0.7, 0.8])
def test_stall(sshd, client_for, session_length, part, direction):
    """Nothing passes any more, but the connection stays up. ConnectTimeout bounds the key exchange, the library's default
    the answer to a login, keepalives what comes after."""
    limit = int(session_length[direction] * part)
    with Relay(sshd.port, limit, direction, "stall") as relay:
        options = {"ConnectTimeout": TIMEOUT, "ServerAliveInterval": 1, "ServerAliveCountMax": 2}
        done = client_for(sshd, relay.port).run("sleep 30", **options)
    done.check_failed("time", "answer", "dead", "alive")
    bound = AUTH_TIMEOUT if "logging in" in done.stderr else TIMEOUT + 3
    assert done.seconds < bound + GRACE


def test_peer_that_dies_during_a_session(sshd, client_for):
    """Keepalives notice a peer that no longer answers."""
    with Relay(sshd.port) as relay:
        client = client_for(sshd, relay.port)
        process = client.popen(
            "echo ready; sleep 30",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            ServerAliveInterval=1,
            ServerAliveCountMax=2,
        )
        assert process.stdout.readline() == b"ready\n"
        relay.freeze()
        _, error = process.communicate(timeout=20)
    assert process.returncode == 255
    assert re.search("answer|dead|alive", error.decode(), re.IGNORECASE), error


def test_server_killed_during_a_session(sshd_with, client_for):
    server = sshd_with()
    process = client_for(server).popen("echo ready; sleep 30", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    server.running.stop()
    _, error = process.communicate(timeout=20)
    assert process.returncode == 255
    assert error.strip()
