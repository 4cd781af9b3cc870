"""Key files that other programs write: read by sshrs-keygen, and good for a login with sshrs-ssh; and ours, read by them."""

import shutil
import subprocess

import asyncssh
import pytest

from client import program

PROGRAM = program().with_name("sshrs-keygen")
PASSPHRASE = "a passphrase"
TYPES = ["ed25519", "ecdsa-256", "ecdsa-384", "ecdsa-521", "rsa-2048"]

OPENSSH_CIPHERS = ["aes256-ctr", "aes128-cbc", "aes256-cbc", "3des-cbc", "aes128-gcm@openssh.com", "aes256-gcm@openssh.com",
                   "chacha20-poly1305@openssh.com"]  # fmt: skip
DEK_CIPHERS = ["aes128", "aes192", "aes256", "des3"]
PBES2 = [["-v2", "aes-256-cbc"], ["-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA1"], ["-v2", "aes-192-cbc", "-v2prf", "hmacWithSHA512"],
         ["-v2", "des3"], ["-scrypt"]]  # fmt: skip
PPK = [[], ["--ppk-param", "version=2"], ["--ppk-param", "kdf=argon2i"], ["--ppk-param", "kdf=argon2d,memory=1024,passes=3"]]
ASYNCSSH = [("openssh", {}), ("pkcs8-pem", {}), ("pkcs8-pem", {"cipher_name": "aes128-cbc", "hash_name": "sha1"}),
            ("pkcs8-pem", {"cipher_name": "des3-cbc", "hash_name": "sha256"}), ("pkcs1-pem", {})]  # fmt: skip


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=60, **options)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """A key of each type in OpenSSH's format, and the passphrase's file."""
    folder = tmp_path_factory.mktemp("keys")
    for name in TYPES:
        kind, _, bits = name.partition("-")
        size = ["-b", bits] if bits else []
        run("ssh-keygen", "-q", "-t", kind, *size, "-N", "", "-C", "a comment", "-f", folder / name)
    (folder / "passphrase").write_text(PASSPHRASE + "\n")
    return folder


def public_half(path):
    return path.with_name(path.name + ".pub").read_text().split()[:2]


def read_by_us(path, passphrase=None):
    given = ["-P", passphrase] if passphrase else []
    return run(PROGRAM, "-y", "-f", path, *given).split()[:2]


def pem(keys, name, path):
    """The key in the clear, in a form that openssl reads."""
    shutil.copy(keys / name, path)
    path.chmod(0o600)
    run("ssh-keygen", "-q", "-p", "-P", "", "-N", "", "-m", "PEM", "-f", path)
    return path


@pytest.mark.parametrize("cipher", OPENSSH_CIPHERS)
@pytest.mark.parametrize("name", TYPES)
def test_ssh_keygen(keys, tmp_path, name, cipher):
    path = tmp_path / "key"
    shutil.copy(keys / name, path)
    path.chmod(0o600)
    run("ssh-keygen", "-q", "-p", "-P", "", "-N", PASSPHRASE, "-Z", cipher, "-a", "4", "-f", path)
    assert read_by_us(path, keys / "passphrase") == public_half(keys / name)


@pytest.mark.parametrize("name", [name for name in TYPES if name != "ed25519"])
def test_traditional_pem(keys, tmp_path, name):
    path = pem(keys, name, tmp_path / "key")
    assert read_by_us(path) == public_half(keys / name)
    command = ["openssl", "rsa", "-traditional"] if name.startswith("rsa") else ["openssl", "ec"]
    for cipher in DEK_CIPHERS:
        sealed = tmp_path / cipher
        run(*command, "-in", path, f"-{cipher}", "-passout", f"pass:{PASSPHRASE}", "-out", sealed)
        assert "DEK-Info" in sealed.read_text()
        assert read_by_us(sealed, keys / "passphrase") == public_half(keys / name), cipher


