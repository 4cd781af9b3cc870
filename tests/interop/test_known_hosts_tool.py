"""sshrs-keygen -F, -R and -H beside ssh-keygen's: the same lines found, the same files left behind."""

import base64
import hashlib
import hmac
import subprocess

import pytest

from client import program

PROGRAM = program().with_name("sshrs-keygen")


def blob(kind, body):
    """A key whose content does not matter, of a type both know."""
    parts = [kind.encode(), body]
    return base64.b64encode(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).decode()


ONE = "ssh-ed25519 " + blob("ssh-ed25519", bytes(range(32)))
TWO = "ssh-ed25519 " + blob("ssh-ed25519", bytes(range(32, 64)))


def hashed(name):
    salt = hashlib.sha1(name.encode()).digest()
    text = base64.b64encode(hmac.digest(salt, name.encode(), "sha1")).decode()
    return f"|1|{base64.b64encode(salt).decode()}|{text}"


# Name: the file's content, and the host that is looked for.
CASES = {
    "plain": (f"host {ONE}\n", "host"),
    "absent": (f"host {ONE}\n", "other"),
    "prefix of a name": (f"host {ONE}\n", "hos"),
    "comment behind the key": (f"host {ONE} me@there and more\n", "host"),
    "several names": (f"a,host,192.0.2.1 {ONE}\n", "192.0.2.1"),
    "several lines": (f"host {ONE}\nother {TWO}\nhost {TWO}\n", "host"),
    "duplicates": (f"host {ONE}\nhost {ONE}\n", "host"),
    "duplicates in one line": (f"host,host {ONE}\n", "host"),
    "hashed": (f"{hashed('host')} {ONE}\n", "host"),
    "hashed, another name": (f"{hashed('host')} {ONE}\n", "other"),
    "hashed and plain": (f"{hashed('host')} {ONE}\nhost {TWO}\nother {ONE}\n", "host"),
    "hashed with a port": (f"{hashed('[host]:2222')} {ONE}\n", "[host]:2222"),
    "star": (f"*.example {ONE}\n", "host.example"),
    "star elsewhere": (f"*.example {ONE}\n", "example"),
    "star alone": (f"* {ONE}\nhost {TWO}\n", "anything"),
    "question mark": (f"hos? {ONE}\n", "host"),
    "question mark too many": (f"host? {ONE}\n", "host"),
    "negation": (f"*.example,!bad.example {ONE}\n", "bad.example"),
    "negation of others": (f"*.example,!bad.example {ONE}\n", "good.example"),
    "negation first": (f"!bad.example,*.example {ONE}\n", "bad.example"),
    "negation alone": (f"!bad {ONE}\n", "good"),
    "port": (f"[host]:2222 {ONE}\nhost {TWO}\n", "[host]:2222"),
    "no port for a port": (f"[host]:2222 {ONE}\n", "host"),
    "a port for no port": (f"host {ONE}\n", "[host]:2222"),
    "port with wildcard": (f"[*.example]:* {ONE}\n", "[a.example]:22000"),
    "IPv6": (f"2001:db8::1 {ONE}\n", "2001:db8::1"),
    "IPv6 with a port": (f"[2001:db8::1]:2222 {ONE}\n", "[2001:db8::1]:2222"),
    "IPv6 with a zone": (f"fe80::1%eth0 {ONE}\n", "fe80::1%eth0"),
    "upper case in the file": (f"HOST.Example {ONE}\n", "host.example"),
    "upper case asked for": (f"host.example {ONE}\n", "HOST.example"),
    "upper case in a pattern": (f"*.EXAMPLE {ONE}\n", "host.example"),
    "authority": (f"@cert-authority *.example {ONE} CA\nhost.example {TWO}\n", "host.example"),
    "revoked": (f"@revoked * {ONE}\nhost {TWO}\n", "host"),
    "only markers": (f"@revoked host {ONE}\n@cert-authority host {TWO}\n", "host"),
    "blank lines and comments": (f"# host\n\n   \n\t# x\nhost {ONE}\n\n# end\n", "host"),
    "comment like a host": (f"#host {ONE}\nother {TWO}\n", "host"),
    "no newline at the end": (f"other {TWO}\nhost {ONE}", "host"),
    "no newline behind another": (f"host {ONE}\nother {TWO}", "host"),
    "CRLF": (f"other {TWO}\r\nhost {ONE}\r\n", "host"),
    "CRLF with comments": (f"other {TWO} me\r\nhost {ONE} you\r\n", "host"),
    "blanks": (f"  host \t  {ONE.replace(' ', '   ')}   comment  \n", "host"),
    "tabs": (f"host\t{ONE.replace(' ', chr(9))}\tcomment\n", "host"),
    "sk keys": ("host sk-ssh-ed25519@openssh.com " + blob("sk-ssh-ed25519@openssh.com", b"x" * 32) + f"\nhost {ONE}\n", "host"),
    "damaged base64": (f"host ssh-ed25519 !!!\nhost {ONE}\n", "host"),
    "not UTF-8": (b"h\xf6st " + ONE.encode() + b" k\xf6mmentar\nhost " + TWO.encode() + b" \xff\xfe\n", "host"),
    "UTF-8": (f"höst {ONE} kömmentar\n", "höst"),
    "broken line": (f"host {ONE}\nbroken\n", "host"),
    "broken line first": (f"broken\nhost {ONE}\n", "host"),
    "no key": (f"host ssh-ed25519\nhost {ONE}\n", "host"),
    "comment instead of a key": (f"host ssh-ed25519 # none\nhost {ONE}\n", "host"),
    "unknown type": (f"host ssh-new AAAA\nhost {ONE}\n", "host"),
    "unknown type elsewhere": (f"other ssh-new AAAA\nhost {ONE}\n", "host"),
    "unknown marker": (f"@unheard-of host {ONE}\nhost {TWO}\n", "host"),
    "two markers": (f"@revoked @cert-authority host {ONE}\nhost {TWO}\n", "host"),
    "SSH-1 key": ("host 1024 35 123456789\n" + f"host {ONE}\n", "host"),
    "damaged hash": (f"|1|AAAA|AAAA {ONE}\nhost {TWO}\n", "host"),
    "hash of the future": (f"|2|a|b {ONE}\nhost {TWO}\n", "host"),
    "empty file": ("", "host"),
    "only comments": ("# nothing\n", "host"),
    "empty names": (f",host, {ONE}\n", "host"),
}  # fmt: skip

