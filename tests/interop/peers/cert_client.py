"""A client that shows any certificate, however wrong, under any algorithm, and tells what the login is good for."""

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

import paramiko
from paramiko.auth_handler import AuthHandler

from .server import Server

TIMEOUT = 20


@dataclass
class Shown:
    """What a publickey request says, and the signature over it."""

    algorithm: str
    blob: bytes
    sign: Callable[[bytes], bytes]

    @property
    def public_blob(self):
        return SimpleNamespace(key_type=self.algorithm, key_blob=self.blob)

    def sign_ssh_data(self, data, _algorithm=None):
        return paramiko.Message(self.sign(data))

    def can_sign(self) -> bool:
        return True


class ExactHandler(AuthHandler):
    """Sends the algorithm as the key says it, instead of choosing one."""

    def _finalize_pubkey_algorithm(self, key_type):
        return key_type


@dataclass(frozen=True)
class Outcome:
    """What a login is good for. Without one, all is as it is by default."""

    login: bool = False
    output: str = ""
    pty: bool = False
    forward: bool = False


REFUSED = Outcome()


def attempt(server: Server, shown: Shown, user: str | None = None) -> Outcome:
    """Logs in, once, and tries what certificates may forbid: a command of one's own, a terminal, a forwarded connection."""
    with contextlib.closing(paramiko.Transport((server.host, server.port))) as transport:
        transport.start_client(timeout=TIMEOUT)
        handler = ExactHandler(transport)
        transport.auth_handler = handler
        done = threading.Event()
        handler.auth_publickey(user or server.user, shown, done)
        try:
            handler.wait_for_response(done)
        except paramiko.AuthenticationException:
            return REFUSED
        channel = transport.open_session(timeout=TIMEOUT)
        channel.exec_command("echo asked")
        output = channel.makefile("rb").read().decode().strip()
        return Outcome(True, output, _gets_pty(transport), _reaches(transport))


def _gets_pty(transport) -> bool:
    channel = transport.open_session(timeout=TIMEOUT)
    try:
        channel.get_pty()
    except paramiko.SSHException:
        return False
    return True


def _reaches(transport) -> bool:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        try:
            transport.open_channel("direct-tcpip", listener.getsockname(), ("127.0.0.1", 9), timeout=TIMEOUT).close()
        except paramiko.ChannelException:
            return False
    return True
