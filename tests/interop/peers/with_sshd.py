"""Starts an sshd, runs a command with its address and keys in the environment, and ends it.

    python3 -m peers.with_sshd [-o Option=Value]... [--] COMMAND [ARGUMENT]...

The command finds: SSHRS_TEST_HOST, SSHRS_TEST_PORT, SSHRS_TEST_USER, SSHRS_TEST_PASSWORD (empty without root and
sudo), SSHRS_TEST_PASSWORD_FILE, SSHRS_TEST_KEY (an ed25519 private key), SSHRS_TEST_KEYDIR (ed25519, ecdsa256, ecdsa384,
ecdsa521, rsa, encrypted, each with a .pub), SSHRS_TEST_PASSPHRASE (for `encrypted`), SSHRS_TEST_KNOWN_HOSTS,
SSHRS_TEST_HOSTKEY_PUB (the ed25519 host key's public line) and SSHRS_TEST_SSHD_LOG. Its exit status is ours.
"""

import argparse
import os
import signal
import subprocess
import sys

from . import Unavailable
from .keys import PASSPHRASE
from .server import Server
from .sshd import start_sshd


def environment(server: Server) -> dict[str, str]:
    """What the command finds in its environment."""
    known_hosts = server.base / "known_hosts"
    known_hosts.write_text(server.known_hosts_lines())
    password_file = server.base / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(f"{server.password or ''}\n")
    keys = server.client_keys
    return {
        "SSHRS_TEST_HOST": server.host,
        "SSHRS_TEST_PORT": str(server.port),
        "SSHRS_TEST_USER": server.user,
        "SSHRS_TEST_PASSWORD": server.password or "",
        "SSHRS_TEST_PASSWORD_FILE": str(password_file),
        "SSHRS_TEST_KEY": str(keys.private("ed25519")),
        "SSHRS_TEST_KEYDIR": str(keys.folder),
        "SSHRS_TEST_PASSPHRASE": PASSPHRASE,
        "SSHRS_TEST_KNOWN_HOSTS": str(known_hosts),
        "SSHRS_TEST_HOSTKEY_PUB": str(server.host_keys.folder / "ed25519.pub"),
        "SSHRS_TEST_SSHD_LOG": str(server.log),
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="with-sshd", description="Runs a command beside a throw-away sshd.")
    parser.add_argument("-o", metavar="OPTION=VALUE", action="append", default=[], help="an option of sshd_config")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    command = args.command[1:] if args.command[:1] == ["--"] else args.command
    if not command:
        parser.error("no command given")
    # SIGTERM must end the server too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        server = start_sshd(dict(option.split("=", 1) for option in args.o))
    except Unavailable as error:
        print(f"with-sshd: {error}", file=sys.stderr)
        return 125
    with server:
        try:
            status = subprocess.run(command, env=os.environ | environment(server)).returncode
        except OSError as error:
            print(f"with-sshd: {error}", file=sys.stderr)
            return 127
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main())
