"""Dropbear's server."""

import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

from . import environment_for, find_program
from .keys import Keys, make_keys
from .sandbox import UID_FOR_ROOT, Running, Sandbox, ServerEnded
from .server import HOST, Server, new_base, start_on_free_port

# Name as in keys.TYPES, and what dropbearkey calls it. Debian's Dropbear makes no DSS keys worth testing.
HOST_KEYS = {"ed25519": ("ed25519", None), "ecdsa256": ("ecdsa", 256), "rsa": ("rsa", 2048)}


def _make_host_keys(folder: Path, names) -> Keys:
    """Dropbear has a key format of its own."""
    folder.mkdir()
    tool = find_program("dropbearkey")
    for name in names:
        kind, bits = HOST_KEYS[name]
        size = ["-s", str(bits)] if bits else []
        done = subprocess.run(
            [tool, "-t", kind, *size, "-f", folder / name], capture_output=True, text=True, env=environment_for(tool)
        )
        line = re.search(r"^(ssh-|ecdsa-).*$", done.stdout, re.MULTILINE)
        if not line:
            raise RuntimeError(f"dropbearkey failed: {done.stderr}")
        (folder / f"{name}.pub").write_text(line[0] + "\n")
    return Keys(folder)


def start_dropbear(arguments=(), host_key_names=tuple(HOST_KEYS), client_keys=None) -> Server:
    """Starts Dropbear with further `arguments`. It needs root or sudo, for the account."""
    base = new_base("dropbear")
    try:
        return _start(base, list(arguments), tuple(host_key_names), client_keys)
    except BaseException:
        shutil.rmtree(base, ignore_errors=True)
        raise


def _start(base: Path, arguments: list, names, client_keys) -> Server:
    sandbox = Sandbox(base)
    client_keys = client_keys or make_keys(base / "client", encrypted=True)
    host_keys = _make_host_keys(base / "host", names)
    # Dropbear reads ~/.ssh/authorized_keys only, and only if nobody else could have written it.
    folder = sandbox.home / ".ssh"
    folder.mkdir(mode=0o700)
    authorized = folder / "authorized_keys"
    authorized.write_text("".join(f"{p.read_text().strip()}\n" for p in sorted(client_keys.folder.glob("*.pub"))))
    authorized.chmod(0o600)
    if os.geteuid() == 0:
        for path in (folder, authorized):
            os.chown(path, UID_FOR_ROOT, UID_FOR_ROOT)

    dropbear = find_program("dropbear")
    log = base / "log"

    def launch(port: int) -> Running:
        log.write_bytes(b"")
        keys = [part for name in names for part in ("-r", base / "host" / name)]
        command = [dropbear, "-F", "-E", "-m", "-p", f"{HOST}:{port}", "-P", base / "pid", *keys, *arguments]
        running = sandbox.start(command, environment_for(dropbear), log)
        _wait_for_port(port, running)
        return running

    port, running = start_on_free_port(launch)
    server = Server(
        "dropbear", port, sandbox.user, sandbox.password, client_keys, host_keys, base, running, host_key_names=names
    )
    server.notes["version"] = _version(dropbear)
    return server


def _wait_for_port(port: int, running: Running) -> None:
    """Dropbear does not say when it listens, only when it could not."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        running.wait_for("")
        text = running.log.read_text(errors="replace")
        if "No listening ports" in text or "Failed listening" in text:
            running.stop()
            raise ServerEnded(text)
        try:
            socket.create_connection((HOST, port), 1).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.005)
    running.stop()
    raise RuntimeError("Dropbear does not listen after 10 s")


def _version(dropbear: Path) -> str:
    done = subprocess.run([dropbear, "-V"], capture_output=True, text=True, env=environment_for(dropbear))
    return (done.stderr + done.stdout).strip()
