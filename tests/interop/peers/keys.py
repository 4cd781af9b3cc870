"""Throw-away keys, one of each type, made with ssh-keygen."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import find_program

# Name, type and size for ssh-keygen.
TYPES = {
    "ed25519": ("ed25519", None),
    "ecdsa256": ("ecdsa", 256),
    "ecdsa384": ("ecdsa", 384),
    "ecdsa521": ("ecdsa", 521),
    "rsa": ("rsa", 2048),
}
# Sizes that matter for users' keys alone.
USER_TYPES = TYPES | {"rsa3072": ("rsa", 3072)}
PASSPHRASE = "only for tests"


@dataclass
class Keys:
    """A folder of key pairs: NAME and NAME.pub for each of USER_TYPES, and others by their own names."""

    folder: Path

    def private(self, name: str) -> Path:
        return self.folder / name

    def public_line(self, name: str) -> str:
        """Type and blob, without the comment."""
        return " ".join((self.folder / f"{name}.pub").read_text().split()[:2])


def make_keys(folder: Path, names=tuple(TYPES), encrypted: bool = False) -> Keys:
    """Makes the key pairs named, all at once; with `encrypted`, also `encrypted`, an ed25519 key with PASSPHRASE."""
    folder.mkdir(parents=True, exist_ok=True)
    keygen = find_program("ssh-keygen")
    jobs = [(name, USER_TYPES[name], "") for name in names]
    if encrypted:
        jobs.append(("encrypted", TYPES["ed25519"], PASSPHRASE))
    running = []
    for name, (kind, bits), passphrase in jobs:
        size = ["-b", str(bits)] if bits else []
        command = [keygen, "-q", "-t", kind, *size, "-N", passphrase, "-C", f"throw-away {name}", "-f", folder / name]
        running.append(subprocess.Popen(command, stdin=subprocess.DEVNULL))
    for process in running:
        if process.wait() != 0:
            raise RuntimeError("ssh-keygen failed")
    return Keys(folder)
