"""Real clients learn of all of sshrs-sshd's host keys (hostkeys-00@openssh.com)."""

import pytest

from waiting import wait_until


def known_keys(path) -> set[str]:
    return {line.split()[1] for line in path.read_text().splitlines()}


@pytest.mark.parametrize("algorithm", ["ssh-ed25519", "rsa-sha2-256", "rsa-sha2-512"])
def test_ssh_updates_its_known_hosts(ssh, algorithm, tmp_path):
    """It begins with one key, and has the others once sshrs-sshd has proven that it holds them."""
    server = ssh.server
    kind = "ssh-rsa" if algorithm.startswith("rsa") else algorithm
    lines = [line for line in server.known_hosts_lines().splitlines(keepends=True) if line.split()[1] == kind]
    assert len(lines) == 1
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(lines[0])
    # Its list of algorithms has the others too: keys of types it would not take are passed over.
    wanted = f"{algorithm},ssh-ed25519,ecdsa-sha2-nistp256,rsa-sha2-512"
    options = {"UserKnownHostsFile": known_hosts, "UpdateHostKeys": "yes", "HostKeyAlgorithms": wanted}
    ssh.run("sleep 1", **options).check()
    expected = {line.split()[1] for line in server.known_hosts_lines().splitlines()} & {"ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"}
    assert len(expected) > 1
    wait_until(lambda: known_keys(known_hosts), lambda seen: seen == expected, 10, f"{expected}")
