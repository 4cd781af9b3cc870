"""The clients: programs to one contract, ssh and dbclient through pipes, a plain TCP copy, the limit program.

Each `run` gives {"seconds", "cpu", "count"}, {"unsupported": why} or {"failed": why}.
"""

import json
import os
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from servers import BUILT, MAC, Target, find_program, program

LONGEST = 300
MIB = 1 << 20


class Program:
    """A client program: CLIENT HOST PORT USER KEYFILE CIPHER MODE [N] [M], one JSON line."""

    def __init__(self, name: str):
        self.name = name

    def run(self, target: Target, cipher: str, mode: str, args: tuple, when_ready=None) -> dict:
        who = [target.host, target.port, target.user, target.keys.user_key, cipher]
        return run_program([*program("client", self.name), *who, mode, *args], when_ready)


class Limit:
    """No SSH: records sealed, sent over TCP and opened."""

    def run(self, _target, cipher: str, _mode: str, args: tuple, _when_ready=None) -> dict:
        return run_program([BUILT / "limit", cipher, *args], None)


def run_program(command: list, when_ready) -> dict:
    pipe = subprocess.PIPE
    process = subprocess.Popen([str(c) for c in command], stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    # A program that hangs loses its row, not the whole run.
    timer = threading.Timer(LONGEST, process.kill)
    timer.start()
    try:
        if when_ready:
            line = process.stdout.readline()
            if line.strip() == "ready":
                when_ready()
                out, err = process.communicate("\n")
                return {"seconds": 0.0, "cpu": 0.0, "count": 0}
        out, err = process.communicate()
        out = (line if when_ready else "") + out
    finally:
        timer.cancel()
        if process.poll() is None:
            process.kill()
            process.wait()
    if process.returncode in (0, 3):
        return json.loads(out.splitlines()[-1])
    return {"failed": f"exit status {process.returncode}: {(err.strip().splitlines() or ['no word'])[-1][:200]}"}


class RawTcp:
    """What the relay carries without SSH: eight bytes ask, zeros answer."""

    def run(self, target: Target, _cipher: str, _mode: str, args: tuple, _when_ready=None) -> dict:
        size, buffer = args[0] * MIB, bytearray(256 * 1024)
        began, seen = time.monotonic(), 0
        with socket.create_connection((target.host, target.port)) as conn:
            conn.sendall(size.to_bytes(8, "big"))
            while seen < size:
                if not (n := conn.recv_into(buffer)):
                    return {"failed": f"{seen} of {size} bytes"}
                seen += n
        return {"seconds": time.monotonic() - began, "cpu": 0.0, "count": size}


class CommandLine:
    """ssh or dbclient: a process a connection, data through pipes. What a connection that does nothing takes is
    subtracted, since a process cannot be timed from within."""

    MODES = ("down", "up", "duplex", "pingpong", "handshakes")

    def __init__(self, name: str):
        self.name, self._idle = name, {}

    def run(self, target: Target, cipher: str, mode: str, args: tuple, _when_ready=None) -> dict:
        if mode not in self.MODES:
            return {"unsupported": "a process each"}
        if self.name == "dbclient" and "gcm" in cipher:
            return {"unsupported": "Debian's Dropbear is built without GCM"}
        self._command = self._words(target, cipher)
        try:
            return getattr(self, f"_{mode}")(target, cipher, *args)
        except (OSError, RuntimeError) as error:
            return {"failed": str(error)}

    def _words(self, target: Target, cipher: str) -> list[str]:
        key = str(target.keys.user_key)
        if self.name == "dbclient":
            converted = f"{key}.dropbear"
            if not os.path.exists(converted):
                convert = [find_program("dropbearconvert"), "openssh", "dropbear", key, converted]
                subprocess.run(convert, check=True, capture_output=True)
            options = ["-y", "-y", "-T", "-i", converted, "-c", cipher, "-m", "hmac-sha2-256"]
            place = ["-p", str(target.port), f"{target.user}@{target.host}"]
            return [str(find_program("dbclient")), *options, *place]
        options = {
            "Ciphers": cipher, "MACs": MAC, "KexAlgorithms": "curve25519-sha256", "HostKeyAlgorithms": "ssh-ed25519",
            "StrictHostKeyChecking": "no", "UserKnownHostsFile": "/dev/null", "GlobalKnownHostsFile": "none",
            "IdentitiesOnly": "yes", "BatchMode": "yes", "LogLevel": "ERROR", "IdentityAgent": "none",
        }  # fmt: skip
        words = [f"-o{key}={value}" for key, value in options.items()]
        return ["ssh", "-F", "none", *words, "-T", "-p", str(target.port), "-i", key, f"{target.user}@{target.host}"]

    def _once(self, remote: str, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) -> tuple[float, float]:
        """Wall and CPU seconds of one process."""
        began = time.monotonic()
        process = subprocess.Popen([*self._command, remote], stdin=stdin, stdout=stdout, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise RuntimeError(f"{self.name} {remote!r}: exit status {process.returncode}")
        return time.monotonic() - began, usage.ru_utime + usage.ru_stime

    def _bulk(self, target: Target, cipher: str, mib: int, remote: str, sends: bool) -> dict:
        size, place = mib * MIB, (target.port, cipher)
        if place not in self._idle:
            self._idle[place] = min(self._once("true") for _ in range(3))
        # A sparse file costs the sender less than a pipe from another program.
        with open(target.keys.base / "zeros", "w+b") as zeros:
            zeros.truncate(size)
            wall, cpu = self._once(remote.format(size), zeros if sends else subprocess.DEVNULL)
        idle_wall, idle_cpu = self._idle[place]
        return {"seconds": max(wall - idle_wall, 1e-3), "cpu": max(cpu - idle_cpu, 0.0), "count": size}

    def _down(self, target, cipher, mib):
        return self._bulk(target, cipher, mib, "head -c {} /dev/zero", False)

    def _up(self, target, cipher, mib):
        return self._bulk(target, cipher, mib, "wc -c", True)

    def _duplex(self, target, cipher, mib):
        return self._bulk(target, cipher, mib, "cat", True)

    def _pingpong(self, _target, _cipher, count):
        pipe = subprocess.PIPE
        with subprocess.Popen([*self._command, "cat"], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as process:
            there, back = process.stdin.fileno(), process.stdout.fileno()
            for n in range(count + 1):
                if n == 1:
                    began = time.monotonic()
                os.write(there, b"x")
                if os.read(back, 1) != b"x":
                    raise RuntimeError(f"{self.name}: no answer to ping {n}")
            took = time.monotonic() - began
        return {"seconds": took, "cpu": 0.0, "count": count}

    def _handshakes(self, _target, _cipher, count, at_once):
        count = max(count // 20, 10)
        began = time.monotonic()
        with ThreadPoolExecutor(at_once) as pool:
            cpu = sum(used for _, used in pool.map(lambda _: self._once("true"), range(count)))
        return {"seconds": time.monotonic() - began, "cpu": cpu, "count": count}


def client(name: str):
    special = {"limit": Limit, "raw": RawTcp}
    if name in special:
        return special[name]()
    return CommandLine(name) if name in ("ssh", "dbclient") else Program(name)
