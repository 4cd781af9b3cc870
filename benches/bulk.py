#!/usr/bin/env python3
"""Bulk transfer through one channel: sshrs-ssh beside OpenSSH's ssh, against the same sshd, in the same run.

Clients alternate, the median of the rounds counts, and CPU seconds are the client process's own. Run it through
scripts/bench.sh, which builds the client and starts the server; absolute figures belong to the machine, ratios to us.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

MIB = 1 << 20
SUITES = [
    ("aes256-gcm", ["-oCiphers=aes256-gcm@openssh.com"]),
    ("chacha20-poly1305", ["-oCiphers=chacha20-poly1305@openssh.com"]),
    ("aes256-ctr + sha2-256-etm", ["-oCiphers=aes256-ctr", "-oMACs=hmac-sha2-256-etm@openssh.com"]),
]


def clients(sshrs_ssh):
    env = os.environ
    common = ["-p", env["SSHRS_TEST_PORT"], "-l", env["SSHRS_TEST_USER"], "-i", env["SSHRS_TEST_KEY"]]
    common += ["-oUserKnownHostsFile=" + env["SSHRS_TEST_KNOWN_HOSTS"], "-oStrictHostKeyChecking=yes"]
    openssh = ["ssh", "-F", "none", "-oGlobalKnownHostsFile=none", "-oIdentitiesOnly=yes", "-oBatchMode=yes"]
    return {"sshrs-ssh": [sshrs_ssh, *common], "ssh": [*openssh, *common]}


def run(command, size, direction):
    """Seconds, CPU seconds of the client."""
    host = os.environ["SSHRS_TEST_HOST"]
    source = sink = subprocess.DEVNULL
    feeder = None
    if direction == "download":
        remote = f"head -c {size} /dev/zero"
        counter = subprocess.Popen(["wc", "-c"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        sink = counter.stdin
    else:
        remote = "wc -c"
        feeder = subprocess.Popen(["head", "-c", str(size), "/dev/zero"], stdout=subprocess.PIPE)
        source = feeder.stdout
        sink = subprocess.PIPE
    began = time.monotonic()
    client = subprocess.Popen([*command, host, remote], stdin=source, stdout=sink)
    if direction == "download":
        counter.stdin.close()
        seen = int(counter.stdout.read())
        counter.wait()
    else:
        feeder.stdout.close()
        seen = int(client.stdout.read())
        feeder.wait()
    _, status, usage = os.wait4(client.pid, 0)
    client.returncode = os.waitstatus_to_exitcode(status)
    took = time.monotonic() - began
    if client.returncode != 0 or seen != size:
        sys.exit(f"{command[0]} {direction}: exit status {client.returncode}, {seen} of {size} bytes")
    return took, usage.ru_utime + usage.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=1024, help="MiB a transfer (1024)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds (3)")
    parser.add_argument("--json", action="store_true", help="one JSON object a row")
    parser.add_argument("sshrs_ssh", help="the sshrs-ssh to measure")
    args = parser.parse_args()
    size = args.mib * MIB
    both = clients(args.sshrs_ssh)
    if not args.json:
        print(f"{args.mib} MiB a transfer, median of {args.rounds}; MB/s, client CPU s/GiB in brackets")
        print(f"{'':42}{'sshrs-ssh':>18}{'ssh':>18}{'ratio':>8}")
    for suite, options in SUITES:
        for direction in ("download", "upload"):
            samples = {name: [] for name in both}
            for _ in range(args.rounds):
                for name, command in both.items():
                    samples[name].append(run([*command, *options], size, direction))
            row = {}
            for name, got in samples.items():
                wall = statistics.median(s[0] for s in got)
                cpu = statistics.median(s[1] for s in got)
                row[name] = {"mb_s": size / wall / 1e6, "cpu_s_gib": cpu / (size / (1 << 30))}
            ratio = row["sshrs-ssh"]["mb_s"] / row["ssh"]["mb_s"]
            if args.json:
                print(json.dumps({"suite": suite, "direction": direction, "ratio": ratio, **row}), flush=True)
            else:
                cells = "".join(f"{r['mb_s']:>10.0f} ({r['cpu_s_gib']:.2f})" for r in row.values())
                print(f"{suite + ' ' + direction:42}{cells}{ratio:>8.2f}", flush=True)


if __name__ == "__main__":
    main()