@pytest.mark.parametrize("name", [name for name in TYPES if name != "ed25519"])
def test_pkcs8(keys, tmp_path, name):
    path = pem(keys, name, tmp_path / "key")
    clear = tmp_path / "clear"
    run("openssl", "pkcs8", "-topk8", "-nocrypt", "-in", path, "-out", clear)
    assert read_by_us(clear) == public_half(keys / name)
    for options in PBES2:
        sealed = tmp_path / "sealed"
        run("openssl", "pkcs8", "-topk8", *options, "-in", path, "-passout", f"pass:{PASSPHRASE}", "-out", sealed)
        assert read_by_us(sealed, keys / "passphrase") == public_half(keys / name), options


@pytest.mark.parametrize("name", TYPES)
def test_puttygen(keys, tmp_path, name):
    for options in PPK:
        clear, sealed = tmp_path / "clear", tmp_path / "sealed"
        run("puttygen", keys / name, "-O", "private", *options, "-o", clear)
        assert read_by_us(clear) == public_half(keys / name), options
        run("puttygen", keys / name, "-O", "private", *options, "--new-passphrase", keys / "passphrase", "-o", sealed)
        assert read_by_us(sealed, keys / "passphrase") == public_half(keys / name), options


@pytest.mark.parametrize("name", TYPES)
def test_asyncssh(keys, tmp_path, name):
    key = asyncssh.read_private_key(keys / name)
    for form, options in ASYNCSSH:
        if form == "pkcs1-pem" and name == "ed25519":
            continue  # there is no such form of it
        clear, sealed = tmp_path / "clear", tmp_path / "sealed"
        key.write_private_key(clear, form)
        assert read_by_us(clear) == public_half(keys / name), form
        key.write_private_key(sealed, form, PASSPHRASE, **options)
        assert read_by_us(sealed, keys / "passphrase") == public_half(keys / name), (form, options)


@pytest.mark.parametrize("form", ["openssh", "pkcs8", "pem"])
@pytest.mark.parametrize("name", TYPES)
def test_ours_are_read(keys, tmp_path, name, form):
    """What sshrs-keygen makes and rewrites is read by AsyncSSH and, where it can, puttygen."""
    kind, _, bits = name.partition("-")
    path = tmp_path / "key"
    made = [PROGRAM, "-t", kind, *(["-b", bits] if bits else []), "-C", "ours", "-m", form, "-f", path]
    if (kind, form) == ("ed25519", "pem"):
        done = subprocess.run([str(part) for part in made], capture_output=True, text=True, timeout=60)
        assert done.returncode == 255 and "PKCS#8" in done.stderr and not path.exists()
        return
    run(*made)
    assert path.stat().st_mode & 0o7777 == 0o600
    assert read_by_us(path) == public_half(path)
    again = subprocess.run([str(part) for part in made], capture_output=True, text=True, timeout=60)
    assert again.returncode == 255 and "exists" in again.stderr
    assert asyncssh.read_private_key(path).export_public_key().split()[:2] == [part.encode() for part in public_half(path)]
    if form != "pem":
        run(PROGRAM, "-p", "-f", path, "-N", keys / "passphrase", "-m", form, "-o", "rounds=3")
        key = asyncssh.read_private_key(path, PASSPHRASE)
        assert key.export_public_key().split()[:2] == [part.encode() for part in public_half(path)]
    if form == "openssh":
        line = run("puttygen", path, "--old-passphrase", keys / "passphrase", "-O", "public-openssh", "-o", "/dev/stdout")
        assert line.split()[:2] == public_half(path)
    shown = run("ssh-keygen", "-l", "-f", tmp_path / "key.pub").split()[1]
    assert shown == run(PROGRAM, "-l", "-f", path, *(["-P", keys / "passphrase"] if form != "pem" else [])).split()[1]


@pytest.mark.parametrize("name", ["ed25519", "ecdsa384", "rsa"])
def test_login(sshd, client, tmp_path, name):
    """A converted key logs in as the one it was made from."""
    source = sshd.client_keys.private(name)
    for form, options in (("ppk", ["-O", "private"]), ("pkcs8", None)):
        path = tmp_path / form
        if options:
            run("puttygen", source, *options, "-o", path)
        else:
            asyncssh.read_private_key(source).write_private_key(path, "pkcs8-pem")
        client.run("echo in", key=None, flags=["-i", str(path)]).check()
