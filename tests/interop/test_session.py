"""Sessions: exit status and signals, streams kept apart, terminals, refusals."""

import time
from subprocess import DEVNULL

import pytest


@pytest.mark.parametrize("status", [0, 1, 7, 127, 254, 255])
def test_exit_status(client, status):
    client.run(f"exit {status}").check(status)


def test_exit_status_dropbear(dropbear, client_for):
    client_for(dropbear).run("exit 7").check(7)


@pytest.mark.parametrize("name,number", [("TERM", 15), ("KILL", 9), ("INT", 2)])
def test_exit_by_signal(client, name, number):
    client.run(f"kill -{name} $$").check(128 + number)


def test_exit_by_signal_dropbear(dropbear, client_for):
    client_for(dropbear).run("kill -TERM $$").check(128 + 15)


def test_stdout_and_stderr_stay_apart(client):
    done = client.run("echo out; echo err >&2; exit 3").check(3)
    assert (done.stdout, done.stderr) == (b"out\n", "err\n")


def test_stdin_and_its_end(client):
    assert client.run("cat; echo end", stdin=b"in\n").check().stdout == b"in\nend\n"


def test_bytes_pass_unchanged(client):
    data = bytes(range(256)) * 1000
    assert client.run("cat", stdin=data).check().stdout == data


def test_words_are_joined_by_blanks(client):
    assert client.run("echo", "a  b", "$((1+1))").check().stdout == b"a b 2\n"


def test_output_after_a_closed_stdin_pipe(client):
    """A command that closes its stdin early must not cost its output or its exit status."""
    done = client.run("exec <&-; sleep 0.2; echo still here; exit 5", stdin=b"x" * 5_000_000).check(5)
    assert done.stdout == b"still here\n"


def test_user_given_by_option(sshd, client):
    done = client.run("id -un", flags=["-l", sshd.user]).check()
    assert done.stdout.decode().strip() == sshd.user


def test_stderr_flood(client, tmp_path):
    """Output on stderr far beyond any window, while stdout is read to its end."""
    command = "head -c 30000000 /dev/zero >&2 & head -c 3000000 /dev/zero; wait"
    with (tmp_path / "out").open("wb") as out, (tmp_path / "err").open("wb") as err:
        process = client.popen(command, stdin=DEVNULL, stdout=out, stderr=err)
        assert process.wait(60) == 0
    assert (tmp_path / "out").stat().st_size == 3_000_000
    assert (tmp_path / "err").stat().st_size == 30_000_000


def test_shell_without_terminal(client):
    """No command: a shell, fed from stdin."""
    done = client.run(flags=["-T"], stdin=b"echo from a shell; exit 9\n").check(9)
    assert b"from a shell" in done.stdout


def test_shell_with_terminal_follows_window_changes(client):
    with client.terminal() as terminal:
        terminal.expect(r"\$ ")
        terminal.type("stty size; tty; echo done-$((1+1))\n")
        terminal.expect("24 80")
        terminal.expect("/dev/pts/")
        terminal.expect("done-2")
        terminal.resize(50, 132)
        # The client's signal handler and our typing race: ask until the change has arrived.
        deadline = time.monotonic() + 10
        size = "24 80"
        while size != "50 132" and time.monotonic() < deadline:
            terminal.type("stty size\n")
            size = terminal.expect(r"(?m)(\d+ \d+)\r?$")[1]
        assert size == "50 132"
        terminal.type("exit 6\n")
        assert terminal.wait() == 6


def test_what_is_typed_before_the_session_is_kept(client):
    """Whole lines and a begun one, typed while the client connects and the terminal is not raw yet."""
    with client.terminal("echo ready; read first; read second; echo got-$first-$second", flags=["-t"]) as terminal:
        terminal.type("one\ntw")
        terminal.expect("ready")
        terminal.type("o\n")
        terminal.expect("got-one-two")
        assert terminal.wait() == 0


def test_terminal_for_a_command(client):
    with client.terminal("tty; stty size; printf 'TERM is %s.\\n' $TERM", flags=["-t"]) as terminal:
        terminal.expect("/dev/pts/")
        terminal.expect("24 80")
        terminal.expect("TERM is xterm.")
        assert terminal.wait() == 0


def test_no_terminal_for_a_command_by_default(client):
    done = client.run("tty").check(1)
    assert b"not a tty" in done.stdout


def test_interrupt_key_reaches_the_remote_command(client):
    with client.terminal("trap 'echo caught; exit 4' INT; echo ready; sleep 20 & wait", flags=["-t"]) as terminal:
        terminal.expect("ready")
        terminal.type("\x03")
        terminal.expect("caught")
        assert terminal.wait() == 4


def test_refused_session(sshd_with, client_for):
    client_for(sshd_with(MaxSessions=0)).run("true").check_failed("refused", "prohibited", "open failed")


def test_forced_command_and_refused_terminal(sshd_with, client_for):
    """A refused pty is no reason to lose the session's exit status."""
    server = sshd_with(PermitTTY="no")
    done = client_for(server).run("exit 3", flags=["-t", "-t"])
    assert done.status in (3, 255) and done.stderr


def test_subsystem(sshd_with, client_for):
    server = sshd_with(Subsystem="greeter /bin/echo hello")
    assert client_for(server).run("greeter", flags=["-s"]).check().stdout == b"hello\n"


def test_unknown_subsystem(client):
    client.run("no-such-subsystem", flags=["-s"]).check_failed("subsystem", "refused", "request failed")


def test_many_at_once(client):
    """Twenty clients of one server, all at the same time."""
    running = [client.popen(f"sleep 0.2; exit {n}", stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL) for n in range(20)]
    assert [process.wait(60) for process in running] == list(range(20))
