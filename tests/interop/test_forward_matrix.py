"""Forwarding of every kind, each between our client and OpenSSH's server, OpenSSH's client and our server, and our two ends."""

import contextlib
import os
import re
import shlex
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from subprocess import DEVNULL, PIPE

import pytest

from client import Done, program
from conftest import available
from forwarding import DATA, SOCKS, Echo, connect, connect_path, exchange, has_ended, is_open, running
from peers import Unavailable, find_program
from peers.display import Display
from peers.server import HOST, Server, free_port
from peers.sshd import start_sshd
from peers.sshrs_sshd import start_sshrs_sshd
from peers.with_sshd import environment as environment_for_tests
from waiting import wait_until

PAIRS = [("sshrs-ssh", "sshd"), ("ssh", "sshrs-sshd"), ("sshrs-ssh", "sshrs-sshd")]


@pytest.fixture(scope="session")
def servers(client_keys, host_keys):
    """Both servers, each started when it is first asked for."""

    class Servers(dict):
        def __missing__(self, name: str) -> Server:
            if name == "sshd":
                self[name] = available(start_sshd, {"X11Forwarding": "yes"}, client_keys=client_keys, host_keys=host_keys)
            else:
                self[name] = start_sshrs_sshd(client_keys, host_keys, X11Forwarding="yes")
            return self[name]

    started = Servers()
    yield started
    for server in started.values():
        server.stop()


@pytest.fixture(params=PAIRS, ids=[f"{client}-{server}" for client, server in PAIRS])
def names(request):
    return request.param


@pytest.fixture
def client(names, servers, peer_for):
    """The pair's client, for its server."""
    return peer_for(names[0], servers[names[1]])


@pytest.fixture
def folder():
    """For Unix sockets: its path is short, and both the client's and the server's user may use it."""
    path = Path(tempfile.mkdtemp(prefix="sshrs-f-"))
    path.chmod(0o777)
    yield path
    shutil.rmtree(path)


def is_there(path: Path) -> bool:
    return path.is_socket()


def is_false(value) -> bool:
    return not value


# ---- Towards the server: -L, -D, -W ---------------------------------------------------------------------------------


def test_local(client, echo):
    port = free_port()
    with running(client, "-L", f"{HOST}:{port}:{HOST}:{echo.port}"):
        with connect(port) as first, connect(port) as second:
            exchange(first)
            exchange(second)
        connections = [connect(port) for _ in range(20)]
        for conn in connections:
            exchange(conn, DATA[:50_000])
            conn.close()


def test_local_to_nobody(client, echo):
    """The channel is refused, and the connection lives on."""
    port, other, closed = free_port(), free_port(), free_port()
    forwards = ["-L", f"{HOST}:{port}:{HOST}:{closed}", "-L", f"{HOST}:{other}:{HOST}:{echo.port}"]
    with running(client, *forwards) as process:
        for _ in range(2):
            with connect(port) as conn:
                assert has_ended(conn)
        with connect(other) as conn:
            exchange(conn)
        assert process.poll() is None


def test_local_of_a_port_that_is_taken(client, echo):
    flags = ["-L", f"{HOST}:{echo.port}:{HOST}:1"]
    client.run("true", flags=flags, ExitOnForwardFailure="yes").check_failed("address already in use")
    client.run("exit 3", flags=flags, ExitOnForwardFailure="no").check(3)


def test_local_of_and_to_unix_sockets(client, echo, folder):
    port = free_port()
    forwards = ["-L", f"{HOST}:{port}:{folder}/far", "-L", f"{folder}/near:{HOST}:{echo.port}", "-L", f"{folder}/both:{folder}/far"]
    with Echo(folder / "far"), running(client, *forwards, "-L", f"{folder}/none:{folder}/nobody"):
        with connect(port) as conn:
            exchange(conn)
        for name in ("near", "both"):
            with connect_path(folder / name) as conn:
                exchange(conn)
            assert (folder / name).stat().st_mode & 0o777 == 0o600
        with connect_path(folder / "none") as conn:
            assert has_ended(conn)


@pytest.mark.parametrize("ask", SOCKS)
def test_dynamic(client, echo, ask):
    port, closed = free_port(), free_port()
    with running(client, "-D", f"{HOST}:{port}"):
        with connect(port) as conn:
            assert ask(conn, echo.port)
            exchange(conn)
        with connect(port) as conn:
            # OpenSSH's client promises too much, and ends the connection.
            assert not ask(conn, closed) or has_ended(conn)
        with connect(port) as conn:
            assert ask(conn, echo.port)
            exchange(conn, b"still there")


