"""Real clients use sessions of sshrs-sshd: exit status and signals, streams, terminals, environment, subsystems."""

import hashlib
import os
import shlex
import signal
import subprocess
import time
from subprocess import DEVNULL, PIPE

import pytest

from client import Client
from clients import Dropbear, OpenSsh
from peers import find_program
from peers.relay import Relay
from waiting import wait_until


@pytest.mark.parametrize("status", [0, 1, 7, 127, 255])
def test_exit_status(peer, status):
    peer.run(f"exit {status}").check(status)


@pytest.mark.parametrize("name,number", [("TERM", 15), ("KILL", 9), ("USR1", 10)])
def test_exit_by_signal(peer, name, number):
    """OpenSSH's client tells of any signal by -1, and Dropbear's passes over the message."""
    expected = {Client: 128 + number, OpenSsh: 255, Dropbear: 0}[type(peer)]
    peer.run(f"kill -{name} $$").check(expected)


def test_stdout_and_stderr_stay_apart(peer):
    done = peer.run("echo out; echo err >&2; exit 3").check(3)
    assert done.stdout == b"out\n"
    assert "err\n" in done.stderr and "out" not in done.stderr


def test_stdin_and_its_end(peer):
    assert peer.run("cat; echo end", stdin=b"in\n").check().stdout == b"in\nend\n"


def test_bytes_pass_unchanged(peer):
    data = os.urandom(300_000)
    assert peer.run("cat", stdin=data).check().stdout == data


def test_a_command_that_reads_no_input_keeps_its_output(peer):
    done = peer.run("exec <&-; echo still here; exit 5", stdin=b"x" * 2_000_000).check(5)
    assert done.stdout == b"still here\n"


def test_stderr_flood(ssh):
    done = ssh.run("head -c 5000000 /dev/zero >&2 & head -c 3000000 /dev/zero; wait").check()
    assert (len(done.stdout), done.stderr.count("\0")) == (3_000_000, 5_000_000)


def test_background_process_does_not_hold_the_session_with_its_streams_closed(ssh):
    done = ssh.run("sleep 30 >/dev/null 2>&1 </dev/null & echo $!").check()
    os.kill(int(done.stdout), signal.SIGKILL)
    assert done.seconds < 10


def test_shell_without_terminal(peer):
    done = peer.run(flags=["-T"], stdin=b"echo from a shell; exit 9\n").check(9)
    assert b"from a shell" in done.stdout


def test_environment(ssh):
    """AcceptEnv=SSHRS_*: others are refused, which does no harm."""
    done = ssh.run("echo $SSHRS_ONE-$SSHRS_TWO-$OTHER-", SetEnv="SSHRS_ONE=1 SSHRS_TWO=zwei OTHER=no").check()
    assert done.stdout == b"1-zwei--\n"


def test_environment_of_the_login(our_sshd, ssh):
    done = ssh.run('echo "$USER $LOGNAME $SSH_CONNECTION"').check()
    user, logname, address, _port, own, own_port = done.stdout.decode().split()
    assert (user, logname, address, own, own_port) == (our_sshd.user, our_sshd.user, *["127.0.0.1"] * 2, str(our_sshd.port))


def test_subsystem(our_sshd_with, peer_for):
    server = our_sshd_with(Subsystem="greeter /bin/echo hello")
    for name in ("ssh", "dbclient", "sshrs-ssh"):
        assert peer_for(name, server).run("greeter", flags=["-s"]).check().stdout == b"hello\n"
    peer_for("ssh", server).run("no-such", flags=["-s"]).check_failed("subsystem request failed")


def test_real_sftp_server_as_subsystem(our_sshd_with, peer_for, tmp_path):
    """The system's sftp and its own sftp-server, through us."""
    for path in ("/usr/lib/openssh/sftp-server", *map(str, (find_program("sshd").parents[1] / "lib").glob("**/sftp-server"))):
        if os.access(path, os.X_OK):
            break
    else:
        pytest.skip("no sftp-server on this machine: OpenSSH's server has it")
    client = peer_for("ssh", our_sshd_with(Subsystem=f"sftp {path}"))
    (tmp_path / "data").write_bytes(os.urandom(3_000_000))
    command = [str(find_program("sftp")), *client.arguments()[1:-1], "-b", "-", client.arguments()[-1]]
    command[command.index("-p")] = "-P"
    batch = f"put {tmp_path}/data {tmp_path}/there\nget {tmp_path}/there {tmp_path}/back\n"
    subprocess.run(command, input=batch.encode(), check=True, timeout=60, env=client.environment(), capture_output=True)
    assert (tmp_path / "back").read_bytes() == (tmp_path / "data").read_bytes()


