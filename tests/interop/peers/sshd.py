"""OpenSSH's sshd."""

import os
import pwd
import re
import shutil
import subprocess
from pathlib import Path

from . import UNPACKED, Unavailable, environment_for, find_program
from .keys import TYPES, make_keys
from .sandbox import Running, Sandbox, ServerEnded
from .server import Server, new_base, start_on_free_port


def version() -> tuple[int, int]:
    """sshd's version; old ones say it only in the message for an option they do not know."""
    sshd = find_program("sshd")
    done = subprocess.run([sshd, "-V"], capture_output=True, text=True, env=environment_for(sshd))
    found = re.search(r"OpenSSH_(\d+)\.(\d+)", done.stderr + done.stdout)
    if not found:
        raise Unavailable(f"{sshd} does not say its version: {done.stderr}")
    return int(found[1]), int(found[2])


def supports(option: str, value: str) -> bool:
    """Whether this sshd knows `value` (an algorithm) for an option; "Bad ..." is its word for no."""
    sshd = find_program("sshd")
    done = subprocess.run(
        [sshd, "-t", "-f", os.devnull, "-o", f"{option}={value}"], capture_output=True, text=True, env=environment_for(sshd)
    )
    return not re.search(r"Bad |[Uu]nsupported", done.stderr)


def _config(base: Path, names, sandboxed: bool) -> dict[str, list[str]]:
    config = {
        "ListenAddress": ["127.0.0.1"],
        "HostKey": [str(base / "host" / name) for name in names],
        "AuthorizedKeysFile": [str(base / "authorized_keys")],
        "PidFile": ["none"],
        "StrictModes": ["no"],
        "UseDNS": ["no"],
        "UsePAM": ["yes" if sandboxed else "no"],
        "PasswordAuthentication": ["yes" if sandboxed else "no"],
        "KbdInteractiveAuthentication": ["yes" if sandboxed else "no"],
        "PrintMotd": ["no"],
        "PrintLastLog": ["no"],
        "LogLevel": ["DEBUG1"],
        "MaxStartups": ["1000"],
        "MaxSessions": ["200"],
        "AcceptEnv": ["LANG LC_* SSHRS_*"],
        "Subsystem": ["sftp internal-sftp"],
    }
    if version() >= (9, 8):
        # Tests fail logins on purpose; the server must not start to refuse us for it.
        config["PerSourcePenalties"] = ["no"]
    if find_program("sshd").is_relative_to(UNPACKED):
        # An unpacked sshd looks for its parts where they would have been installed.
        for option, path in (
            ("ModuliFile", "etc/ssh/moduli"),
            ("SshdSessionPath", "usr/lib/openssh/sshd-session"),
            ("SshdAuthPath", "usr/lib/openssh/sshd-auth"),
        ):
            if (UNPACKED / path).exists():
                config[option] = [str(UNPACKED / path)]
    return config


def start_sshd(options: dict[str, str] | None = None, host_key_names=tuple(TYPES), client_keys=None, host_keys=None) -> Server:
    """Starts sshd; `options` replace those of our own configuration. Keys made before can be passed in.

    Without root and without sudo it runs as the calling user, who can then log in by key only (password is None).
    """
    base = new_base("sshd")
    try:
        return _start(base, dict(options or {}), tuple(host_key_names), client_keys, host_keys)
    except BaseException:
        shutil.rmtree(base, ignore_errors=True)
        raise


def _start(base: Path, options: dict[str, str], names, client_keys, host_keys) -> Server:
    try:
        sandbox = Sandbox(base)
    except Unavailable:
        if os.geteuid() == 0:
            raise  # sshd run by root insists on what only the sandbox provides
        sandbox = None
    user = sandbox.user if sandbox else pwd.getpwuid(os.geteuid()).pw_name
    client_keys = client_keys or make_keys(base / "client", encrypted=True)
    if host_keys:
        (base / "host").symlink_to(host_keys.folder)
    else:
        host_keys = make_keys(base / "host", names)
    authorized = "".join(f"{p.read_text().strip()}\n" for p in sorted(client_keys.folder.glob("*.pub")))
    (base / "authorized_keys").write_text(authorized)

    config = _config(base, names, sandbox is not None) | {k: [v] for k, v in options.items()}
    text = "".join(f"{key} {value}\n" for key, values in config.items() for value in values)
    (base / "sshd_config").write_text(text)

    sshd = find_program("sshd")
    log = base / "log"

    def launch(port: int) -> Running:
        log.write_bytes(b"")
        command = [sshd, "-D", "-e", "-f", base / "sshd_config", "-p", str(port)]
        running = sandbox.start(command, environment_for(sshd), log) if sandbox else _plain(command, sshd, log)
        running.wait_for("Server listening on")
        return running

    port, running = start_on_free_port(launch)
    password = sandbox.password if sandbox else None
    server = Server("sshd", port, user, password, client_keys, host_keys, base, running, host_key_names=names)
    server.notes["version"] = "OpenSSH_%d.%d" % version()
    return server


def _plain(command: list, sshd: Path, log: Path) -> Running:
    """sshd as the calling user: a shell ends it when our end of the pipe closes."""
    watch = '"$@" </dev/null & server=$!; read -r _; kill $server; wait $server'
    return Running(["sh", "-c", watch, "sh", *command], environment_for(sshd), log)


__all__ = ["ServerEnded", "start_sshd", "supports", "version"]
