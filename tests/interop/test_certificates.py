"""User certificates: what sshd makes of each, and that sshrs-sshd makes the same of it."""

import contextlib

import pytest

from cert_cases import CASES, SETUPS, World
from conftest import available
from peers.cert_client import attempt
from peers.keys import Keys
from peers.sshd import start_sshd
from peers.sshrs_sshd import start_sshrs_sshd

IDS = [case.name.replace(" ", "-") for case in CASES]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    folder.chmod(0o755)  # sshd's own checks read some of it as the account
    return World(folder)


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


def test_there_are_no_two_of_a_name():
    assert len(set(IDS)) == len(IDS) >= 60