def test_no_exec(our_sshd_with, peer_for):
    done = peer_for("ssh", our_sshd_with(flags=["--no-exec"])).run("true")
    assert done.status == 255 and "exec request failed" in done.stderr


def test_echo(our_sshd_with, peer_for):
    client = peer_for("ssh", our_sshd_with(flags=["--echo"]))
    assert client.run("anything", stdin=b"back").check().stdout == b"back"
    assert client.run("source 3000000").check().stdout == bytes(3_000_000)
    assert client.run("sink 3000000", stdin=bytes(3_000_000)).check().stdout == b"3000000\n"
    # Nothing is run on this machine.
    assert client.run("id").check().stdout == b""


def test_max_sessions(our_sshd_with, peer_for):
    done = peer_for("ssh", our_sshd_with(MaxSessions="0")).run("true")
    assert done.status == 255 and "MaxSessions" in done.stderr


# ---- Terminals ------------------------------------------------------------------------------------------------------


class Tmux:
    """A client in a window of tmux: a real terminal emulator answers, and what it shows is what a person would see."""

    def __init__(self, folder, command: list[str], env: dict[str, str]):
        self._tmux = [str(find_program("tmux")), "-S", str(folder / "tmux"), "-f", "/dev/null"]
        self._status = folder / "status"
        words = " ".join(f"{name}={shlex.quote(value)}" for name, value in env.items())
        line = f"env -u TMUX {words} {shlex.join(command)}; echo $? >{self._status}.new; mv {self._status}.new {self._status}"
        self._run("new-session", "-d", "-x", "80", "-y", "24", line)

    def _run(self, *arguments: str) -> str:
        return subprocess.run([*self._tmux, *arguments], check=True, capture_output=True, text=True, timeout=10).stdout

    def type(self, text: str) -> None:
        self._run("send-keys", "-l", text)
        self._run("send-keys", "Enter")

    def key(self, name: str) -> None:
        self._run("send-keys", name)

    def resize(self, columns: int, rows: int) -> None:
        self._run("resize-window", "-x", str(columns), "-y", str(rows))

    def look(self) -> str:
        return self._run("capture-pane", "-p")

    def wait_for(self, text: str, timeout: float = 20) -> str:
        """Waits until a line on the screen is `text`."""
        return wait_until(self.look, lambda seen: text in seen.splitlines(), timeout, text)

    def status(self, timeout: float = 20) -> int:
        path = self._status
        return int(wait_until(lambda: path.read_text() if path.exists() else "", bool, timeout, "the client's end"))

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        subprocess.run([*self._tmux, "kill-server"], capture_output=True)


def test_shell_in_a_terminal(peer, tmp_path):
    """Typed into and read back through tmux: echo, line editing by the terminal, window changes, the interrupt key."""
    arguments = peer.arguments(flags=["-t"])
    with Tmux(tmp_path, arguments, peer.environment()) as screen:
        # Whatever prompt the account's files set: ours is known.
        screen.type("PS1='ready> '; clear")
        screen.wait_for("ready>")
        screen.type("stty size; tty | cut -c 1-9; echo TERM=$TERM")
        screen.wait_for("24 80")
        screen.wait_for("/dev/pts/")
        screen.resize(101, 33)
        # The client learns of it by a signal: ask until the change has arrived.
        deadline = time.monotonic() + 20
        while True:
            screen.type("clear; stty size; echo do''ne")
            seen = screen.wait_for("done").splitlines()
            if "33 101" in seen:
                break
            assert time.monotonic() < deadline, seen
        screen.type("clear; echo rea''dy; cat")
        screen.wait_for("ready")
        screen.type("typed twice")
        wait_until(screen.look, lambda seen: seen.splitlines().count("typed twice") == 2, 20, "echo")
        screen.key("C-c")
        # What is typed before the interrupt is done with is thrown away with it.
        wait_until(screen.look, lambda seen: seen.split()[-1:] == ["ready>"], 20, "prompt")
        screen.type("echo status $?")
        screen.wait_for("status 130")
        screen.type("exit 6")
        assert screen.status() == 6


