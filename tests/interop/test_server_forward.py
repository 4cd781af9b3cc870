"""Forwarding through sshrs-sshd by clients that are neither OpenSSH's nor ours: those are in test_forward_matrix.py."""

import asyncio

import asyncssh
import pytest

from forwarding import DATA, connect, exchange, is_open, running
from libraries import asyncssh_connect, paramiko_client
from peers.server import HOST, free_port
from waiting import wait_until

# ---- Dropbear's client ----------------------------------------------------------------------------------------------


def test_local(our_sshd, peer_for, echo):
    port = free_port()
    with running(peer_for("dbclient", our_sshd), "-L", f"{HOST}:{port}:{HOST}:{echo.port}"):
        with connect(port) as first, connect(port) as second:
            exchange(first)
            exchange(second)


def test_many_connections_through_one_forward(our_sshd, peer_for, echo):
    port = free_port()
    with running(peer_for("dbclient", our_sshd), "-L", f"{HOST}:{port}:{HOST}:{echo.port}"):
        connections = [connect(port) for _ in range(20)]
        for conn in connections:
            exchange(conn, DATA[:50_000])
            conn.close()


def test_remote(our_sshd, peer_for, echo):
    port = free_port()
    with running(peer_for("dbclient", our_sshd), "-R", f"{port}:{HOST}:{echo.port}"):
        with connect(port) as first, connect(port) as second:
            exchange(first)
            exchange(second)


def test_netcat(our_sshd, peer_for, echo):
    client = peer_for("dbclient", our_sshd)
    data = DATA[:100_000]
    done = client.run(flags=["-B", f"{HOST}:{echo.port}"], stdin=data)
    # It leaves as soon as its own input ends.
    assert done.stdout == data + b"end" or data.startswith(done.stdout)


# ---- Refusals -------------------------------------------------------------------------------------------------------


def test_switched_off(our_sshd_with, peer_for, echo):
    client = peer_for("ssh", our_sshd_with(AllowTcpForwarding="no"))
    done = client.run(flags=["-W", f"{HOST}:{echo.port}"]).check(255)
    assert "prohibited" in done.stderr
    done = client.run(flags=["-N", "-R", f"0:{HOST}:{echo.port}"], ExitOnForwardFailure="yes").check(255)
    assert "remote port forwarding failed" in done.stderr
    assert client.run("echo fine").check().stdout == b"fine\n"


# ---- Libraries ------------------------------------------------------------------------------------------------------


def test_asyncssh_forwards(our_sshd, echo):
    async def talk(port: int) -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(DATA)
        writer.write_eof()
        assert await reader.read() == DATA + b"end"
        writer.close()

    async def test():
        async with asyncssh_connect(our_sshd) as connection:
            local = await connection.forward_local_port("", 0, HOST, echo.port)
            await asyncio.gather(*(talk(local.get_port()) for _ in range(5)))
            remote = await connection.forward_remote_port("", 0, HOST, echo.port)
            await asyncio.gather(*(talk(remote.get_port()) for _ in range(5)))
            port = remote.get_port()
            remote.close()
            await remote.wait_closed()
            with pytest.raises(ConnectionRefusedError):
                await talk(port)
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.open_connection(HOST, free_port())

    asyncio.run(asyncio.wait_for(test(), 60))


def test_paramiko_forwards(our_sshd, echo):
    with paramiko_client(our_sshd) as client:
        transport = client.get_transport()
        channel = transport.open_channel("direct-tcpip", (HOST, echo.port), (HOST, 1), timeout=30)
        channel.settimeout(30)
        channel.sendall(b"there and back")
        channel.shutdown_write()
        assert channel.makefile("rb").read() == b"there and backend"
        port = transport.request_port_forward(HOST, 0)
        with connect(port) as conn:
            incoming = transport.accept(20)
            conn.sendall(b"hello")
            assert incoming.recv(5) == b"hello"
            assert incoming.origin_addr == conn.getsockname()
        transport.cancel_port_forward(HOST, port)
        wait_until(lambda: is_open(port), lambda open_: not open_, 10, "end of the listener")
