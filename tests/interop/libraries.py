"""The client libraries that log in to our server: paramiko and AsyncSSH, each by what it does itself."""

import asyncio
import contextlib
import socket

import asyncssh
import paramiko

from peers.server import Server

TIMEOUT = 30
# What each library calls the lists.
PARAMIKO_LISTS = {"kex": "kex", "host_key": "key_types", "cipher": "ciphers", "mac": "digests", "compression": "compression"}
ASYNCSSH_LISTS = {
    "kex": "kex_algs",
    "host_key": "server_host_key_algs",
    "cipher": "encryption_algs",
    "mac": "mac_algs",
    "compression": "compression_algs",
}


@contextlib.contextmanager
def paramiko_client(server: Server, **arguments):
    """A paramiko client that checks the host key; without `password` or `key_filename` it logs in with the ed25519 key."""
    known = server.base / "known_hosts"
    known.write_text(server.known_hosts_lines())
    client = paramiko.SSHClient()
    client.load_host_keys(str(known))
    if "password" not in arguments:
        arguments = {"key_filename": str(server.client_keys.private("ed25519"))} | arguments
    with client:
        client.connect(
            server.host, server.port, server.user, allow_agent=False, look_for_keys=False, timeout=TIMEOUT, **arguments
        )
        yield client


def paramiko_with(server: Server, table: str, name: str) -> bytes:
    """Runs a command with only one algorithm in one list."""
    with contextlib.closing(paramiko.Transport((server.host, server.port))) as transport:
        options = transport.get_security_options()
        setattr(options, PARAMIKO_LISTS[table], [name])
        if table == "mac":
            options.ciphers = ["aes128-ctr"]
        transport.start_client(timeout=TIMEOUT)
        transport.auth_publickey(server.user, paramiko.Ed25519Key(filename=str(server.client_keys.private("ed25519"))))
        channel = transport.open_session(timeout=TIMEOUT)
        channel.exec_command("echo it works")
        return channel.makefile("rb").read()


def asyncssh_connect(server: Server, **options):
    """AsyncSSH's connection, to be awaited; without `password` or `client_keys` it logs in with the ed25519 key."""
    defaults = {
        "username": server.user,
        "known_hosts": asyncssh.import_known_hosts(server.known_hosts_lines()),
        "client_keys": None if "password" in options else [str(server.client_keys.private("ed25519"))],
        "config": None,
        "agent_path": None,
        "connect_timeout": TIMEOUT,
    }
    return asyncssh.connect(server.host, server.port, **(defaults | options))


def asyncssh_with(server: Server, table: str, name: str) -> bytes:
    """Runs a command with only one algorithm in one list."""
    options = {ASYNCSSH_LISTS[table]: [name]} | ({"encryption_algs": ["aes128-ctr"]} if table == "mac" else {})

    async def run():
        async with asyncssh_connect(server, **options) as connection:
            return await connection.run("echo it works", encoding=None, check=True)

    return asyncio.run(run()).stdout


def asyncssh_algorithms() -> dict[str, list[str]]:
    """All that AsyncSSH has, switched on or not."""
    from asyncssh import compression, encryption, kex, mac, public_key

    names = {
        "kex": kex.get_kex_algs(),
        "host_key": public_key.get_public_key_algs(),
        "cipher": encryption.get_encryption_algs(),
        "mac": mac.get_mac_algs(),
        "compression": compression.get_compression_algs(),
    }
    return {table: [name.decode() for name in values] for table, values in names.items()}


def paramiko_algorithms() -> dict[str, list[str]]:
    """All that paramiko offers."""
    near, far = socket.socketpair()
    with near, far, contextlib.closing(paramiko.Transport(near)) as transport:
        options = transport.get_security_options()
        return {table: list(getattr(options, name)) for table, name in PARAMIKO_LISTS.items()}
