"""The host key decides before any secret is sent."""

import subprocess

import pytest

from peers import find_program
from peers.keys import TYPES, make_keys
from waiting import wait_until


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


def line_of(sshd, kind, names=None):
    return f"{names or f'[{sshd.host}]:{sshd.port}'} {sshd.host_keys.public_line(kind)}\n"


def test_the_line_that_contradicts_is_named(sshd, client, tmp_path):
    other = make_keys(tmp_path / "other", ["ed25519"])
    place = f"[{sshd.host}]:{sshd.port}"
    client.known_hosts.write_text(f"# mine\n\n{place} {other.public_line('ed25519')}\n")
    client.run("true", HostKeyAlgorithms="ssh-ed25519").check_failed(f"{client.known_hosts} line 3")


@pytest.mark.parametrize("known", TYPES)
def test_a_second_type_alone_is_no_match(sshd, client, known):
    """As for ssh: where the client insists on a type that is not known, the known one of another type contradicts."""
    wanted = next(kind for kind in sshd.host_key_names if kind != known)
    algorithm = sshd.host_keys.public_line(wanted).split()[0].replace("ssh-rsa", "rsa-sha2-512")
    client.known_hosts.write_text(line_of(sshd, known))
    client.run("true", HostKeyAlgorithms=algorithm, StrictHostKeyChecking="accept-new").check_failed("it changed")


def test_a_key_known_without_its_port(sshd, client):
    client.known_hosts.write_text(line_of(sshd, "ed25519", sshd.host))
    client.run("true").check()
    client.run("true", StrictHostKeyChecking="accept-new").check()
    assert client.known_hosts.read_text() == line_of(sshd, "ed25519", sshd.host)


def test_several_files(sshd, client, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    second.write_text(line_of(sshd, "ed25519"))
    client.run("true", UserKnownHostsFile=f"{first} {second}").check()
    client.run("true", UserKnownHostsFile=first, GlobalKnownHostsFile=second).check()
    client.run("true", UserKnownHostsFile=first).check_failed("not known")


def test_an_alias_stands_for_the_key(sshd, client):
    client.known_hosts.write_text(line_of(sshd, "ed25519", "the-machine"))
    client.run("true", HostKeyAlias="the-machine").check()
    client.run("true").check_failed("not known")


def test_revoked_host_keys(sshd, client, tmp_path):
    listed = tmp_path / "revoked"
    listed.write_text("".join(sshd.host_keys.public_line(n) + "\n" for n in sshd.host_key_names))
    krl = tmp_path / "krl"
    subprocess.run([find_program("ssh-keygen"), "-q", "-k", "-f", krl, listed], check=True, capture_output=True)
    for path in (listed, krl):
        client.run("true", RevokedHostKeys=path).check_failed(f"is revoked by {path}")
    client.run("true", RevokedHostKeys=tmp_path / "absent").check_failed("RevokedHostKeys")


def test_an_rsa_key_can_be_too_small(sshd, client):
    client.run("true", HostKeyAlgorithms="rsa-sha2-512", RequiredRSASize=2048).check()
    client.run("true", HostKeyAlgorithms="rsa-sha2-512", RequiredRSASize=16384).check_failed("RSA key of")


@pytest.mark.parametrize("hashed", ["no", "yes"])
def test_a_server_that_changes_its_keys_is_followed(sshd, client, tmp_path, hashed):
    """The keys it proves to hold are learnt, and one it no longer has is forgotten; comments stay."""
    old = make_keys(tmp_path / "old", ["ed25519"]).public_line("ed25519")
    known = f"# mine\n{line_of(sshd, 'rsa')}[{sshd.host}]:{sshd.port} {old}\n"
    client.known_hosts.write_text(known)
    client.run("true", HostKeyAlgorithms="rsa-sha2-512,ssh-ed25519", UpdateHostKeys="no").check()
    assert client.known_hosts.read_text() == known
    options = {"UpdateHostKeys": "yes", "HashKnownHosts": hashed, "HostKeyAlgorithms": "rsa-sha2-512,ssh-ed25519"}
    client.run("sleep 1", **options).check()
    expected = {sshd.host_keys.public_line(name).split()[1] for name in sshd.host_key_names}
    blobs = lambda: {line.split()[2] for line in client.known_hosts.read_text().splitlines() if not line.startswith("#")}  # noqa: E731
    wait_until(blobs, lambda seen: seen == expected, 10, "the server's keys")
    text = client.known_hosts.read_text()
    assert text.startswith("# mine\n" + line_of(sshd, "rsa")) and old.split()[1] not in text
    assert ("|1|" in text) == (hashed == "yes")
    client.run("true").check()
