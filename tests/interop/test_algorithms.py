"""Every algorithm both ends share, one connection each, against OpenSSH and Dropbear.

A skip means that the server's own KEXINIT does not have the name.
"""

import re

import pytest

from algorithms import CLIENT_OPTION, TABLES

CASES = [(table, name) for table, names in TABLES.items() for name in names]
# An AEAD cipher needs no MAC; these tests need one that does.
CIPHER_WITH_MAC = "aes128-ctr"


def options_for(table: str, name: str) -> dict[str, str]:
    options = {CLIENT_OPTION[table]: name}
    if table == "mac":
        options["Ciphers"] = CIPHER_WITH_MAC
    return options


def skip_unless_offered(server, table: str, name: str) -> None:
    if name not in server.notes["offer"][table]:
        pytest.skip(f"{server.name} ({server.notes['version']}) does not offer {name}")


@pytest.mark.parametrize("table,name", CASES)
def test_openssh(sshd_all, client_for, table, name):
    skip_unless_offered(sshd_all, table, name)
    before = len(sshd_all.log_text())
    done = client_for(sshd_all).run("echo", "it works", **options_for(table, name)).check()
    assert done.stdout == b"it works\n"
    # "debug1: kex: algorithm: X", "kex: host key algorithm: X", "kex: client->server cipher: X MAC: Y compression: Z"
    lines = re.findall(r"kex: .*", sshd_all.log_text()[before:])
    assert any(name in re.split(r"[ \[\]]+", line) for line in lines), f"sshd's log does not name {name}: {lines}"


@pytest.mark.parametrize("table,name", CASES)
def test_dropbear(dropbear, client_for, table, name):
    skip_unless_offered(dropbear, table, name)
    done = client_for(dropbear).run("echo", "it works", **options_for(table, name)).check()
    assert done.stdout == b"it works\n"


@pytest.mark.parametrize("name", ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"])
def test_rsa_signature_algorithms(sshd_all, client_for, name):
    skip_unless_offered(sshd_all, "host_key", name)
    before = len(sshd_all.log_text())
    client_for(sshd_all).run("true", key="rsa", PubkeyAcceptedAlgorithms=name).check()
    assert f"signature using {name} verified" in sshd_all.log_text()[before:], f"sshd saw no signature by {name}"


def test_compression_openssh(sshd_all, client_for):
    before = len(sshd_all.log_text())
    done = client_for(sshd_all).run("seq", "1", "20000", Compression="yes").check()
    assert done.stdout == "".join(f"{n}\n" for n in range(1, 20001)).encode()
    assert "compression: zlib@openssh.com" in sshd_all.log_text()[before:]


def test_compression_dropbear(dropbear, client_for):
    done = client_for(dropbear).run("seq", "1", "20000", Compression="yes").check()
    assert done.stdout == "".join(f"{n}\n" for n in range(1, 20001)).encode()


def test_defaults_start_with_the_best(sshd_all, client_for):
    """Without options: post-quantum key exchange if the server has one, and an AEAD."""
    before = len(sshd_all.log_text())
    client_for(sshd_all).run("true").check()
    log = sshd_all.log_text()[before:]
    kex = re.search(r"kex: algorithm: (\S+)", log)[1]
    offered = sshd_all.notes["offer"]["kex"]
    expected = next(name for name in TABLES["kex"] if name in offered)
    assert kex == expected
    cipher = re.search(r"client->server cipher: (\S+)", log)[1]
    assert cipher.endswith("gcm@openssh.com") or cipher.startswith("chacha20")


def test_strict_kex_and_extension_info(sshd, client_for):
    """kex-strict is a defence only if both ends have it: both logs must say so."""
    version = tuple(int(n) for n in sshd.notes["version"].removeprefix("OpenSSH_").split("."))
    before = len(sshd.log_text())
    done = client_for(sshd).run("true", flags=["-v"]).check()
    assert re.search("strict", done.stderr, re.IGNORECASE), f"the client's log does not tell of strict kex:\n{done.stderr}"
    log = sshd.log_text()[before:]
    if version >= (9, 6) or "strict" in log:
        assert re.search(r"strict", log)
