"""authorized_keys: what sshd makes of each line, and that sshrs-sshd makes the same of it."""

import base64
import contextlib
import shutil
import socket
import threading

import paramiko
import pytest

from authorized_cases import CASES, REFUSED, Outcome
from conftest import available
from peers.cert_client import TIMEOUT, ExactHandler, Shown
from peers.certs import Key, SkKey, cert_type, issue
from peers.keys import Keys, make_keys
from peers.server import free_port
from peers.sshd import start_sshd
from peers.sshrs_sshd import start_sshrs_sshd

IDS = [case.name.replace(" ", "-") for case in CASES]
SK = "sk-ssh-ed25519@openssh.com"


class World:
    """The keys of the rows, and the ports they name."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("key", "other", "ca"):
            made = make_keys(folder / "new", ["ed25519"])
            for end in ("", ".pub"):
                shutil.move(made.private("ed25519" + end), folder / (name + end))
            shutil.rmtree(folder / "new")
        self.keys = {name: Key(folder / name) for name in ("key", "other", "ca")}
        self.keys["sk"] = SkKey(folder / "sk", SK)
        self.listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        self.open, self.open_other = (listener.getsockname()[1] for listener in self.listeners)
        self.listen, self.listen_other = free_port(), free_port()

    def text(self, template: str) -> str:
        kind, blob = (self.folder / "key.pub").read_text().split()[:2]
        short = base64.b64encode(base64.b64decode(blob)[:-1]).decode()
        values = {name: (self.folder / f"{name}.pub").read_text().strip() for name in self.keys}
        values |= {"key_tabs": f"{kind}\t{blob}\tme", "key_blanks": f"{kind}   {blob}   me", "key_bare": f"{kind} {blob}"}
        values |= {"key_cut": f"{kind} {short} me", "key_as_rsa": f"ssh-rsa {blob} me"}
        return template.format(open=self.open, listen=self.listen, **values)

    def shown(self, case) -> Shown:
        key = self.keys["key" if case.shown == "cert" else case.shown]
        if case.shown == "sk":
            return Shown(SK, key.blob, lambda data: key.sign(data, case.flags))
        if case.shown == "cert":
            blob = issue(self.folder / "cert", self.keys["ca"].path, key.path, principals=case.principals, options=case.options)
            return Shown(cert_type(key.type), blob, key.sign)
        return Shown(key.type, key.blob, key.sign)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("authorized"))
    yield world
    for listener in world.listeners:
        listener.close()


@pytest.fixture(scope="module")
def servers(tmp_path_factory, host_keys):
    """sshd and ours; a row's text is written to the file that they read at each login."""
    nobody = Keys(tmp_path_factory.mktemp("nobody"))
    with contextlib.ExitStack() as stack:
        options = {"PermitUserEnvironment": "yes"}
        sshd = available(start_sshd, options, client_keys=nobody, host_keys=host_keys)
        stack.enter_context(sshd)
        yield sshd, stack.enter_context(start_sshrs_sshd(nobody, host_keys, ("ed25519",), **options))


def granted(question) -> bool:
    try:
        answer = question()
    except (paramiko.SSHException, paramiko.ChannelException):
        return False
    return answer is None or bool(answer)


def ask_for_agent(channel) -> None:
    """paramiko's own request wants no reply."""
    message = paramiko.Message()
    message.add_byte(bytes([98]))
    message.add_int(channel.remote_chanid)
    message.add_string("auth-agent-req@openssh.com")
    message.add_boolean(True)
    channel._event_pending()
    channel.transport._send_user_message(message)
    channel._wait_for_event()


def attempt(server, shown: Shown, world: World) -> Outcome:
    """Logs in, once, and tries what lines may forbid."""
    with contextlib.closing(paramiko.Transport((server.host, server.port))) as transport:
        transport.start_client(timeout=TIMEOUT)
        handler = ExactHandler(transport)
        transport.auth_handler = handler
        done = threading.Event()
        handler.auth_publickey(server.user, shown, done)
        try:
            handler.wait_for_response(done)
        except paramiko.AuthenticationException:
            return REFUSED

        def session():
            return transport.open_session(timeout=TIMEOUT)

        def opens(port):
            return granted(lambda: transport.open_channel("direct-tcpip", ("127.0.0.1", port), ("127.0.0.1", 9), timeout=TIMEOUT))

        def listens(port):
            if not granted(lambda: transport.request_port_forward("localhost", port)):
                return False
            transport.cancel_port_forward("localhost", port)
            return True

        channel = session()
        channel.exec_command("echo asked $VARIABLE")
        return Outcome(
            True,
            channel.makefile("rb").read().decode().strip(),
            granted(lambda: session().get_pty()),
            granted(lambda: ask_for_agent(session())),
            opens(world.open),
            opens(world.open_other),
            listens(world.listen),
            listens(world.listen_other),
        )


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_ours_agrees_with_sshd(case, world, servers):
    theirs, ours = servers
    for server in servers:
        (server.base / "authorized_keys").write_bytes(world.text(case.text).encode("latin-1"))
    found = attempt(theirs, world.shown(case), world)
    assert found == case.expected, "sshd"
    assert attempt(ours, world.shown(case), world) == found


def test_there_are_no_two_of_a_name():
    assert len(set(IDS)) == len(IDS) >= 60