def test_netcat(client, echo):
    done = client.run(flags=["-W", f"{HOST}:{echo.port}"], stdin=DATA)
    assert done.check().stdout == DATA + b"end"
    client.run(flags=["-W", f"{HOST}:{free_port()}"]).check_failed("connect")


# ---- Towards the client: -R -----------------------------------------------------------------------------------------


def test_remote(client, echo):
    port, closed = free_port(), free_port()
    forwards = ["-R", f"{port}:{HOST}:{echo.port}", "-R", f"{closed}:{HOST}:{free_port()}"]
    with running(client, *forwards):
        with connect(port) as first, connect(port) as second:
            exchange(first)
            exchange(second)
        with connect(closed) as conn:
            assert has_ended(conn)
        with connect(port) as conn:
            exchange(conn)


def chosen_port(process) -> int:
    line = process.stderr.readline().decode()
    found = re.search(r"Allocated port (\d+) for remote forward", line)
    assert found, line
    return int(found[1])


def test_remote_with_a_port_of_the_servers_choice(client, echo):
    with running(client, "-R", f"0:{HOST}:{echo.port}") as process:
        port = chosen_port(process)
        with connect(port) as conn:
            exchange(conn)
    # It ends with its connection.
    wait_until(lambda: is_open(port), is_false, 10, "end of the listener")


@pytest.fixture
def taken():
    """A port that somebody has on every loopback address: a server is content with one."""
    with socket.create_server((HOST, 0)) as listener:
        port = listener.getsockname()[1]
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(OSError):  # no IPv6 here, or it is taken already
                stack.enter_context(socket.create_server(("::1", port), family=socket.AF_INET6))
            yield port


def test_remote_of_a_port_that_is_taken(client, taken):
    flags = ["-R", f"{taken}:{HOST}:1"]
    client.run("true", flags=flags, ExitOnForwardFailure="yes").check_failed("remote port forwarding failed", "refused")
    done = client.run("exit 3", flags=flags, ExitOnForwardFailure="no").check(3)
    assert re.search("remote port forwarding failed|refused", done.stderr), done.stderr


