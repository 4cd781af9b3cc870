"""An X server without a screen, Xvfb, on a display of its own that only a cookie opens."""

import os
import secrets
import subprocess
from pathlib import Path

from . import environment_for, find_program


class Display:
    """Running until `stop`. `variables` are what a program needs to use it."""

    def __init__(self, base: Path):
        self.cookie = secrets.token_hex(16)
        # The server takes every entry of its file for itself, whatever display it names.
        self._add(base / "server", "0")
        read, write = os.pipe()
        xvfb = find_program("Xvfb")
        command = [xvfb, "-displayfd", str(write), "-auth", base / "server", "-screen", "0", "64x48x24"]
        # Reset when its last program leaves, it would forget the cookies it made for programs that are not trusted.
        command += ["-nolisten", "tcp", "-noreset"]
        with (base / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [str(c) for c in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[write],
                env=environment_for(xvfb),
            )
        os.close(write)
        with os.fdopen(read) as answer:
            number = answer.readline().strip()
        if not number:
            self.stop()
            raise RuntimeError(f"Xvfb did not start:\n{(base / 'log').read_text(errors='replace')}")
        self._add(base / "client", number)
        self.variables = {"DISPLAY": f":{number}", "XAUTHORITY": str(base / "client")}

    def _add(self, file: Path, number: str) -> None:
        command = [find_program("xauth"), "-q", "-f", file, "add", f":{number}", "MIT-MAGIC-COOKIE-1", self.cookie]
        file.touch(mode=0o600)
        subprocess.run(command, check=True, capture_output=True)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(20)

    def __enter__(self) -> "Display":
        return self

    def __exit__(self, *_exc) -> None:
        self.stop()
