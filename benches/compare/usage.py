"""Who used how much: CPU time, memory and threads of process trees and of the machine, from /proc (Linux)."""

import os
import resource
import subprocess
import sys
import time
from contextlib import contextmanager

TICK = os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str] | None:
    """/proc/PID/stat from the third field on; None if the process is gone."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def tree(root: int) -> list[int]:
    """The process `root` and everything below it."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (stat := _stat(int(name))):
            children.setdefault(int(stat[1]), []).append(int(name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def cpu_of(root: int) -> float:
    """User and system seconds of a tree, with the children that were waited for."""
    return sum(sum(map(int, stat[11:15])) for pid in tree(root) if (stat := _stat(pid))) / TICK


def memory_of(root: int) -> tuple[int, int]:
    """KiB of a tree (each shared page counted once, in parts) and its threads."""
    kib = threads = 0
    for pid in tree(root):
        try:
            with open(f"/proc/{pid}/smaps_rollup") as file:
                kib += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
            threads += len(os.listdir(f"/proc/{pid}/task"))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return kib, threads


class Others:
    """How many cores other programs and the hypervisor took since it was made. Spinners run at nice 19: a row that
    has them leaves out all nice time. Interrupt time is left out too: on loopback it is the traffic's own."""

    def __init__(self, roots: list[int], spinning: bool):
        self._roots, self._spinning = roots, spinning
        self._began, self._machine, self._ours = time.monotonic(), self._read(), self._read_ours()

    def _read(self) -> float:
        with open("/proc/stat") as file:
            user, nice, system, _idle, _iowait, _irq, _softirq, steal = map(int, file.readline().split()[1:9])
        return (user + system + steal + (0 if self._spinning else nice)) / TICK

    def _read_ours(self) -> float:
        mine = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(u.ru_utime + u.ru_stime for u in mine) + sum(map(cpu_of, self._roots))

    def cores(self) -> float:
        took = self._read() - self._machine - (self._read_ours() - self._ours)
        return max(0.0, took / (time.monotonic() - self._began))


@contextmanager
def spinners(wanted: bool):
    """One process of the lowest priority a core keeps a virtual machine awake: waking a halted core is expensive."""
    running = []
    try:
        for _ in range(os.cpu_count() or 1 if wanted else 0):
            spin = [sys.executable, "-c", "import os\nos.nice(19)\nwhile os.getppid() == %d: pass" % os.getpid()]
            running.append(subprocess.Popen(spin))
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()