# Where ssh-keygen differs from itself or from ssh, we do not follow it:
NOT_COMPARED = {
    # ssh-keygen -H stops at an empty name and drops the line.
    "-H": {"empty names"},
    # ssh-keygen takes damage of a hash for damage of the line only while it looks for a host.
    "-R": set(),
    "-F": set(),
}


def run(tool, *arguments):
    done = subprocess.run([str(part) for part in (tool, *arguments)], capture_output=True, timeout=60)
    return done.returncode, done.stdout


@pytest.fixture
def files(tmp_path):
    """Writes a case's file twice: for ssh-keygen, and for us."""

    def write(content):
        content = content if isinstance(content, bytes) else content.encode()
        both = tmp_path / "theirs", tmp_path / "ours"
        for path in both:
            path.write_bytes(content)
        return both

    return write


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("extra", [[], ["-l"]], ids=["lines", "fingerprints"])
def test_find(files, name, extra):
    content, host = CASES[name]
    theirs, ours = files(content)
    expected = run("ssh-keygen", "-F", host, *extra, "-f", theirs)
    found = run(PROGRAM, "-F", host, *extra, "-f", ours)
    # The CR is part of the line's end for us; bytes that are no text are shown differently in comments.
    clean = [b"# Host" in line and line or line.rstrip(b"\r ") for line in expected[1].split(b"\n")]
    mine = [b"# Host" in line and line or line.rstrip(b" ") for line in found[1].split(b"\n")]
    if extra:
        clean = [line.split(b"SHA256:")[0] + line.partition(b"SHA256:")[2][:43] for line in clean]
        mine = [line.split(b"SHA256:")[0] + line.partition(b"SHA256:")[2][:43] for line in mine]
    assert (found[0], mine) == (expected[0], clean)


@pytest.mark.parametrize("name", CASES)
def test_remove(files, name):
    content, host = CASES[name]
    theirs, ours = files(content)
    expected = run("ssh-keygen", "-R", host, "-f", theirs)
    done = run(PROGRAM, "-R", host, "-f", ours)
    assert (done[0] != 0) == (expected[0] != 0)
    assert ours.read_bytes() == theirs.read_bytes()
    old = [path.with_name(path.name + ".old") for path in (theirs, ours)]
    assert [path.exists() for path in old] == [old[0].exists()] * 2
    if old[1].exists():
        assert old[1].read_bytes() == (content if isinstance(content, bytes) else content.encode())


def entries(path):
    """A hashed file, without what chance has decided."""
    lines = path.read_bytes().split(b"\n")
    return [line if not line.startswith(b"|1|") else b"hashed " + line.partition(b" ")[2] for line in lines]


@pytest.mark.parametrize("name", [name for name in CASES if name not in NOT_COMPARED["-H"]])
def test_hash(files, name):
    content, host = CASES[name]
    theirs, ours = files(content)
    expected = run("ssh-keygen", "-H", "-f", theirs)
    done = run(PROGRAM, "-H", "-f", ours)
    assert (done[0] != 0) == (expected[0] != 0)
    assert entries(ours) == entries(theirs)
    # Each finds in the other's file what it finds in its own.
    for tool in ("ssh-keygen", PROGRAM):
        host = host.lower()
        found = [run(tool, "-F", host, "-f", path) for path in (theirs, ours)]
        status, lines = zip(*found)
        assert status[0] == status[1]
        heads = [[line for line in text.split(b"\n") if line.startswith(b"# Host")] for text in lines]
        assert heads[0] == heads[1]


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_records_for_the_dns(tmp_path, kind):
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", tmp_path / "key"], check=True, timeout=60)
    public = tmp_path / "key.pub"
    assert run(PROGRAM, "-r", "host.example", "-f", public) == run("ssh-keygen", "-r", "host.example", "-f", public)
