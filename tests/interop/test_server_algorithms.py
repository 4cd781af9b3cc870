"""Every algorithm that sshrs-sshd shares with each client, one connection each.

A skip means that the client does not have the name.
"""

import re
import subprocess

import pytest

from algorithms import CLIENT_OPTION, TABLES
from libraries import asyncssh_algorithms, asyncssh_with, paramiko_algorithms, paramiko_with
from peers import UNPACKED
from peers.server import read_client_offer, read_offer

ALL = TABLES | {"compression": ["none", "zlib@openssh.com"]}
CASES = [(table, name) for table, names in ALL.items() for name in names]
OPTIONS = CLIENT_OPTION | {"compression": "Compression"}
# An AEAD cipher needs no MAC; these tests need one that does.
CIPHER_WITH_MAC = "aes128-ctr"
# What ssh -Q calls a list.
QUERIES = {"kex": "kex", "host_key": "HostKeyAlgorithms", "cipher": "cipher", "mac": "mac", "compression": "compression"}


@pytest.fixture(scope="session")
def moduli(tmp_path_factory):
    """Groups for group exchange; OpenSSH's own file has too many to load for every server of a test."""
    for folder in ("/etc/ssh", "/etc", UNPACKED / "etc" / "ssh"):
        try:
            with open(f"{folder}/moduli") as file:
                lines = [line for line in file if not line.startswith("#")]
        except FileNotFoundError:
            continue
        path = tmp_path_factory.mktemp("moduli") / "moduli"
        path.write_text("".join(line for line in lines if line.split()[4] in ("2047", "3071", "4095")))
        return path
    pytest.skip("there is no moduli file; scripts/install-deps.sh unpacks one")


@pytest.fixture(scope="session")
def our_sshd_all(client_keys, host_keys, moduli):
    """sshrs-sshd with all its algorithms switched on, legacy ones included."""
    from peers.sshrs_sshd import start_sshrs_sshd

    options = {option: ",".join(TABLES[table]) for table, option in CLIENT_OPTION.items()}
    with start_sshrs_sshd(client_keys, host_keys, flags=["--moduli", moduli], **options) as server:
        offer = read_offer(server.port)
        assert {table: set(offer[table]) >= set(names) for table, names in ALL.items()} == dict.fromkeys(ALL, True)
        yield server


@pytest.fixture(scope="session")
def lists_of():
    """A function that asks a client for all its algorithms."""
    known = {}

    def ask(name: str, client) -> dict[str, list[str]]:
        if name not in known:
            known[name] = _ask(name, client)
        return known[name]

    return ask


def _ask(name: str, client) -> dict[str, list[str]]:
    if name == "ssh":
        return {table: client.known_algorithms(query) for table, query in QUERIES.items() if table != "compression"} | {
            "compression": ALL["compression"]
        }
    if name == "sshrs-ssh":
        return ALL
    return {"paramiko": paramiko_algorithms, "asyncssh": asyncssh_algorithms}[name]()


def skip_unless_known(lists, client: str, table: str, name: str) -> None:
    if name not in lists[table]:
        pytest.skip(f"{client} does not have {name}")


def check_agreed(server, before: int, name: str) -> None:
    """Both ends use it: our own log of the negotiation."""
    lines = re.findall(r"agreed on (.*)", server.log_text()[before:])
    assert lines, f"nothing was negotiated:\n{server.log_text()[before:]}"
    words = re.split(r"[ ,;:]+", lines[-1])
    assert name in words, f"agreed on something else: {lines[-1]}"


@pytest.mark.parametrize("table,name", CASES)
@pytest.mark.parametrize("client", ["ssh", "sshrs-ssh"])
def test_program(our_sshd_all, peer_for, lists_of, client, table, name):
    program = peer_for(client, our_sshd_all)
    skip_unless_known(lists_of(client, program), client, table, name)
    before = len(our_sshd_all.log_text())
    options = {OPTIONS[table]: name}
    if table == "mac":
        options["Ciphers"] = CIPHER_WITH_MAC
    if table == "compression":
        options = {"Compression": "no" if name == "none" else "yes"}
    assert program.run("echo it works", **options).check().stdout == b"it works\n"
    check_agreed(our_sshd_all, before, name)


@pytest.mark.parametrize("table,name", CASES)
@pytest.mark.parametrize("client", ["paramiko", "asyncssh"])
def test_library(our_sshd_all, lists_of, client, table, name):
    skip_unless_known(lists_of(client, None), client, table, name)
    before = len(our_sshd_all.log_text())
    run = {"paramiko": paramiko_with, "asyncssh": asyncssh_with}[client]
    assert run(our_sshd_all, table, name) == b"it works\n"
    check_agreed(our_sshd_all, before, name)


@pytest.fixture(scope="session")
def dbclient_offer():
    """What dbclient offers when it meets a server."""
    from peers import environment_for, find_program

    program = find_program("dbclient")

    def start(port: int) -> None:
        subprocess.Popen(
            [program, "-y", "-y", "-p", str(port), "nobody@127.0.0.1", "true"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment_for(program),
        )

    return read_client_offer(start)


@pytest.mark.parametrize("table,name", CASES)
def test_dbclient(our_sshd_with, peer_for, dbclient_offer, moduli, table, name):
    """dbclient cannot be told all of its lists: the server's is cut down to one name instead."""
    skip_unless_known(dbclient_offer, "dbclient", table, name)
    # It has only MACs that are off by default.
    options = {"MACs": "+hmac-sha2-256", OPTIONS[table]: name}
    if table == "mac":
        options["Ciphers"] = CIPHER_WITH_MAC
    if table == "compression":
        options = {"Compression": "no" if name == "none" else "yes"}
    server = our_sshd_with(flags=["--moduli", moduli], **options)
    assert peer_for("dbclient", server).run("echo it works").check().stdout == b"it works\n"
    check_agreed(server, 0, name)
