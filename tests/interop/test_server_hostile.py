"""Clients of sshrs-sshd that ask for what no client should, and that leave at bad moments."""

import os
import time
from pathlib import Path

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


def signal(channel: paramiko.Channel, name: str) -> None:
    message = paramiko.Message()
    message.add_byte(b"\x62")  # SSH_MSG_CHANNEL_REQUEST
    message.add_int(channel.remote_chanid)
    message.add_string("signal")
    message.add_boolean(False)
    message.add_string(name)
    channel.transport._send_user_message(message)


def wait_until(condition, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def started(transport, command: str, pty: bool = False) -> tuple[paramiko.Channel, int]:
    """Runs a command that first prints its number."""
    channel = transport.open_session(timeout=TIMEOUT)
    if pty:
        channel.get_pty()
    channel.settimeout(TIMEOUT)
    channel.exec_command(f"echo $$; {command}")
    return channel, int(channel.makefile("rb").readline())


def test_a_signal_right_behind_the_start_reaches_the_command_and_not_the_server(transport, server):
    """Between fork and exec the child has the server's handler, and the server's pipe behind it."""
    channels = []
    for _ in range(60):
        channel = transport.open_session(timeout=TIMEOUT)
        channel.exec_command("exec sleep 1000")
        signal(channel, "TERM")
        channels.append(channel)
    assert all(channel.recv_exit_status() == -1 for channel in channels)
    assert server.running.process.poll() is None


@pytest.mark.parametrize("pty", [False, True], ids=["pipes", "terminal"])
@pytest.mark.parametrize(
    "command",
    ["exec sleep 1000", "exec >&- 2>&-; exec sleep 1000", "trap '' HUP; exec yes"],
    ids=["sleeps", "prints no more", "floods and ignores HUP"],
)
def test_a_client_that_leaves_takes_a_command_along(transport, command, pty):
    channel, pid = started(transport, command, pty)
    channel.close()
    assert wait_until(lambda: not is_alive(pid))


def test_a_client_that_leaves_amid_input_that_nobody_reads_takes_the_command_along(transport):
    channel, pid = started(transport, "exec sleep 1000")
    channel.settimeout(1)
    with pytest.raises(TimeoutError):
        while True:
            channel.send(bytes(30000))
    channel.close()
    assert wait_until(lambda: not is_alive(pid))


def test_nothing_is_held_for_a_daemon_whose_client_left(transport, server):
    descriptors = Path(f"/proc/{server.running.process.pid}/fd")
    before = len(list(descriptors.iterdir()))
    channel = transport.open_session(timeout=TIMEOUT)
    channel.settimeout(TIMEOUT)
    channel.exec_command("setsid sleep 60 & echo $!")
    daemon = int(channel.makefile("rb").readline())
    assert is_alive(daemon)
    channel.close()
    assert wait_until(lambda: len(list(descriptors.iterdir())) <= before)
    os.kill(daemon, 9)


def test_the_end_of_the_server_hangs_up_its_commands(client_keys, host_keys):
    server = start_sshrs_sshd(client_keys, host_keys, ["ed25519"])
    with paramiko_client(server) as client:
        pids = [started(client.get_transport(), "exec sleep 1000", pty)[1] for pty in (False, True)]
        server.stop()
    assert wait_until(lambda: not any(is_alive(pid) for pid in pids))


def test_a_command_starts_in_a_server_without_standard_descriptors(client_keys, host_keys):
    server = start_sshrs_sshd(client_keys, host_keys, ["ed25519"], wrapper=["sh", "-c", 'exec "$0" "$@" <&-'])
    with server, paramiko_client(server) as client:
        _, out, _ = client.exec_command("cat; echo done", timeout=TIMEOUT)
        out.channel.shutdown_write()
        assert out.read() == b"done\n"
