"""Clients of sshrs-sshd that ask for what no client should, and that leave at bad moments."""

import paramiko
import pytest

from libraries import TIMEOUT, paramiko_client
from peers.sshrs_sshd import start_sshrs_sshd


@pytest.fixture(scope="module")
def server(client_keys, host_keys):
    server = start_sshrs_sshd(client_keys, host_keys, ["ed25519"], MaxSessions="1000", Subsystem="upper tr a-z A-Z")
    yield server
    server.stop()


@pytest.fixture
def transport(server):
    with paramiko_client(server) as client:
        yield client.get_transport()


def test_a_command_with_a_nul_does_not_run_in_part(transport):
    with pytest.raises(paramiko.SSHException):
        transport.open_session(timeout=TIMEOUT).exec_command(b"echo one\0 two")


@pytest.mark.parametrize("name", ["", "up", "upper ", "upper tr", "upper tr a-z", "UPPER"])
def test_a_subsystem_is_asked_for_by_its_whole_name(transport, name):
    with pytest.raises(paramiko.SSHException):
        transport.open_session(timeout=TIMEOUT).invoke_subsystem(name)
