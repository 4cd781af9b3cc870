"""ssh-audit has nothing to say against sshrs-sshd as it starts with no options of its own."""

import json
import subprocess
import sys
from pathlib import Path


def test_ssh_audit(client_keys, host_keys):
    from peers.sshrs_sshd import start_sshrs_sshd

    with start_sshrs_sshd(client_keys, host_keys, host_key_names=(), verbosity="", KexAlgorithms=None) as server:
        # The rate test wants at most 20 connections a second from one address. That is a firewall's job: behind one address
        # may be a whole company, and what strangers can do here is bounded by their number (--max-startups) and by time.
        command = [Path(sys.executable).with_name("ssh-audit"), "--skip-rate-test", "-j", "-p", str(server.port), server.host]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    found = json.loads(done.stdout)
    against = [
        f"{kind}: {entry['algorithm']}: {text}"
        for kind in ("kex", "key", "enc", "mac")
        for entry in found[kind]
        for level, texts in entry["notes"].items()
        if level != "info"
        for text in texts
    ]
    assert against == []
    assert found["cves"] == []
    # What it would have added or removed; "critical" and "warning" are its grades of them.
    assert set(found["recommendations"]) <= {"informational"}, found["recommendations"]
    # The status says the same: 2 for a warning, 3 for a failure.
    assert done.returncode == 0
    # It did look at something.
    assert found["kex"] and found["key"] and found["enc"] and found["mac"]
