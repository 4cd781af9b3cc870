"""Agents: our client with ssh-agent, OpenSSH's programs with an agent of ours, and how many of a server's tries the keys cost."""

import contextlib
import os
import subprocess
import time
from pathlib import Path
from subprocess import DEVNULL

import pytest

from client import program
from clients import OpenSsh
from peers import find_program
from peers.keys import make_keys
from waiting import wait_until

KINDS = ["ours", "ssh"]
AGENTS = ["ssh-agent", "ours"]


def our_agent() -> Path:
    return program().parent.parent / "agent" if program().parent.name == "sshrs-ssh" else program().parent / "agent"


class Agent:
    """A running agent and its socket."""

    def __init__(self, kind: str, path: Path, answer: str = "no"):
        self.path = path
        command = [find_program("ssh-agent"), "-D", "-a", path] if kind == "ssh-agent" else [our_agent(), path, answer]
        self.process = subprocess.Popen(command, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL)
        wait_until(path.exists, bool, 10, "agent's socket")

    def run(self, *command, check=0, **variables) -> str:
        env = {"SSH_AUTH_SOCK": str(self.path), "PATH": os.environ["PATH"], "HOME": str(self.path.parent)} | variables
        done = subprocess.run([str(a) for a in command], env=env, capture_output=True, text=True, stdin=DEVNULL, timeout=60)
        assert done.returncode == check, f"{command}: {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def add(self, *arguments, **more) -> str:
        return self.run(find_program("ssh-add"), *arguments, **more)

    def end(self):
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture
def agent_of(tmp_path):
    """A function that starts an agent of a kind."""
    with contextlib.ExitStack() as stack:
        count = 0

        def start(kind: str, answer: str = "no") -> Agent:
            nonlocal count
            count += 1
            agent = Agent(kind, tmp_path / f"agent{count}", answer)
            stack.callback(agent.end)
            return agent

        yield start


def client_of(kind: str, server, tmp_path: Path):
    home = tmp_path / f"home-{kind}"
    home.mkdir()
    made = OpenSsh(server, home) if kind == "ssh" else __import__("client").Client(server, home)
    (home / "only.pub").write_text(server.client_keys.public_line("ed25519") + "\n")
    return made


# ---- Twelve keys, the right one last, six tries ----


@pytest.fixture(scope="module")
def strangers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("strangers")
    for number in range(11):
        make_keys(folder / str(number), ("ed25519",))
    return [folder / str(number) / "ed25519" for number in range(11)]


@pytest.fixture
def twelve(agent_of, strangers, client_keys):
    agent = agent_of("ssh-agent")
    agent.add("-q", *strangers)
    agent.add("-q", client_keys.private("ed25519"))
    assert len(agent.add("-l").splitlines()) == 12
    return agent


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("only", ["yes", "no"])
def test_a_named_identity_comes_first(kind, only, twelve, sshd, tmp_path):
    """Its public half is enough: the agent has the other."""
    client = client_of(kind, sshd, tmp_path)
    flags = ["-i", str(client.home / "only.pub")]
    done = client.run("echo in", key=None, flags=flags, IdentityAgent=twelve.path, IdentitiesOnly=only, BatchMode="yes")
    assert done.check().stdout == b"in\n"


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_name_the_tries_run_out(kind, twelve, sshd, tmp_path):
    client = client_of(kind, sshd, tmp_path)
    done = client.run("echo in", key=None, IdentityAgent=twelve.path, IdentitiesOnly="no", BatchMode="yes")
    assert done.status == 255 and done.stdout == b""


@pytest.mark.parametrize("kind", KINDS)
def test_identities_only_hides_the_agents_other_keys(kind, agent_of, sshd, tmp_path, strangers, client_keys):
    agent = agent_of("ssh-agent")
    agent.add("-q", client_keys.private("ed25519"))
    client = client_of(kind, sshd, tmp_path)
    options = {"key": None, "flags": ["-i", str(strangers[0])], "IdentityAgent": agent.path, "BatchMode": "yes"}
    assert client.run("echo in", **options, IdentitiesOnly="yes").status == 255
    client.run("echo in", **options, IdentitiesOnly="no").check()


def test_our_client_asks_before_the_agent_signs(agent_of, sshd, tmp_path, strangers, client_keys):
    """Keys that would not do are not confirmed: whoever is asked is asked once."""
    agent = agent_of("ours", "yes")
    agent.add("-q", "-c", *strangers[:3], client_keys.private("rsa"))
    done = client_of("ours", sshd, tmp_path).run("echo in", key=None, flags=["-v"], IdentityAgent=agent.path, BatchMode="yes")
    assert done.check().stderr.count("offering") == 4