def test_remote_cancelled_while_in_use(client, names, echo, folder):
    """A connection that is open goes on, new ones are refused, the other forward is unharmed."""
    if names[0] == "sshrs-ssh":
        # Its command line cancels nothing: a program on the library does, and checks all of this.
        test = program().parents[1] / "c-tests" / "test_port_forward"
        available(require, test)
        done = subprocess.run([test], env=os.environ | environment_for_tests(client.server), capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        return

    def control(operation: str, *flags: str) -> str:
        command = client.arguments(key=None, flags=["-S", str(folder / "control"), "-O", operation, *flags])
        return subprocess.run(command, check=True, capture_output=True, env=client.environment(), text=True).stdout

    with running(client, "-M", "-S", str(folder / "control")):
        wait_until((folder / "control").exists, bool, 20, "the control socket")
        port, other = free_port(), free_port()
        for listen in (port, other):
            control("forward", "-R", f"{listen}:{HOST}:{echo.port}")
        with connect(port) as conn:
            conn.sendall(b"open")
            assert conn.recv(4) == b"open"
            control("cancel", "-R", f"{port}:{HOST}:{echo.port}")
            wait_until(lambda: is_open(port), is_false, 10, "end of the listener")
            exchange(conn)
        with connect(other) as conn:
            exchange(conn)


def require(path: Path) -> None:
    if not path.exists():
        raise Unavailable(f"there is no {path}: build the C tests")


def test_remote_of_and_to_unix_sockets(client, echo, folder):
    port = free_port()
    forwards = ["-R", f"{folder}/far:{HOST}:{echo.port}", "-R", f"{folder}/both:{folder}/near", "-R", f"{port}:{folder}/near"]
    with Echo(folder / "near"), running(client, *forwards):
        for name in ("far", "both"):
            with connect_path(folder / name) as conn:
                exchange(conn)
            assert (folder / name).stat().st_mode & 0o777 == 0o600
        with connect(port) as conn:
            exchange(conn)


def test_remote_of_a_path_that_is_taken(client, folder):
    (folder / "file").write_text("precious")
    (folder / "file").chmod(0o666)
    flags = ["-R", f"{folder}/file:{HOST}:1"]
    client.run("true", flags=flags, ExitOnForwardFailure="yes").check_failed("remote port forwarding failed", "refused")
    assert (folder / "file").read_text() == "precious"


# ---- Through other hosts: -J, ProxyCommand --------------------------------------------------------------------------


@pytest.fixture
def hops(names, servers):
    """Two hosts on the way: one of the pair's own kind, and one of the other."""
    other = {"sshd": "sshrs-sshd", "sshrs-sshd": "sshd"}[names[1]]
    return [servers[names[1]], servers[other]]


def jump(client, hops, known, *command: str, users=None, stdin=b"") -> Done:
    """Runs a command at the client's server, through `hops`; the keys of the hosts in `known` are."""
    through = ",".join(f"{user}@{hop.host}:{hop.port}" for hop, user in zip(hops, users or [hop.user for hop in hops]))
    client.known_hosts.write_text("".join(host.known_hosts_lines() for host in known))
    arguments = client.arguments(*command, flags=["-J", through])
    if arguments[0].endswith("sshrs-ssh"):
        done = subprocess.run(arguments, input=stdin, capture_output=True, timeout=60, env=client.environment())
    else:
        # On the hosts between, OpenSSH's client goes by its configuration file alone.
        settings = client.arguments()[3:]
        options = [setting.split("=", 1) for flag, setting in zip(settings, settings[1:]) if flag == "-o"]
        options.append(("IdentityFile", client.server.client_keys.private("ed25519")))
        config = client.home / "config"
        config.write_text("".join(f"{key} {value}\n" for key, value in options))
        command = [find_program("ssh"), "-F", config, "-J", through, "-p", str(client.port), "-l", client.server.user, HOST, *command]
        done = subprocess.run(command, input=stdin, capture_output=True, timeout=60, env=client.environment())
    return Done(done.returncode, done.stdout, done.stderr.decode(errors="replace"), 0)


def test_jump(client, hops):
    before = [hop.log_text().count("direct-tcpip") for hop in hops]
    done = jump(client, hops, [*hops, client.server], "cat; exit 4", stdin=DATA).check(4)
    assert done.stdout == DATA
    after = [hop.log_text().count("direct-tcpip") for hop in hops]
    assert all(a > b for a, b in zip(after, before)), "it went another way"


def test_jump_checks_each_hosts_key_and_user(client, hops):
    everyone = [*hops, client.server]
    for missing in hops:
        jump(client, hops, [host for host in everyone if host is not missing], "true").check_failed("host key")
    for users in (["stranger", hops[1].user], [hops[0].user, "stranger"]):
        jump(client, hops, everyone, "true", users=users).check_failed("permission denied", "logging in")


@pytest.mark.parametrize("proxy", ["ssh", "sshrs-ssh"])
def test_proxy_command(client, servers, peer_for, names, proxy, tmp_path):
    """Through -W of another client; it ends with the connection."""
    inner = shlex.join(peer_for(proxy, servers[names[1]]).arguments(flags=["-W", "%h:%p"]))
    noted = tmp_path / "pid"
    command = shlex.join(["sh", "-c", f"echo $$ >{noted}; exec {inner}"])
    done = client.run("cat; exit 4", stdin=DATA, ProxyCommand=command).check(4)
    assert done.stdout == DATA
    if names[0] == "sshrs-ssh":
        assert not Path(f"/proc/{noted.read_text().strip()}").exists(), "the proxy outlives its client"
    client.run("true", ProxyCommand="sh -c 'echo no way there >&2; exit 3'").check_failed("no way there")


# ---- The agent ------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def agent(folder: Path, key: Path):
    """A real ssh-agent that holds one key; its socket."""
    path = folder / "agent"
    process = subprocess.Popen([find_program("ssh-agent"), "-D", "-a", path], stdin=DEVNULL, stdout=DEVNULL)
    try:
        connect_path(path).close()
        env = {"SSH_AUTH_SOCK": str(path), "PATH": os.environ["PATH"]}
        subprocess.run([find_program("ssh-add"), "-q", key], check=True, env=env, capture_output=True)
        yield path
    finally:
        process.terminate()
        process.wait()


def test_agent(client, names, folder):
    """The far side's agent is ours: it lists our key. Without asking there is none."""
    keys = client.server.client_keys
    with agent(folder, keys.private("ecdsa256")) as path:
        client.variables["SSH_AUTH_SOCK"] = str(path)
        options = {"IdentityAgent": path} if names[0] == "ssh" else {}
        command = "ssh-add -L; ssh-add -l >/dev/null && echo fine; echo $SSH_AUTH_SOCK; stat -c %a ${SSH_AUTH_SOCK%/*}"
        lines = client.run(command, flags=["-A"], **options).check().stdout.decode().splitlines()
        assert lines[0].split()[:2] == keys.public_line("ecdsa256").split()
        assert lines[1] == "fine" and lines[2] != str(path)
        assert lines[3] == "700", "others can reach the agent"
        wait_until(lambda: os.path.exists(lines[2]), is_false, 10, "end of the agent's socket")
        assert client.run("echo ${SSH_AUTH_SOCK}-", **options).check().stdout == b"-\n"


# ---- X11 ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def display(tmp_path_factory):
    with available(Display, tmp_path_factory.mktemp("display")) as display:
        yield display


def extensions(text: str) -> int:
    return int(re.search(r"number of extensions:\s+(\d+)", text)[1])


@pytest.mark.parametrize("trusted", [False, True], ids=["untrusted", "trusted"])
def test_x11(client, display, trusted):
    """A program there uses the display here; with a cookie of its own, and without it not at all."""
    client.variables |= display.variables
    xdpyinfo = available(find_program, "xdpyinfo")
    near = subprocess.run([xdpyinfo], env=display.variables, capture_output=True, text=True, check=True).stdout
    script = f"echo $DISPLAY; xauth -q list $DISPLAY; {xdpyinfo}; XAUTHORITY=/dev/null {xdpyinfo} >&2; echo $?; {xdpyinfo} | wc -l"
    flags = ["-Y"] if trusted else ["-X"]
    # Debian's ssh trusts unless it is told not to.
    done = client.run(script, flags=flags, ForwardX11Trusted="yes" if trusted else "no").check()
    name, cookie, *far, without, again = done.stdout.decode().splitlines()
    assert re.fullmatch(r"(localhost|127\.0\.0\.1):\d+(\.0)?", name) and name != display.variables["DISPLAY"]
    assert "MIT-MAGIC-COOKIE-1" in cookie and display.cookie not in cookie
    far = "\n".join(far)
    assert f"name of display:    {name}" in far and "vendor string:    The X.Org Foundation" in far
    # Programs that are not trusted see few of the display's extensions.
    assert (extensions(far) == extensions(near)) == trusted
    assert without == "1" and "unable to open display" in done.stderr
    assert int(again) > 10, "the display is there after one was turned away"
    port = 6000 + int(re.search(r":(\d+)", name)[1])
    wait_until(lambda: is_open(port), is_false, 10, "end of the display")


def test_x11_without_a_display(client):
    assert client.run("echo ${DISPLAY}-", flags=["-X"]).check().stdout == b"-\n"


def test_x11_of_a_display_that_is_gone(client, tmp_path):
    """The session works; a program that wants the display is turned away."""
    client.variables |= {"DISPLAY": f"{HOST}:{free_port() - 6000}", "XAUTHORITY": str(tmp_path / "none")}
    xdpyinfo = available(find_program, "xdpyinfo")
    done = client.run(f"{xdpyinfo} || echo without", flags=["-Y"]).check()
    assert done.stdout == b"without\n"


def test_x11_untrusted_is_not_forwarded_as_trusted(client, tmp_path):
    """Where the display makes no cookie for programs that are not trusted, they get none that would trust them."""
    client.variables |= {"DISPLAY": f"{HOST}:{free_port() - 6000}", "XAUTHORITY": str(tmp_path / "none")}
    done = client.run("echo ${DISPLAY}-", flags=["-X"], ForwardX11Trusted="no").check()
    assert done.stdout == b"-\n"


@pytest.mark.parametrize("server", ["sshd", "sshrs-sshd"])
def test_x11_for_a_while(servers, peer_for, display, server):
    """After ForwardX11Timeout our client lets no more programs in."""
    client = peer_for("sshrs-ssh", servers[server])
    client.variables |= display.variables
    xdpyinfo = available(find_program, "xdpyinfo")
    script = f"{xdpyinfo} >/dev/null && echo early; sleep 2.5; {xdpyinfo} >/dev/null || echo late"
    done = client.run(script, flags=["-X"], ForwardX11Trusted="no", ForwardX11Timeout="2").check()
    assert done.stdout == b"early\nlate\n"
