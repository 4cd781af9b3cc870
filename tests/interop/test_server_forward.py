"""Forwarding through sshrs-sshd: -L, -R, -D, -J, -W, Unix sockets, the agent and X11, with real clients."""

import asyncio
import contextlib
import os
import re
import socket
import struct
import subprocess
import threading
from subprocess import DEVNULL, PIPE

import asyncssh
import pytest

from libraries import asyncssh_connect, paramiko_client
from peers import find_program
from peers.server import HOST, free_port
from waiting import wait_until

DATA = os.urandom(1_000_000)


class Echo:
    """Sends everything back, on a port or a Unix socket of its own."""

    def __init__(self, path=None):
        if path:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(str(path))
            self._listener.listen()
        else:
            self._listener = socket.create_server((HOST, 0))
            self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=[self._listener.accept()[0]], daemon=True).start()

    @staticmethod
    def _serve(conn: socket.socket) -> None:
        with conn, contextlib.suppress(OSError):
            while data := conn.recv(65536):
                conn.sendall(data)
            # The end of one direction is passed on, and the other still works.
            conn.sendall(b"end")

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        self._listener.close()


@pytest.fixture
def echo():
    with Echo() as server:
        yield server


def exchange(conn: socket.socket, data: bytes = DATA) -> None:
    """Data there and back, then the end of one direction, then of the other."""
    conn.settimeout(30)
    writer = threading.Thread(target=lambda: (conn.sendall(data), conn.shutdown(socket.SHUT_WR)))
    writer.start()
    got = bytearray()
    while chunk := conn.recv(65536):
        got += chunk
    writer.join()
    assert bytes(got) == data + b"end"


def connect(port: int) -> socket.socket:
    """Connects to a port that someone is about to listen on."""

    def attempt():
        try:
            return socket.create_connection((HOST, port), 10)
        except ConnectionRefusedError:
            return None

    return wait_until(attempt, bool, 20, f"listener on port {port}")


@contextlib.contextmanager
def running(client, *flags, **options):
    """The client with its forwards and no command, until the test is through with it."""
    process = client.popen(stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE, flags=["-N", *flags], **options)
    try:
        yield process
    finally:
        # SIGTERM that comes just before ssh waits for its connection is not heard by every version.
        process.kill()
        process.communicate(timeout=20)


FORWARDERS = ["ssh", "dbclient", "sshrs-ssh"]

# Those that have what OpenSSH has beyond plain -L and -R.
OPENSSH_LIKE = ["ssh", "sshrs-ssh"]


@pytest.mark.parametrize("name", FORWARDERS)
def test_local(our_sshd, peer_for, echo, name):
    port = free_port()
    with running(peer_for(name, our_sshd), "-L", f"{HOST}:{port}:{HOST}:{echo.port}"):
        with connect(port) as first, connect(port) as second:
            exchange(first)
            exchange(second)


@pytest.mark.parametrize("name", FORWARDERS)
def test_many_connections_through_one_forward(our_sshd, peer_for, echo, name):
    port = free_port()
    with running(peer_for(name, our_sshd), "-L", f"{HOST}:{port}:{HOST}:{echo.port}"):
        connections = [connect(port) for _ in range(20)]
        for conn in connections:
            exchange(conn, DATA[:50_000])
            conn.close()


@pytest.mark.parametrize("name", OPENSSH_LIKE)
def test_local_to_nobody(our_sshd, peer_for, name):
    """The channel is refused, and the connection lives on."""
    port, closed = free_port(), free_port()
    with running(peer_for(name, our_sshd), "-L", f"{HOST}:{port}:{HOST}:{closed}") as process:
        for _ in range(2):
            with connect(port) as conn:
                assert conn.recv(10) == b""
        assert process.poll() is None


@pytest.mark.parametrize("name", FORWARDERS)
def test_remote(our_sshd, peer_for, echo, name):
    port = free_port()
    with running(peer_for(name, our_sshd), "-R", f"{port}:{HOST}:{echo.port}"):
        with connect(port) as first, connect(port) as second:
            exchange(first)
            exchange(second)


