"""The host key decides before any secret is sent."""

import subprocess

import pytest

from peers import find_program
from peers.keys import TYPES, make_keys


def test_unknown_is_refused(client):
    client.known_hosts.write_text("")
    client.run("true").check_failed("host key")


def test_wrong_is_refused_before_any_secret(sshd, client, tmp_path):
    other = make_keys(tmp_path / "other", sshd.host_key_names)
    place = f"[{sshd.host}]:{sshd.port}"
    client.known_hosts.write_text("".join(f"{place} {other.public_line(n)}\n" for n in sshd.host_key_names))
    before = len(sshd.log_text())
    client.run("true", password=sshd.password).check_failed("host key")
    assert "userauth-request" not in sshd.log_text()[before:]


def test_wrong_is_refused_with_accept_new_too(sshd, client, tmp_path):
    other = make_keys(tmp_path / "other", sshd.host_key_names)
    place = f"[{sshd.host}]:{sshd.port}"
    client.known_hosts.write_text("".join(f"{place} {other.public_line(n)}\n" for n in sshd.host_key_names))
    client.run("true", StrictHostKeyChecking="accept-new").check_failed("host key")


def test_accept_new_remembers(client):
    client.known_hosts.write_text("")
    client.run("true", StrictHostKeyChecking="accept-new").check()
    assert "ssh-" in client.known_hosts.read_text() or "ecdsa-" in client.known_hosts.read_text()
    client.run("true").check()


def test_revoked_is_refused(sshd, client):
    place = f"[{sshd.host}]:{sshd.port}"
    lines = "".join(f"@revoked {place} {sshd.host_keys.public_line(n)}\n" for n in sshd.host_key_names)
    client.known_hosts.write_text(lines + sshd.known_hosts_lines())
    client.run("true").check_failed("revoked")


def test_hashed_entries(client):
    keygen = find_program("ssh-keygen")
    subprocess.run([keygen, "-q", "-H", "-f", client.known_hosts], check=True, capture_output=True)
    assert "|1|" in client.known_hosts.read_text()
    client.run("true").check()


@pytest.mark.parametrize("known", TYPES)
def test_the_key_type_known_is_asked_for(sshd, client, known):
    """With one key in known_hosts, the client must ask for that type instead of failing on another."""
    client.known_hosts.write_text(f"[{sshd.host}]:{sshd.port} {sshd.host_keys.public_line(known)}\n")
    client.run("true").check()
