"""Fixtures: servers shared by many tests, and clients for them.

A server that a test needs in a special way it starts itself (`sshd_with`). Every skip says why; with
SSHRS_NO_SKIP=1 a peer that cannot be run is a failure, so that a test run cannot pass by testing nothing.
"""

import fcntl
import os
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from client import Client, program  # noqa: E402
from forwarding import Echo  # noqa: E402
from peers import Unavailable  # noqa: E402
from clients import Dropbear, OpenSsh  # noqa: E402
from peers.keys import TYPES, USER_TYPES, Keys, make_keys  # noqa: E402
from peers.server import Server, read_offer  # noqa: E402
from peers.sshd import start_sshd, supports  # noqa: E402
from peers.sshrs_sshd import program as sshd_program  # noqa: E402
from peers.sshrs_sshd import start_sshrs_sshd  # noqa: E402
from algorithms import SSHD_OPTION, TABLES  # noqa: E402


def pytest_sessionstart(session):
    # Ended from outside, the servers' folders are removed all the same.
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated", 143))
    for variable, path in (("SSHRS_SSH", program()), ("SSHRS_SSHD", sshd_program())):
        if not os.access(path, os.X_OK):
            pytest.exit(f"there is no program at {path}: build it (scripts/test.sh does), or set {variable}", 4)


def available(start, *args, **kwargs) -> Server:
    """Starts a peer, or skips with its reason."""
    try:
        return start(*args, **kwargs)
    except Unavailable as error:
        if os.environ.get("SSHRS_NO_SKIP"):
            raise
        pytest.skip(str(error))


def made_once(tmp_path_factory, worker_id: str, name: str, names, **options) -> Keys:
    """Key pairs for all processes that share this run's tests: making RSA keys takes long."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / name
    with (folder.parent / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return Keys(folder) if folder.exists() else make_keys(folder, tuple(names), **options)


@pytest.fixture(scope="session")
def worker_id(request):
    """The process's name if several share the tests (pytest -n), `master` otherwise."""
    return getattr(request.config, "workerinput", {}).get("workerid", "master")


@pytest.fixture(scope="session")
def client_keys(tmp_path_factory, worker_id):
    return made_once(tmp_path_factory, worker_id, "client", USER_TYPES, encrypted=True)


@pytest.fixture(scope="session")
def host_keys(tmp_path_factory, worker_id):
    return made_once(tmp_path_factory, worker_id, "host", TYPES)


@pytest.fixture(scope="session")
def sshd(client_keys, host_keys):
    """An sshd as distributed, but for its account."""
    with available(start_sshd, client_keys=client_keys, host_keys=host_keys) as server:
        yield server


@pytest.fixture(scope="session")
def sshd_all(client_keys, host_keys):
    """An sshd with every algorithm of ours that it knows switched on, legacy ones included."""
    options = {}
    for table, option in SSHD_OPTION.items():
        names = [name for name in TABLES[table] if supports(option, name)]
        if names:
            options[option] = ",".join(names)
    options["PubkeyAcceptedAlgorithms"] = options["HostKeyAlgorithms"]
    options["Compression"] = "yes"
    options["LogLevel"] = "DEBUG3"  # names the algorithm of each signature
    with available(start_sshd, options, client_keys=client_keys, host_keys=host_keys) as server:
        server.notes["offer"] = read_offer(server.port)
        yield server


@pytest.fixture
def sshd_with(client_keys, host_keys):
    """A function that starts an sshd with options of its own; they end with the test."""
    started = []

    def start(**options) -> Server:
        server = available(start_sshd, options, client_keys=client_keys, host_keys=host_keys)
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def dropbear(client_keys):
    from peers.dropbear import start_dropbear

    with available(start_dropbear, client_keys=client_keys) as server:
        server.notes["offer"] = read_offer(server.port)
        yield server


@pytest.fixture
def client_for(tmp_path):
    """A function that gives a client for a server."""
    made = []

    def make(server: Server, port: int | None = None) -> Client:
        home = tmp_path / f"home{len(made)}"
        home.mkdir()
        made.append(home)
        return Client(server, home, port)

    return make


@pytest.fixture
def client(sshd, client_for):
    """A client for the ordinary sshd."""
    return client_for(sshd)


# ---- Our server, and the clients for it -----------------------------------------------------------------------------

CLIENTS = {"ssh": OpenSsh, "dbclient": Dropbear, "sshrs-ssh": Client}


@pytest.fixture(scope="session")
def our_sshd(client_keys, host_keys):
    """sshrs-sshd with its defaults, shared by many tests."""
    with start_sshrs_sshd(client_keys, host_keys, AcceptEnv="SSHRS_*") as server:
        yield server


@pytest.fixture
def our_sshd_with(client_keys, host_keys):
    """A function that starts a sshrs-sshd of its own for the test."""
    started = []

    def start(**arguments) -> Server:
        server = start_sshrs_sshd(client_keys, host_keys, **arguments)
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def peer_for(tmp_path):
    """A function that gives a client, by its program's name, for a server."""
    made = []

    def make(name: str, server: Server, port: int | None = None) -> Client:
        home = tmp_path / f"{name}-{len(made)}"
        home.mkdir()
        made.append(home)
        return CLIENTS[name](server, home, port)

    return make


@pytest.fixture(params=list(CLIENTS))
def peer(request, our_sshd, peer_for):
    """Each client program in turn, for the shared server."""
    return peer_for(request.param, our_sshd)


@pytest.fixture
def ssh(our_sshd, peer_for):
    """OpenSSH's client for the shared server."""
    return peer_for("ssh", our_sshd)


# ---- Forwarding -----------------------------------------------------------------------------------------------------


@pytest.fixture
def echo():
    """A server for forwarded connections to end at."""
    with Echo() as server:
        yield server
