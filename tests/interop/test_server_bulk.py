"""Two hundred megabytes each way through sshrs-sshd with the hashes compared, while keys are renewed every megabyte."""

import pytest

from test_bulk import SIZE, WAYS, data  # noqa: F401 (a fixture)

# Half a rekey a megabyte is enough to show that a limit is kept; compressed data counts compressed.
ENOUGH = SIZE // 1_000_000 // 4
# Hundreds of key exchanges: a quick one. The others are test_server_algorithms.py's.
KEX = "curve25519-sha256"


def rekeys_in(log: str) -> int:
    return log.count("new keys:")


@pytest.mark.parametrize("compression", ["no", "yes"])
@pytest.mark.parametrize("way", ["download", "upload"])
def test_openssh_renews_keys(our_sshd, ssh, data, way, compression):  # noqa: F811
    before = len(our_sshd.log_text())
    WAYS[way](ssh, data, RekeyLimit="1M", KexAlgorithms=KEX, Compression=compression)
    log = our_sshd.log_text()[before:]
    assert rekeys_in(log) > ENOUGH, "the keys were not renewed"
    assert ("compression zlib@openssh.com" in log) == (compression == "yes")


@pytest.mark.parametrize("client_name", ["ssh", "sshrs-ssh"])
def test_we_renew_keys(our_sshd_with, peer_for, data, client_name):  # noqa: F811
    """Started by the server, while both ways are full."""
    server = our_sshd_with(RekeyLimit="1M", KexAlgorithms=KEX)
    WAYS["both-ways"](peer_for(client_name, server), data)
    assert rekeys_in(server.log_text()) > ENOUGH, "the keys were not renewed"


@pytest.mark.parametrize("way", ["download", "upload"])
def test_dbclient(our_sshd_with, peer_for, data, way):  # noqa: F811
    """dbclient's key exchanges are slow, and it starts none: fewer of them, started by us.

    With compression and a large window, dbclient 2022.83 now and then waits for ever before the last bytes, with OpenSSH's
    sshd as well.
    """
    server = our_sshd_with(RekeyLimit="16M", Compression="no")
    WAYS[way](peer_for("dbclient", server), data)
    assert rekeys_in(server.log_text()) > SIZE // 16_000_000 // 4