@pytest.mark.parametrize("where", AGENTS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("key", ["ed25519", "ecdsa256", "ecdsa521", "rsa"])
def test_every_type_of_key_logs_in(where, kind, key, agent_of, sshd, tmp_path, client_keys):
    agent = agent_of(where)
    agent.add("-q", client_keys.private(key))
    client = client_of(kind, sshd, tmp_path)
    client.run("true", key=None, IdentityAgent=agent.path, IdentitiesOnly="no", BatchMode="yes").check()


def test_our_server_takes_signatures_that_name_its_key(agent_of, tmp_path, client_keys, host_keys):
    """ssh signs like that where the server says so, and ssh-agent checks that it is the bound session's."""
    from peers.sshrs_sshd import start_sshrs_sshd

    agent = agent_of("ssh-agent")
    with start_sshrs_sshd(client_keys, host_keys, ("ed25519",)) as server:
        agent.add("-q", client_keys.private("ed25519"))
        client = client_of("ssh", server, tmp_path)
        done = client.run("true", key=None, flags=["-vv"], IdentityAgent=agent.path, IdentitiesOnly="no", BatchMode="yes")
        assert "publickey-hostbound@openssh.com" in done.check().stderr


# ---- ssh-add and ssh-keygen with our agent ----


def test_ssh_add_lists_removes_and_locks(agent_of, client_keys, tmp_path):
    agent = agent_of("ours")
    assert "no identities" in agent.add("-l", check=1)
    agent.add("-q", *(client_keys.private(key) for key in ("ed25519", "rsa")))
    assert len(agent.add("-l").splitlines()) == 2
    assert agent.add("-L").split()[:2] == client_keys.public_line("ed25519").split()
    agent.add("-d", client_keys.private("rsa"))
    assert len(agent.add("-l").splitlines()) == 1
    asker = tmp_path / "asker"
    asker.write_text("#!/bin/sh\necho word\n")
    asker.chmod(0o700)
    asking = {"SSH_ASKPASS": str(asker), "SSH_ASKPASS_REQUIRE": "force"}
    agent.add("-x", **asking)
    assert "no identities" in agent.add("-l", check=1)
    agent.add("-q", client_keys.private("rsa"), check=1)
    asker.write_text("#!/bin/sh\necho other\n")
    agent.add("-X", check=1, **asking)
    asker.write_text("#!/bin/sh\necho word\n")
    agent.add("-X", **asking)
    assert len(agent.add("-l").splitlines()) == 1
    agent.add("-D")
    assert "no identities" in agent.add("-l", check=1)


def test_a_lifetime_ends(agent_of, client_keys):
    agent = agent_of("ours")
    agent.add("-q", "-t", "2", client_keys.private("ed25519"))
    assert len(agent.add("-l").splitlines()) == 1
    time.sleep(2.5)
    assert "no identities" in agent.add("-l", check=1)


def test_a_constraint_we_do_not_keep_to_is_refused(agent_of, client_keys, tmp_path):
    agent = agent_of("ours")
    (tmp_path / "known_hosts").write_text(f"host.example {client_keys.public_line('ed25519')}\n")
    agent.add("-q", "-H", tmp_path / "known_hosts", "-h", "host.example", client_keys.private("rsa"), check=1)


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_a_use_is_confirmed(answer, agent_of, client_keys, tmp_path):
    agent = agent_of("ours", answer)
    agent.add("-q", "-c", client_keys.private("ed25519"))
    public = client_keys.folder / "ed25519.pub"
    agent.add("-T", public, check=0 if answer == "yes" else 1)


@pytest.mark.parametrize("key", ["ed25519", "ecdsa384", "rsa"])
def test_ssh_keygen_signs_with_our_agent(key, agent_of, client_keys, tmp_path):
    agent = agent_of("ours")
    agent.add("-q", client_keys.private(key))
    public, message, keygen = tmp_path / "key.pub", tmp_path / "message", find_program("ssh-keygen")
    public.write_text(client_keys.public_line(key) + "\n")
    message.write_text("message\n")
    agent.run(keygen, "-Y", "sign", "-n", "file", "-f", public, message)
    allowed = tmp_path / "allowed"
    allowed.write_text(f"me {client_keys.public_line(key)}\n")
    check = [keygen, "-Y", "verify", "-n", "file", "-I", "me", "-f", allowed, "-s", f"{message}.sig"]
    subprocess.run([str(a) for a in check], stdin=message.open(), check=True, capture_output=True)


@pytest.mark.parametrize("where", AGENTS)
def test_our_client_forwards_an_agent(where, agent_of, sshd, tmp_path, client_keys):
    """What is asked behind the session reaches the agent, which signs there too."""
    agent = agent_of(where)
    agent.add("-q", client_keys.private("ed25519"))
    client = client_of("ours", sshd, tmp_path)
    public = client_keys.public_line("ed25519")
    command = f"ssh-add -L && t=$(mktemp) && echo '{public}' >$t && ssh-add -T $t && echo signed; rm -f $t"
    done = client.run(command, key=None, flags=["-A"], IdentityAgent=agent.path, BatchMode="yes").check()
    assert done.stdout.decode().split()[:2] == public.split() and b"signed" in done.stdout
