"""paramiko and AsyncSSH, from PyPI, as clients of sshrs-sshd."""

import asyncio
import os
import socket

import asyncssh
import paramiko
import pytest

from libraries import asyncssh_connect, paramiko_client
from peers.keys import USER_TYPES
from waiting import wait_until

DATA = os.urandom(3_000_000)


# ---- paramiko -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", USER_TYPES)
def test_paramiko_key(our_sshd, key):
    with paramiko_client(our_sshd, key_filename=str(our_sshd.client_keys.private(key))) as client:
        assert client.exec_command("echo in")[1].read() == b"in\n"


def test_paramiko_password(our_sshd):
    with paramiko_client(our_sshd, password=our_sshd.password) as client:
        assert client.exec_command("echo in")[1].read() == b"in\n"
    with pytest.raises(paramiko.AuthenticationException):
        with paramiko_client(our_sshd, password="wrong"):
            pass


def test_paramiko_two_step(our_sshd_with):
    """Its own account of what is left to do, at each step."""
    server = our_sshd_with(flags=["--two-step", "--interactive"])
    transport = paramiko.Transport((server.host, server.port))
    try:
        transport.start_client(timeout=30)
        with pytest.raises(paramiko.BadAuthenticationType) as refused:
            transport.auth_password(server.user, server.password)
        assert refused.value.allowed_types == ["publickey"]
        key = paramiko.Ed25519Key(filename=str(server.client_keys.private("ed25519")))
        assert transport.auth_publickey(server.user, key) == ["keyboard-interactive"]
        assert not transport.is_authenticated()
        transport.auth_interactive(server.user, lambda title, text, prompts: [server.password] * len(prompts))
        assert transport.is_authenticated()
    finally:
        transport.close()


def test_paramiko_session(our_sshd):
    with paramiko_client(our_sshd) as client:
        stdin, stdout, stderr = client.exec_command("cat; echo err >&2; exit 7", timeout=30)
        stdin.channel.sendall(b"in")
        stdin.channel.shutdown_write()
        assert (stdout.read(), stderr.read(), stdout.channel.recv_exit_status()) == (b"in", b"err\n", 7)


def test_paramiko_terminal_and_window_change(our_sshd):
    with paramiko_client(our_sshd) as client:
        channel = client.invoke_shell("vt100", 90, 30)
        channel.settimeout(20)
        lines = channel.makefile("rwb")
        channel.sendall(b"PS1=; stty -echo; echo $TERM; stty size\n")
        while not (line := lines.readline()).endswith(b"vt100\r\n"):
            assert line, "the shell ended"
        assert lines.readline() == b"30 90\r\n"
        channel.resize_pty(70, 20)
        channel.sendall(b"stty size; exit 5\n")
        assert lines.readline() == b"20 70\r\n"
        assert channel.recv_exit_status() == 5


def test_paramiko_many_channels(our_sshd):
    with paramiko_client(our_sshd) as client:
        running = [client.exec_command(f"cat; exit {n}", timeout=60) for n in range(20)]
        for stdin, stdout, _ in running:
            stdin.channel.sendall(b"x" * 10000)
            stdin.channel.shutdown_write()
        for n, (_, stdout, _) in enumerate(running):
            assert (stdout.read(), stdout.channel.recv_exit_status()) == (b"x" * 10000, n)


def test_paramiko_renews_keys(our_sshd):
    before = len(our_sshd.log_text())
    with paramiko_client(our_sshd) as client:
        for _ in range(3):
            client.get_transport().renegotiate_keys()
            stdout = client.exec_command("echo still here")[1]
            assert stdout.read() == b"still here\n"
            # paramiko's reader waits for ever if it must answer a channel's end while keys are renewed.
            wait_until(lambda: stdout.channel.closed, bool, 20, "end of the channel")
    assert our_sshd.log_text()[before:].count("new keys:") == 3


# ---- AsyncSSH -------------------------------------------------------------------------------------------------------


def run(test):
    """The test's coroutine to its end; nothing may hang."""
    return asyncio.run(asyncio.wait_for(test, 60))


@pytest.mark.parametrize("key", USER_TYPES)
def test_asyncssh_key(our_sshd, key):
    async def test():
        async with asyncssh_connect(our_sshd, client_keys=[str(our_sshd.client_keys.private(key))]) as connection:
            return (await connection.run("echo in", check=True)).stdout

    assert run(test()) == "in\n"


@pytest.mark.parametrize("flags", [(), ("--interactive",)])
def test_asyncssh_password(our_sshd_with, flags):
    server = our_sshd_with(flags=flags)

    async def test():
        async with asyncssh_connect(server, password=server.password) as connection:
            assert (await connection.run("echo in", check=True)).stdout == "in\n"
        with pytest.raises(asyncssh.PermissionDenied):
            await asyncssh_connect(server, password="wrong")

    run(test())


