"""Logging in: each method, each key type, several steps, and failures."""

import pytest

from peers.keys import PASSPHRASE, TYPES


def needs_password(server):
    if server.password is None:
        pytest.skip("password logins need a server with an account of its own: root, or sudo without a password")


@pytest.mark.parametrize("key", TYPES)
def test_key(client, key):
    assert client.run("echo", "in", key=key).check().stdout == b"in\n"


@pytest.mark.parametrize("key", TYPES)
def test_key_dropbear(dropbear, client_for, key):
    assert client_for(dropbear).run("echo", "in", key=key).check().stdout == b"in\n"


def test_encrypted_key_asks_for_its_passphrase(client):
    with client.terminal("echo", "we are in", key="encrypted") as terminal:
        terminal.expect("(?i)passphrase[^\n]*: *")
        terminal.type(PASSPHRASE + "\n")
        terminal.expect("we are in")
        assert terminal.wait() == 0


def test_encrypted_key_wrong_passphrase(client):
    with client.terminal("true", key="encrypted", PreferredAuthentications="publickey", NumberOfPasswordPrompts=1) as terminal:
        terminal.expect("(?i)passphrase[^\n]*: *")
        terminal.type("not this\n")
        assert terminal.wait() == 255


def test_password(sshd, client):
    needs_password(sshd)
    done = client.run("echo", "in", key=None, password=sshd.password, PreferredAuthentications="password")
    assert done.check().stdout == b"in\n"


def test_password_dropbear(dropbear, client_for):
    done = client_for(dropbear).run("echo", "in", key=None, password=dropbear.password)
    assert done.check().stdout == b"in\n"


def test_password_typed_at_the_terminal(sshd, client):
    needs_password(sshd)
    with client.terminal("echo", "we are in", key=None, PreferredAuthentications="password") as terminal:
        terminal.expect("(?i)password[^\n]*: *")
        terminal.type(sshd.password + "\n")
        terminal.expect("we are in")
        assert terminal.wait() == 0
        assert sshd.password not in terminal.seen


def test_keyboard_interactive(sshd, client):
    needs_password(sshd)
    done = client.run("echo", "in", key=None, password=sshd.password, PreferredAuthentications="keyboard-interactive")
    assert done.check().stdout == b"in\n"


def test_password_falls_back_to_keyboard_interactive(sshd_with, client_for):
    server = sshd_with(PasswordAuthentication="no")
    needs_password(server)
    assert client_for(server).run("echo", "in", key=None, password=server.password).check().stdout == b"in\n"


@pytest.mark.parametrize("second", ["password", "keyboard-interactive"])
def test_key_then(sshd_with, client_for, second):
    server = sshd_with(AuthenticationMethods=f"publickey,{second}")
    needs_password(server)
    before = len(server.log_text())
    assert client_for(server).run("echo", "in", password=server.password).check().stdout == b"in\n"
    assert "Partial publickey" in server.log_text()[before:]


def test_two_step_without_the_second(sshd_with, client_for):
    server = sshd_with(AuthenticationMethods="publickey,password")
    needs_password(server)
    client_for(server).run("true").check_failed("password")


def test_two_step_dropbear(client_keys, client_for):
    from conftest import available
    from peers.dropbear import start_dropbear

    with available(start_dropbear, ["-t"], client_keys=client_keys) as server:
        assert client_for(server).run("echo", "in", password=server.password).check().stdout == b"in\n"


def test_wrong_password(sshd, client):
    needs_password(sshd)
    done = client.run("true", key=None, password="not this", PreferredAuthentications="password")
    done.check_failed("authenticat", "permission denied")
    assert "not this" not in done.stderr


def test_unknown_key(sshd, client, tmp_path):
    from peers.keys import make_keys

    stranger = make_keys(tmp_path / "stranger", ["ed25519"]).private("ed25519")
    done = client.run("true", key=None, flags=["-i", str(stranger)], PreferredAuthentications="publickey")
    done.check_failed("authenticat", "permission denied")


def test_method_not_allowed_says_which_are(sshd_with, client_for):
    server = sshd_with(PasswordAuthentication="no", KbdInteractiveAuthentication="no")
    client_for(server).run("true", key=None, password="any").check_failed("publickey")


def test_banner_is_shown(sshd_with, client_for, tmp_path):
    banner = tmp_path / "banner"
    banner.write_text("Authorised use only\x1b[2J\n")
    done = client_for(sshd_with(Banner=banner)).run("true").check()
    assert "Authorised use only" in done.stderr
    assert "\x1b" not in done.stderr, "the server's control characters reached the terminal"
