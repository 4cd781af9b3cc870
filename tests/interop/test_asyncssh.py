"""AsyncSSH: ML-KEM and strict key exchange, as both ends' logs tell it."""

import re

import pytest

from conftest import available
from peers.asyncssh_server import start_asyncssh


@pytest.fixture
def asyncssh_with(client_keys):
    started = []

    def start(**algorithms):
        server = available(start_asyncssh, client_keys=client_keys, **algorithms)
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


def negotiated(server) -> dict[str, str]:
    line = re.search(r"^negotiated: (.*)$", server.log_text(), re.MULTILINE)
    assert line, f"nobody logged in:\n{server.log_text()}"
    return dict(fact.split("=", 1) for fact in line[1].split())


def test_mlkem_and_strict_kex_seen_from_both_ends(asyncssh_with, client_for):
    kex = "mlkem768x25519-sha256"
    server = asyncssh_with()
    done = client_for(server).run("echo", "it works", flags=["-v"]).check()
    assert done.stdout == b"it works\n"
    assert f"Key exchange alg: {kex}" in server.log_text()
    assert negotiated(server)["strict"] == "True"
    assert kex in done.stderr, f"the client's log does not name {kex}:\n{done.stderr}"
    assert re.search("strict", done.stderr, re.IGNORECASE), f"the client's log does not tell of strict kex:\n{done.stderr}"


def test_password(asyncssh_with, client_for):
    server = asyncssh_with()
    client_for(server).run("exit 5", key=None, password=server.password).check(5)


def test_data_both_ways(asyncssh_with, client_for):
    data = bytes(range(128)) * 40_000
    assert client_for(asyncssh_with()).run("cat", stdin=data, RekeyLimit="1M").check().stdout == data


def test_plain_zlib(asyncssh_with, client_for):
    """Compression from the first key exchange on, before the login; across new keys, whose streams begin anew."""
    data = bytes(range(128)) * 40_000
    server = asyncssh_with(compression_algs="zlib")
    done = client_for(server).run("cat", stdin=data, flags=["-v"], Compression="yes", RekeyLimit="16K").check()
    assert done.stdout == data
    assert negotiated(server)["compression"] == "zlib"
    assert "compression to client: zlib" in done.stderr
    # Compressed bytes count: 5 MB of this text are far fewer, and still enough for several exchanges.
    assert done.stderr.count("new keys: ") >= 2, done.stderr


@pytest.mark.parametrize("cipher", ["aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes256-ctr"])
def test_ciphers(asyncssh_with, client_for, cipher):
    server = asyncssh_with(encryption_algs=cipher)
    client_for(server).run("echo", "it works").check()
    assert negotiated(server)["cipher"] == cipher