@pytest.mark.parametrize("name", OPENSSH_LIKE)
def test_remote_with_a_port_of_the_servers_choice(our_sshd, peer_for, echo, name):
    with running(peer_for(name, our_sshd), "-R", f"0:{HOST}:{echo.port}") as process:
        line = process.stderr.readline().decode()
        found = re.search(r"Allocated port (\d+) for remote forward", line)
        assert found, line
        with connect(int(found[1])) as conn:
            exchange(conn)
    # It ends with its connection.
    wait_until(lambda: is_open(int(found[1])), lambda open_: not open_, 10, "end of the listener")


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def test_remote_forward_to_a_taken_port_is_refused(ssh, echo):
    options = {"ExitOnForwardFailure": "yes"}
    done = ssh.run(flags=["-N", "-R", f"{echo.port}:{HOST}:{echo.port}"], **options).check(255)
    assert "remote port forwarding failed" in done.stderr


@pytest.mark.parametrize("name", OPENSSH_LIKE)
def test_dynamic(our_sshd, peer_for, echo, name):
    """SOCKS 5 by hand: no authentication, then CONNECT by name."""
    port = free_port()
    with running(peer_for(name, our_sshd), "-D", f"{HOST}:{port}"), connect(port) as conn:
        conn.sendall(b"\x05\x01\x00")
        assert conn.recv(2) == b"\x05\x00"
        host = b"localhost"
        conn.sendall(b"\x05\x01\x00\x03" + bytes([len(host)]) + host + struct.pack(">H", echo.port))
        assert conn.recv(10)[:2] == b"\x05\x00"
        exchange(conn)


def test_jump(our_sshd, our_sshd_with, ssh, tmp_path):
    """Through one of our servers to another, and to its own."""
    target = our_sshd_with(AcceptEnv="SSHRS_*")
    (tmp_path / "hosts").write_text(our_sshd.known_hosts_lines() + target.known_hosts_lines())
    settings = {
        "IdentityFile": our_sshd.client_keys.private("ed25519"),
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "UserKnownHostsFile": tmp_path / "hosts",
        "GlobalKnownHostsFile": "none",
        "StrictHostKeyChecking": "yes",
        "User": our_sshd.user,
    }
    (tmp_path / "config").write_text("".join(f"{key} {value}\n" for key, value in settings.items()))
    ssh.arguments()
    for hops in ([our_sshd], [our_sshd, target, our_sshd]):
        through = ",".join(f"{hop.host}:{hop.port}" for hop in hops)
        command = [find_program("ssh"), "-F", tmp_path / "config", "-J", through, "-p", str(target.port), target.host, "cat; exit 4"]
        done = subprocess.run(command, input=DATA, stdout=PIPE, stderr=PIPE, timeout=60, env=ssh.environment())
        assert (done.returncode, done.stdout) == (4, DATA), done.stderr


@pytest.mark.parametrize("name,flag", [("ssh", "-W"), ("dbclient", "-B"), ("sshrs-ssh", "-W")])
def test_netcat(our_sshd, peer_for, echo, name, flag):
    client = peer_for(name, our_sshd)
    data = DATA[:100_000]
    done = client.run(flags=[flag, f"{HOST}:{echo.port}"], stdin=data)
    # Dropbear's client leaves as soon as its own input ends.
    assert done.stdout == data + b"end" or (name == "dbclient" and data.startswith(done.stdout))


# ---- Unix sockets ---------------------------------------------------------------------------------------------------


def test_local_to_a_unix_socket(ssh, tmp_path):
    port = free_port()
    with Echo(tmp_path / "socket"), running(ssh, "-L", f"{HOST}:{port}:{tmp_path}/socket"), connect(port) as conn:
        exchange(conn)


