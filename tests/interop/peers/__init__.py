"""Servers to test against, each on 127.0.0.1 with throw-away keys, accounts and configuration.

Standard library only, so that scripts and C tests can use it (scripts/with-sshd.sh) without the interop tests'
Python environment. Nothing on the machine is changed: servers that need accounts run in namespaces of their own.
"""

import os
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
UNPACKED = ROOT / "build" / "peers" / "root"


class Unavailable(Exception):
    """A peer cannot be run here; the text says why and what would help."""


def find_program(name: str) -> Path:
    """The program `name`: where the environment variable SSHRS_PEER_NAME says, on the system, or unpacked by install-deps."""
    told = os.environ.get("SSHRS_PEER_" + name.upper().replace("-", "_"))
    if told:
        return Path(told)
    path = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin:/usr/bin"
    for folder in (UNPACKED / "usr" / "sbin", UNPACKED / "usr" / "bin"):
        path += f":{folder}"
    found = shutil.which(name, path=path)
    if not found:
        raise Unavailable(f"there is no {name}; run scripts/install-deps.sh")
    return Path(found)


def environment_for(program: Path) -> dict[str, str]:
    """The environment for a program: unpacked ones bring libraries of their own."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("SSH_")}
    if program.is_relative_to(UNPACKED):
        folders = {str(lib.parent) for lib in UNPACKED.rglob("*.so*")}
        env["LD_LIBRARY_PATH"] = ":".join(sorted(folders))
    return env