def test_terminal_for_a_command(peer):
    with peer.terminal("tty; stty size; printf 'TERM is %s.\\n' $TERM; exit 4", flags=["-t"]) as terminal:
        terminal.expect("/dev/pts/")
        terminal.expect("24 80")
        terminal.expect("TERM is xterm.")
        assert terminal.wait() == 4


def test_terminal_modes_are_passed_on(ssh):
    with ssh.terminal("stty -a", flags=["-t"]) as terminal:
        assert "erase = ^?" in terminal.expect(r"erase = [^;]*")[0]
        assert terminal.wait() == 0


def test_no_terminal_without_asking(peer):
    assert b"not a tty" in peer.run("tty").check(1).stdout


def test_refused_terminal(our_sshd_with, peer_for):
    """OpenSSH's client gives up then; ours goes on without."""
    server = our_sshd_with(PermitTTY="no")
    assert "PTY allocation request failed" in peer_for("ssh", server).run("true", flags=["-tt"]).check(255).stderr
    done = peer_for("sshrs-ssh", server).run("echo still; exit 3", flags=["-t", "-t"])
    assert (done.status, done.stdout) == (3, b"still\n") and done.stderr


def test_a_client_that_leaves_takes_its_command_along(peer, our_sshd):
    process = peer.popen("echo $$; exec sleep 300", stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL)
    pid = int(process.stdout.readline())
    process.kill()
    process.wait()
    process.stdout.close()
    wait_until(lambda: os.path.exists(f"/proc/{pid}"), lambda alive: not alive, 10, "end of the command")


# ---- Many, and long ---------------------------------------------------------------------------------------------------


def test_fifty_sessions_over_one_connection(ssh, our_sshd):
    before = our_sshd.log_text().count("authenticated")
    control = {"ControlPath": ssh.home / "control"}
    master = ssh.popen(
        "echo up; cat", stdin=PIPE, stdout=PIPE, stderr=DEVNULL, ControlMaster="yes", **control
    )
    assert master.stdout.readline() == b"up\n"
    running = [
        ssh.popen(f"head -c 100000 /dev/zero; cat; exit {n}", stdin=PIPE, stdout=PIPE, stderr=DEVNULL, **control)
        for n in range(50)
    ]
    # All are open at once before the first may end.
    for process in running:
        assert process.stdout.read(100000) == bytes(100000)
    for n, process in enumerate(running):
        assert process.communicate(b"%d" % n, timeout=60)[0] == b"%d" % n
        assert process.returncode == n
    master.communicate(timeout=20)
    assert master.returncode == 0
    assert our_sshd.log_text().count("authenticated") == before + 1, "the sessions had connections of their own"


def test_many_connections_at_once(peer):
    running = [peer.popen(f"exit {n}", stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL) for n in range(15)]
    assert [process.wait(60) for process in running] == list(range(15))


@pytest.mark.parametrize("client_name", ["ssh", "dbclient", "sshrs-ssh"])
def test_the_client_asks_whether_we_are_alive(our_sshd, peer_for, client_name):
    """ServerAlive: without answers OpenSSH would leave after two seconds, and we after two."""
    options = {"ServerAliveInterval": 1} | ({} if client_name == "dbclient" else {"ServerAliveCountMax": 1})
    done = peer_for(client_name, our_sshd).run("sleep 3; echo alive", **options).check()
    assert done.stdout == b"alive\n"


def test_we_ask_whether_the_client_is_alive(our_sshd_with, peer_for):
    server = our_sshd_with(ClientAliveInterval="1", ClientAliveCountMax="1")
    client = peer_for("ssh", server)
    assert client.run("sleep 2.5; echo alive").check().stdout == b"alive\n"
    with Relay(server.port) as relay:
        process = peer_for("ssh", server, relay.port).popen("echo up; cat", stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
        assert process.stdout.readline() == b"up\n"
        relay.freeze()
        server.running.wait_for("the peer stopped answering")
    process.kill()
    process.communicate()


def test_sigterm_tells_every_peer(our_sshd_with, peer_for):
    server = our_sshd_with()
    process = peer_for("ssh", server).popen("echo up; cat", stdin=PIPE, stdout=PIPE, stderr=PIPE)
    assert process.stdout.readline() == b"up\n"
    server.running.stop()
    _, error = process.communicate(timeout=20)
    assert process.returncode == 255 and error.strip()


def test_hashes_of_a_stream_each_way_at_once(ssh):
    data = os.urandom(20_000_000)
    done = ssh.run("cat", stdin=data).check()
    assert hashlib.sha256(done.stdout).digest() == hashlib.sha256(data).digest()
