"""Two hundred megabytes each way with the hashes compared, while keys are renewed every megabyte."""

import hashlib
import os
import shutil
import subprocess
import threading

import pytest

from peers.server import new_base

SIZE = 200_000_000
CHUNK = 1 << 20
TIMEOUT = 300


@pytest.fixture(scope="session")
def data():
    """A file that compresses by about half, and its hash. The server's account must be able to reach it."""
    folder = new_base("bulk")
    folder.chmod(0o755)
    path, digest, left = folder / "data", hashlib.sha256(), SIZE
    with path.open("wb") as out:
        while left:
            half = os.urandom(CHUNK // 2)
            block = (half + bytes(CHUNK // 2))[:left]
            digest.update(block)
            out.write(block)
            left -= len(block)
    path.chmod(0o644)
    yield path, digest.hexdigest()
    shutil.rmtree(folder)


def hash_of(stream) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    while block := stream.read(CHUNK):
        digest.update(block)
        size += len(block)
    return size, digest.hexdigest()


def download(client, data, **options) -> None:
    path, expected = data
    process = client.popen(f"cat {path}", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    killer = threading.Timer(TIMEOUT, process.kill)
    killer.start()
    got = hash_of(process.stdout)
    error = process.stderr.read().decode(errors="replace")
    status = process.wait()
    killer.cancel()
    assert status == 0, error
    assert got == (SIZE, expected)


def upload(client, data, **options) -> None:
    path, expected = data
    with path.open("rb") as source:
        process = client.popen("sha256sum", stdin=source, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        out, error = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 0, error
    assert out.split()[0].decode() == expected


def both_ways(client, data, **options) -> None:
    """Through `cat`: the way out and the way back are full at the same time."""
    path, expected = data
    with path.open("rb") as source:
        process = client.popen("cat", stdin=source, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        killer = threading.Timer(TIMEOUT, process.kill)
        killer.start()
        got = hash_of(process.stdout)
        error = process.stderr.read().decode(errors="replace")
        status = process.wait()
        killer.cancel()
    assert status == 0, error
    assert got == (SIZE, expected)


WAYS = {"download": download, "upload": upload, "both-ways": both_ways}


def rekeys_in(log: str) -> int:
    return log.count("rekey out after") or log.count("SSH2_MSG_KEXINIT received") - 1


@pytest.mark.parametrize("compression", ["no", "yes"])
@pytest.mark.parametrize("way", WAYS)
def test_client_renews_keys(sshd, client, data, way, compression):
    before = len(sshd.log_text())
    WAYS[way](client, data, RekeyLimit="1M", Compression=compression)
    log = sshd.log_text()[before:]
    # Half a rekey a megabyte is enough to show that the limit is kept; compressed data counts compressed.
    assert rekeys_in(log) > SIZE // 1_000_000 // 4, "the keys were not renewed"
    assert ("compression: zlib@openssh.com" in log) == (compression == "yes")


@pytest.mark.parametrize("way", WAYS)
def test_server_renews_keys(sshd_with, client_for, data, way):
    server = sshd_with(RekeyLimit="1M")
    WAYS[way](client_for(server), data)
    assert rekeys_in(server.log_text()) > SIZE // 1_000_000 // 4, "the keys were not renewed"


@pytest.mark.parametrize("way", ["download", "upload"])
@pytest.mark.parametrize("cipher", ["chacha20-poly1305@openssh.com", "aes256-ctr"])
def test_dropbear(dropbear, client_for, data, way, cipher):
    """Dropbear's key exchanges are slow: fewer of them."""
    WAYS[way](client_for(dropbear), data, RekeyLimit="16M", Ciphers=cipher)