def test_remote_from_a_unix_socket(ssh, echo, tmp_path):
    path = tmp_path / "remote"
    with running(ssh, "-R", f"{path}:{HOST}:{echo.port}"):
        wait_until(path.exists, bool, 20, "the socket")
        with socket.socket(socket.AF_UNIX) as conn:
            conn.connect(str(path))
            exchange(conn)
    wait_until(path.exists, lambda there: not there, 10, "end of the socket")


# ---- The agent and X11 ----------------------------------------------------------------------------------------------


def test_agent(ssh, our_sshd, tmp_path):
    """The account's agent is the user's: it lists the user's key, and logs in further with it."""
    path = tmp_path / "agent"
    agent = subprocess.Popen([find_program("ssh-agent"), "-D", "-a", path], stdin=DEVNULL, stdout=DEVNULL)
    try:
        wait_until(path.exists, bool, 10, "the agent")
        env = {"SSH_AUTH_SOCK": str(path), "PATH": os.environ["PATH"]}
        key = our_sshd.client_keys.private("ecdsa256")
        subprocess.run([find_program("ssh-add"), "-q", key], check=True, env=env, capture_output=True)
        done = ssh.run("ssh-add -L; test -S \"$SSH_AUTH_SOCK\" && echo $SSH_AUTH_SOCK", flags=["-A"], IdentityAgent=path)
        lines = done.check().stdout.decode().splitlines()
        assert lines[0].split()[:2] == our_sshd.client_keys.public_line("ecdsa256").split()
        assert lines[1] != str(path)
        wait_until(lambda: os.path.exists(lines[1]), lambda there: not there, 10, "end of the agent's socket")
    finally:
        agent.terminate()
        agent.wait()
    assert b"-\n" == ssh.run("echo ${SSH_AUTH_SOCK}-").check().stdout


def listen_as_display() -> socket.socket:
    """A display's port is 6000 and its number; those from 10 on are the servers'."""
    for number in range(1000, 2000):
        with contextlib.suppress(OSError):
            return socket.create_server((HOST, 6000 + number))
    raise AssertionError("a thousand ports are taken")


def test_x11(our_sshd_with, peer_for, tmp_path):
    """A display of our own, which is only a listener that tells what it was sent: the client has put in the real cookie."""
    server = our_sshd_with(X11Forwarding="yes")
    client = peer_for("ssh", server)
    cookie = os.urandom(16)
    authority = tmp_path / "authority"
    with listen_as_display() as display:
        display.settimeout(20)
        name = f"{HOST}:{display.getsockname()[1] - 6000}"
        xauth = [find_program("xauth"), "-f", authority, "add", name, "MIT-MAGIC-COOKIE-1", cookie.hex()]
        subprocess.run(xauth, check=True, capture_output=True)
        command = "echo $DISPLAY; xauth list; exec sleep 300"
        env = {"DISPLAY": name, "XAUTHORITY": str(authority)}
        arguments = client.arguments(command, flags=["-Y"])
        process = subprocess.Popen(arguments, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env=client.environment() | env)
        try:
            shown = process.stdout.readline().decode().strip()
            assert shown, process.stderr.read()
            found = re.fullmatch(r"(?:localhost|127\.0\.0\.1):(\d+)(?:\.0)?", shown)
            assert found, shown
            far = re.search(r"MIT-MAGIC-COOKIE-1\s+(\w+)", process.stdout.readline().decode())
            assert far, f"no cookie for {shown}"
            assert far[1] != cookie.hex()
            with socket.create_connection((HOST, 6000 + int(found[1])), 10) as program:
                # What a program sends first: byte order, version 11.0, the cookie of this end, which is not the real one.
                method = b"MIT-MAGIC-COOKIE-1"
                program.sendall(struct.pack("<BxHHHHxx", ord("l"), 11, 0, len(method), 16) + method + b"\0\0" + bytes.fromhex(far[1]))
                near, _ = display.accept()
                with near:
                    near.settimeout(20)
                    seen = b""
                    while len(seen) < 12 + 20 + 16:
                        seen += near.recv(100)
                    assert seen.endswith(cookie)
        finally:
            process.terminate()
            process.communicate(timeout=20)


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
