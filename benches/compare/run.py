#!/usr/bin/env python3
"""Us and peers side by side: every row's programs take turns, the medians of the rounds count.

Absolute figures belong to the machine; ratios within a row are what to read. A run during which other programs took more
than a fifth of a core is done again, twice at most, and marked with "~" if that did not help.
"""

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from clients import client
from servers import BUILT, ROOT, Keys, relayed, started
from usage import Others, cpu_of, spinners

GCM, CHACHA, CTR = "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes256-ctr"
CIPHERS = {"aes256-gcm": GCM, "chacha20-poly1305": CHACHA, "aes256-ctr + sha2-256-etm": CTR}
CLIENTS = ("sshrs", "ssh", "libssh", "libssh2")
SERVERS = ("sshrs", "sshd", "libssh")
BUSY = 0.2


def rows(mib: int, quick: bool):
    """(group, row, unit, mode, arguments, cipher, [(name, client, server, round trip in ms)])"""
    for label, cipher in CIPHERS.items():
        for mode in ("down", "up"):
            against = [(c, c, "sshd", None) for c in CLIENTS]
            yield "Clients against sshd", f"{label} {mode}", "MB/s", mode, (mib,), cipher, against
            under = [(s, "ssh", s, None) for s in SERVERS]
            yield "Servers under ssh", f"{label} {mode}", "MB/s", mode, (mib,), cipher, under
            same = [(n, n, n, None) for n in ("sshrs", "libssh")]
            yield "The same library on both ends", f"{label} {mode}", "MB/s", mode, (mib,), cipher, same
    few = 5 if quick else 1
    steps = [("handshakes", (1000 // few, 1), "one at a time"), ("handshakes", (1000 // few, 2), "two at once")]
    steps += [("pingpong", (20000 // few,), "one byte there and back"), ("exec", (5000 // few,), "open, exec, close")]
    for mode, args, what in steps:
        both = [(f"{c}, libssh's server", c, "libssh", None) for c in CLIENTS if (c, mode) != ("ssh", "exec")]
        both += [(f"libssh's client, {s}", "libssh", s, None) for s in SERVERS if s != "libssh"]
        yield "A second", f"{mode}: {what}", "a second", mode, args, GCM, [*both, ("sshrs, both ends", "sshrs", "sshrs", None)]
    for rtt in (20, 200) if quick else (1, 20, 100, 200):
        far = [(c, c, "sshd", rtt) for c in CLIENTS]
        yield "Long paths", f"down over {rtt} ms", "MB/s", "down", (mib,), GCM, far


def measure(case, cipher, mode, args, keys):
    """One run; its figures, with the server's CPU seconds and whether the machine was quiet."""
    _, who, server, rtt = case
    with ExitStack() as stack:
        target = stack.enter_context(started(server, cipher, keys))
        if rtt:
            target = stack.enter_context(relayed(target, rtt, 0))
        stack.enter_context(spinners(mode in ("pingpong", "handshakes")))
        for _ in range(3):
            others = Others([target.pid], mode in ("pingpong", "handshakes"))
            before = cpu_of(target.pid)
            got = client(who).run(target, cipher, mode, args)
            got["server_cpu"] = cpu_of(target.pid) - before
            # The relay's own time is not other programs'.
            got["quiet"] = bool(rtt) or others.cores() <= BUSY
            if got["quiet"] or "seconds" not in got:
                break
    return got


def cell(runs, unit, group):
    """What the table says of one program."""
    bad = next((run for run in runs if "seconds" not in run), None)
    if bad:
        return None, f"not there ({bad['unsupported']})" if "unsupported" in bad else f"failed ({bad['failed']})"
    rate = statistics.median(run["count"] / run["seconds"] for run in runs)
    mark = "" if all(run["quiet"] for run in runs) else "~"
    if unit != "MB/s":
        return rate, f"{rate:,.0f}{mark}"
    who = "server_cpu" if group.startswith("Servers") else "cpu"
    cpu = statistics.median(run[who] / run["count"] * (1 << 30) for run in runs)
    return rate, f"{rate / 1e6:,.0f} ({cpu:.2f}){mark}"


def limits(mib, rounds):
    for label, cipher in CIPHERS.items():
        runs = [client("limit").run(None, cipher, "", (mib,)) for _ in range(rounds)]
        yield label, cell([run | {"quiet": True} for run in runs], "MB/s", "")[1]


def first_line(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return (done.stdout + done.stderr).strip().splitlines()[0]


def machine():
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    versions = [f"{name} {first_line('pkg-config', '--modversion', name)}" for name in ("libssh", "libssh2")]
    peers = "; ".join([first_line("ssh", "-V"), *versions])
    return f"{model[1] if model else platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}. {peers}."


def row_line(row, unit, group, runs):
    """A row of the table."""
    cells = {name: cell(got, unit, group) for name, got in runs.items()}
    rates = {name: rate for name, (rate, _) in cells.items() if rate}
    best = max((rate for name, rate in rates.items() if "sshrs" not in name), default=None)
    ours = [f"{rate / best:.2f}" for name, rate in rates.items() if "sshrs" in name and best]
    figures = "; ".join(f"{name} {text}" for name, (_, text) in cells.items())
    return f"| {row} | {figures} | {', '.join(ours)} |"


def page(groups, limit, mib, rounds):
    text = ["# Results", "", (__doc__ or "").split("\n\n")[1].strip(), "", machine(), ""]
    text.append(f"{mib} MiB a transfer, medians of {rounds} rounds. MB/s; in brackets CPU seconds a GiB, the client's or,")
    text.append("under `ssh`, the server's. The last column is our rate by the best other's. `scripts/bench.sh compare` made this.")
    for group, lines in groups.items():
        text += ["", f"## {group}", "", "| row | figures | ratio |", "|---|---|---|", *lines]
    if limit:
        text += ["", "## The limit: records sealed, sent and opened, no SSH", "", "| cipher | MB/s (CPU of both ends) |"]
        text += ["|---|---|", *(f"| {label} | {figure} |" for label, figure in limit)]
    return "\n".join(text) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller transfers, fewer rows")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", default="", help="only rows whose group or name matches this regular expression")
    parser.add_argument("--write", action="store_true", help="write benches/RESULTS.md instead of printing it")
    args = parser.parse_args()
    mib = 128 if args.quick else 512
    keys, groups, results = Keys(), {}, []
    for group, row, unit, mode, what, cipher, cases in rows(mib, args.quick):
        if not re.search(args.rows, f"{group}: {row}"):
            continue
        runs = {case[0]: [] for case in cases}
        for _ in range(args.rounds):
            for case in cases:
                runs[case[0]].append(measure(case, cipher, mode, what, keys))
        results.append({"group": group, "row": row, "runs": runs})
        groups.setdefault(group, []).append(row_line(row, unit, group, runs))
        print(group, groups[group][-1], file=sys.stderr, flush=True)
    limit = list(limits(mib, args.rounds)) if re.search(args.rows, "limit") else []
    (BUILT / "results.json").write_text(json.dumps(results, indent=1))
    text = page(groups, limit, mib, args.rounds)
    if args.write:
        (ROOT / "benches" / "RESULTS.md").write_text(text)
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