def test_asyncssh_banner(our_sshd_with, tmp_path):
    (tmp_path / "banner").write_text("Authorised use only\n")
    server = our_sshd_with(flags=["--banner", tmp_path / "banner"])
    seen = []

    class Listening(asyncssh.SSHClient):
        def auth_banner_received(self, msg, lang):
            seen.append(msg)

    async def test():
        async with asyncssh_connect(server, client_factory=Listening):
            pass

    run(test())
    assert seen == ["Authorised use only\n"]


def test_asyncssh_streams_and_exit(our_sshd):
    async def test():
        async with asyncssh_connect(our_sshd) as connection:
            done = await connection.run("cat; echo err >&2; exit 9", input=DATA, encoding=None)
            assert (done.stdout, done.stderr, done.exit_status) == (DATA, b"err\n", 9)
            done = await connection.run("kill -TERM $$")
            assert done.exit_signal[0] == "TERM"

    run(test())


@pytest.mark.parametrize("name", ["TERM", "INT", "HUP", "USR1", "KILL"])
def test_asyncssh_sends_a_signal(our_sshd, name):
    async def test():
        async with asyncssh_connect(our_sshd) as connection:
            process = await connection.create_process("echo ready; exec sleep 30")
            assert await process.stdout.readline() == "ready\n"
            process.send_signal(name)
            await process.wait()
            assert process.exit_signal[0] == name

    run(test())


def test_asyncssh_environment_and_terminal(our_sshd):
    async def test():
        async with asyncssh_connect(our_sshd) as connection:
            env = {"SSHRS_ONE": "1", "OTHER": "no"}
            done = await connection.run("echo $SSHRS_ONE-$OTHER-$TERM; stty size", env=env, term_type="ansi", term_size=(70, 20))
            assert done.stdout.split() == ["1--ansi", "20", "70"]
            process = await connection.create_process("trap 'stty size; exit 3' WINCH; echo ready; while :; do sleep 0.05; done", term_type="ansi")
            assert (await process.stdout.readline()).strip() == "ready"
            process.change_terminal_size(100, 40)
            assert (await process.stdout.readline()).strip() == "40 100"
            assert (await process.wait()).exit_status == 3

    run(test())


def test_asyncssh_break_reaches_a_terminal(our_sshd):
    """RFC 4335: the terminal's own break; no terminal refuses it, which AsyncSSH does not tell."""

    async def test():
        async with asyncssh_connect(our_sshd) as connection:
            process = await connection.create_process("echo ready; read line; echo got-$line", term_type="ansi")
            assert (await process.stdout.readline()).strip() == "ready"
            process.send_break(100)
            process.stdin.write("on\n")
            assert "got-on" in await process.stdout.read()

    run(test())


def test_asyncssh_subsystem(our_sshd_with):
    server = our_sshd_with(Subsystem="copy /bin/cat")

    async def test():
        async with asyncssh_connect(server) as connection:
            done = await connection.run(subsystem="copy", input="back")
            assert done.stdout == "back"
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.run(subsystem="none-such")

    run(test())


def test_asyncssh_renews_keys_and_compresses(our_sshd):
    async def test():
        async with asyncssh_connect(our_sshd, compression_algs=["zlib@openssh.com"], rekey_bytes=200_000) as connection:
            assert connection.get_extra_info("recv_compression") == "zlib@openssh.com"
            assert (await connection.run("cat", input=DATA, encoding=None)).stdout == DATA

    before = len(our_sshd.log_text())
    run(test())
    assert our_sshd.log_text()[before:].count("new keys:") >= 5


def test_asyncssh_a_hundred_channels_each_closed_early(our_sshd):
    """Closing without waiting leaves nothing behind: the next ones work."""

    async def test():
        async with asyncssh_connect(our_sshd) as connection:
            for _ in range(4):
                processes = [await connection.create_process("cat") for _ in range(25)]
                for process in processes:
                    process.close()
                await asyncio.gather(*(process.wait_closed() for process in processes))
            assert (await connection.run("echo fine", check=True)).stdout == "fine\n"

    run(test())


# ---- Whoever hangs up -----------------------------------------------------------------------------------------------


def test_hanging_up_at_once_is_survived(our_sshd):
    """A hundred who connect and leave, some in the middle of a word."""
    for n in range(100):
        with socket.create_connection((our_sshd.host, our_sshd.port), 10) as connection:
            connection.sendall(b"SSH-2.0-short\r\n"[: n % 16])
    assert our_sshd.running.process.poll() is None
    with paramiko_client(our_sshd) as client:
        assert client.exec_command("echo in")[1].read() == b"in\n"


def test_paramiko_gone_in_the_middle(our_sshd):
    """The socket is closed under the connection; its commands end with it."""
    with paramiko_client(our_sshd) as client:
        pid = int(client.exec_command("echo $$; exec sleep 300")[1].readline())
        client.get_transport().sock.shutdown(socket.SHUT_RDWR)
    wait_until(lambda: os.path.exists(f"/proc/{pid}"), lambda alive: not alive, 10, "end of the command")
