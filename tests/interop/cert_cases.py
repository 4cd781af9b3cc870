"""User certificates, one a row: how it is made, how it is shown, and what sshd grants for it.

`SETUPS` are the servers the rows are for; test_certificates.py runs each row against sshd and against ours.
"""

import base64
import hashlib
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from peers import find_program
from peers.cert_client import REFUSED, Outcome, Shown
from peers.certs import HOST, Key, SkKey, Written, cert_type, issue, strings
from peers.keys import make_keys

IN = Outcome(True, "asked", True, True)
KEY_TYPES = ("ed25519", "ecdsa256", "ecdsa384", "ecdsa521", "rsa")
# Authorities: those that sshd trusts, those that only lines of authorized_keys name, and one nobody trusts.
TRUSTED = ("ca", "ca-ecdsa256", "ca-ecdsa384", "ca-ecdsa521", "ca-rsa", "ca-revoked")
LISTED = {
    "line-plain": "cert-authority",
    "line-principals": 'cert-authority,principals="admin,operator"',
    "line-command": 'cert-authority,command="echo line"',
    "line-elsewhere": 'cert-authority,from="10.0.0.0/8"',
    "line-here": 'cert-authority,from="127.0.0.1"',
    "line-restrict": "cert-authority,restrict",
    "line-expired": 'cert-authority,expiry-time="20200101"',
    "line-no-authority": "",
}


class World:
    """All keys, and the files that the servers read."""

    def __init__(self, folder: Path):
        self.folder = folder
        types = {"ca": "ed25519", "ca-revoked": "ed25519", "stranger": "ed25519", "revoked": "ed25519", "hashed": "ed25519"}
        types |= {f"ca-{t}": t for t in KEY_TYPES[1:]} | dict.fromkeys(LISTED, "ed25519") | {t: t for t in KEY_TYPES}
        for name, kind in types.items():
            # make_keys names keys by their type.
            made = make_keys(folder / "new", [kind])
            for end in ("", ".pub"):
                shutil.move(made.private(kind + end), folder / (name + end))
        self.keys = {name: Key(folder / name) for name in types}
        for kind in ("sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"):
            self.keys[kind] = SkKey(folder / kind.split("@")[0], kind)
        self._count = 0
        self._write_files()

    def public(self, name: str) -> str:
        return (self.folder / f"{name}.pub").read_text()

    def issue(self, ca="ca", key="ed25519", **arguments) -> bytes:
        self._count += 1
        return issue(self.folder / f"cert{self._count}", self.keys[ca].path, self.keys[key].path, **arguments)

    def write(self, ca="ca", key="ed25519", **fields) -> bytes:
        return Written(self.keys[ca], self.keys[key], **fields).sign()

    def _write_files(self) -> None:
        (self.folder / "trusted").write_text("# those we trust\n" + "".join(map(self.public, TRUSTED)))
        authorized = self.folder / "authorized"
        authorized.mkdir()
        lines = [f"{options} {self.public(name)}".lstrip() for name, options in LISTED.items()]
        (authorized / "all.pub").write_text("".join(lines))
        (self.folder / "principals").write_text('# who\nadmin\nfrom="10.0.0.0/8" far\ncommand="echo listed" forced\n')
        (self.folder / "revoked-keys").write_text("# gone\n" + self.public("revoked") + self.public("ca-revoked"))
        spec = self.folder / "spec"
        # A CA's serials and identities go into one list of their own, keys into the next.
        spec.write_text(f"serial: 666\nserial: 1000-2000\nserial: {2**63}\nid: bad\n")
        krl = self.folder / "krl"
        self._keygen("-k", "-f", krl, "-s", self.folder / "ca.pub", spec)
        (self.folder / "by-hash").write_text(f"hash: {fingerprint(self.keys['hashed'].blob)}\n")
        self._keygen("-k", "-u", "-f", krl, self.folder / "by-hash")
        for name in ("revoked", "ca-revoked"):
            self._keygen("-k", "-u", "-f", krl, self.folder / f"{name}.pub")

    def _keygen(self, *arguments) -> None:
        subprocess.run([find_program("ssh-keygen"), "-q", *map(str, arguments)], check=True, capture_output=True)


def fingerprint(blob: bytes) -> str:
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


# What each server is told, under sshd_config's names; {} stands for the folder.
SETUPS = {
    "ca": {"TrustedUserCAKeys": "{}/trusted", "RevokedKeys": "{}/krl"},
    "text": {"TrustedUserCAKeys": "{}/trusted", "RevokedKeys": "{}/revoked-keys"},
    "principals": {"TrustedUserCAKeys": "{}/trusted", "AuthorizedPrincipalsFile": "{}/principals"},
    "algorithms": {"TrustedUserCAKeys": "{}/trusted", "CASignatureAlgorithms": "ssh-ed25519,rsa-sha2-256"},
    "lines": {},
}


@dataclass
class Case:
    """One row. `make` gives the certificate; the rest says how it is shown."""

    name: str
    make: Callable[[World], bytes]
    expected: Outcome
    setup: str = "ca"
    key: str = "ed25519"
    signer: str | None = None
    algorithm: str | None = None
    signs_with: str | None = None
    flags: int = 1
    user: str | None = None
    # What ours grants, where it is not what sshd does on purpose.
    ours: Outcome | None = None

    def shown(self, world: World) -> Shown:
        key = world.keys[self.signer or self.key]
        algorithm = self.algorithm or cert_type(world.keys[self.key].algorithm)

        def sign(data: bytes) -> bytes:
            return key.sign(data, self.flags) if isinstance(key, SkKey) else key.sign(data, self.signs_with)

        return Shown(algorithm, self.make(world), sign)


def issued(**arguments):
    return lambda world: world.issue(**arguments)


def written(**fields):
    return lambda world: world.write(**fields)


def with_options(*options, **more):
    return issued(options=options, **more)


def critical(*options, **more):
    return written(critical=options, **more)


def changed(change, **arguments):
    return lambda world: change(world.issue(**arguments))


def flipped(at: int):
    def flip(blob: bytes) -> bytes:
        out = bytearray(blob)
        out[at] ^= 1
        return bytes(out)

    return flip


FORCED = Outcome(True, "forced", True, True)
BARE = Outcome(True, "asked", False, False)

VALIDITY = [
    Case("valid for ever", issued(), IN),
    Case("valid now", issued(validity="-1h:+1h"), IN),
    Case("expired", issued(validity="20200101:20210101"), REFUSED),
    Case("expired a second ago", issued(validity="-1h:-1s"), REFUSED),
    Case("not yet valid", issued(validity="20990101:21000101"), REFUSED),
    Case("valid within a minute", issued(validity="+1m:+1h"), REFUSED),
    Case("over before it begins", written(after=2000, before=1000), REFUSED),
    Case("until 1970", written(before=0), REFUSED),
]

PRINCIPALS = [
    Case("another principal", issued(principals="other"), REFUSED),
    Case("no principals", issued(principals=""), REFUSED),
    Case("several principals", issued(principals="root,tester,other"), IN),
    Case("several others", issued(principals="root,other"), REFUSED),
    Case("a principal in capitals", issued(principals="Tester"), REFUSED),
    Case("a principal with a wildcard", issued(principals="test*"), REFUSED),
    Case("any principal", issued(principals="*"), REFUSED),
    Case("an empty principal too", written(principals=("", "tester")), IN),
    Case("an empty principal alone", written(principals=("",)), REFUSED),
    Case("the principal twice", written(principals=("tester", "tester")), IN),
    Case("256 principals", written(principals=("x",) * 255 + ("tester",)), IN),
    Case("257 principals", written(principals=("x",) * 256 + ("tester",)), REFUSED),
    Case("principals cut short", written(principals=b"\0\0\0\x07test"), REFUSED),
    Case("a principal with a zero byte", written(principals=("tester\0x",)), REFUSED),
    Case("no such user", issued(principals="nobody-here"), REFUSED, user="nobody-here"),
]

ADDRESSES = [
    Case("from here", with_options("source-address=127.0.0.1"), IN),
    Case("from this network", with_options("source-address=127.0.0.0/8"), IN),
    Case("from elsewhere", with_options("source-address=10.1.2.3"), REFUSED),
    Case("from one of several", with_options("source-address=10.0.0.0/8,192.168.0.0/16,127.0.0.0/30"), IN),
    Case("from none of several", with_options("source-address=10.0.0.0/8,192.168.0.0/16"), REFUSED),
    Case("from IPv6 or here", with_options("source-address=::1,fe80::/10,127.0.0.1"), IN),
    Case("from IPv6 alone", with_options("source-address=::1/128"), REFUSED),
    Case("from anywhere", with_options("source-address=0.0.0.0/0"), IN),
    Case("from no address", critical(("source-address", "here")), REFUSED),
    Case("from nothing", critical(("source-address", "")), REFUSED),
    Case("from too long a mask", critical(("source-address", "127.0.0.1/33")), REFUSED),
    Case("from an address with a mask", critical(("source-address", "127.0.0.1/8")), REFUSED),
    Case("from what is not excluded", critical(("source-address", "!10.0.0.0/8,127.0.0.1")), REFUSED),
    Case("from a pattern", critical(("source-address", "127.0.0.*")), REFUSED),
    Case("from here or no address", critical(("source-address", "127.0.0.1,here")), REFUSED),
    Case("from a list with a gap", critical(("source-address", "127.0.0.1,,10.0.0.1")), REFUSED),
    Case("from here, twice", critical(("source-address", "127.0.0.1"), ("source-address", "127.0.0.1")), REFUSED),
    Case("an address that is no string", critical(("source-address", b"\0\0\0\x10127.0.0.1")), REFUSED),
]

OPTIONS = [
    Case("an unknown critical option", critical(("from-the-future", "x")), REFUSED),
    Case("an unknown critical option without a value", critical(("from-the-future", None)), REFUSED),
    Case("an unknown extension", with_options("extension:new@example.com=x"), IN),
    Case("a forced command", with_options("force-command=echo forced"), FORCED),
    Case("two forced commands", critical(("force-command", "echo forced"), ("force-command", "echo forced")), REFUSED),
    Case("a forced command that is no string", critical(("force-command", b"echo")), REFUSED),
    Case("a forced command with more behind it", critical(("force-command", strings("echo", "x"))), REFUSED),
    Case("a forced command as an extension", written(extensions=(("force-command", "echo forced"), ("permit-pty", None))),
         Outcome(True, "asked", True, False)),
    Case("a permission as a critical option", critical(("permit-pty", None)), REFUSED),
    Case("options out of order", critical(("source-address", "127.0.0.1"), ("force-command", "echo forced")), FORCED),
    Case("a presence that no plain key can show", critical(("verify-required", None)), IN),
    Case("options cut short", written(critical=b"\0\0\0\x20x"), REFUSED),
    Case("an option without data", written(critical=strings("verify-required")), REFUSED),
    Case("no permissions", with_options("clear"), BARE),
    Case("no terminal", with_options("no-pty"), Outcome(True, "asked", False, True)),
    Case("no forwarding", with_options("no-port-forwarding"), Outcome(True, "asked", True, False)),
    Case("a terminal alone", with_options("clear", "permit-pty"), Outcome(True, "asked", True, False)),
    Case("a permission with a value", written(extensions=(("permit-pty", "yes"),)), REFUSED),
    Case("a permission twice", written(extensions=(("permit-pty", None), ("permit-pty", None))),
         Outcome(True, "asked", True, False)),
    Case("extensions cut short", written(extensions=b"\0\0\0\x20x"), REFUSED),
    Case("something reserved", written(reserved=b"for later"), IN),
]

SHAPES = [
    Case("a host's certificate", issued(host=True), REFUSED),
    Case("a certificate of neither kind", written(kind=3), REFUSED),
    Case("a host's, for the user's name", written(kind=HOST), REFUSED),
    Case("a stranger's signature", issued(ca="stranger"), REFUSED),
    Case("a trusted key in a stranger's certificate", issued(ca="stranger", key="ca"), REFUSED, key="ca"),
    Case("a user as the authority", issued(ca="ed25519"), REFUSED),
    Case("signed by its own key", issued(ca="ca", key="ca"), IN, key="ca"),
    Case("a certificate as the authority", lambda w: w.write(authority=w.issue(key="ca-ecdsa256")), REFUSED),
    Case("another authority's name", lambda w: w.write(ca="stranger", authority=w.keys["ca"].blob), REFUSED),
    Case("a flipped bit in the authority's signature", changed(flipped(-1)), REFUSED),
    Case("a flipped bit in the nonce", changed(flipped(45)), REFUSED),
    Case("cut by a byte", changed(lambda blob: blob[:-1]), REFUSED),
    Case("cut by half", changed(lambda blob: blob[: len(blob) // 2]), REFUSED),
    Case("a byte too many", changed(lambda blob: blob + b"x"), REFUSED),
    Case("no nonce", written(nonce=b""), IN),
    Case("an identity with a zero byte", written(key_id="a\0b"), REFUSED),
    Case("no identity", written(key_id=""), IN),
    Case("the largest serial", written(serial=2**64 - 1), IN),
    Case("another key's signature", issued(), REFUSED, signer="stranger"),
    Case("a certificate as a plain key", issued(), REFUSED, algorithm="ssh-ed25519"),
    Case("a plain key as a certificate", lambda w: w.keys["ed25519"].blob, REFUSED),
    Case("the type of another key", written(type="ssh-rsa-cert-v01@openssh.com"), REFUSED),
    Case("an algorithm of another key", issued(), REFUSED, algorithm="ecdsa-sha2-nistp256-cert-v01@openssh.com"),
]

RSA = [
    Case("RSA with SHA-256", issued(key="rsa"), IN, key="rsa", algorithm="rsa-sha2-256-cert-v01@openssh.com", signs_with="rsa-sha2-256"),
    Case("RSA with SHA-1", issued(key="rsa"), REFUSED, key="rsa", algorithm="ssh-rsa-cert-v01@openssh.com", signs_with="ssh-rsa"),
    Case("RSA with SHA-256 under SHA-512's name", issued(key="rsa"), REFUSED, key="rsa", signs_with="rsa-sha2-256"),
    Case("RSA with SHA-1 under SHA-512's name", issued(key="rsa"), REFUSED, key="rsa", signs_with="ssh-rsa"),
    Case("RSA with SHA-512 under SHA-1's name", issued(key="rsa"), REFUSED, key="rsa", algorithm="ssh-rsa-cert-v01@openssh.com"),
    Case("an RSA certificate under a plain name", issued(key="rsa"), REFUSED, key="rsa", algorithm="rsa-sha2-512"),
    Case("an authority with SHA-1", issued(ca="ca-rsa", algorithm="ssh-rsa"), REFUSED),
    Case("an authority with SHA-256", issued(ca="ca-rsa", algorithm="rsa-sha2-256"), IN),
]

PAIRS = [
    Case(f"{key} by {ca}", issued(ca=ca, key=key), IN, key=key)
    for key in KEY_TYPES
    for ca in ("ca", "ca-ecdsa256", "ca-ecdsa384", "ca-ecdsa521", "ca-rsa")
]

SK_TYPES = ("sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com")
SK = [
    case
    for kind in SK_TYPES
    for case in (
        Case(f"{kind}", issued(key=kind), IN, key=kind),
        Case(f"{kind} without a touch", issued(key=kind), REFUSED, key=kind, flags=0),
        Case(f"{kind} that needs no touch", with_options("no-touch-required", key=kind), IN, key=kind, flags=0),
        Case(f"{kind} verified as it must be", with_options("verify-required", key=kind), IN, key=kind, flags=5),
        Case(f"{kind} not verified as it must be", with_options("verify-required", key=kind), REFUSED, key=kind),
        Case(f"{kind} verified without a touch", with_options("verify-required", key=kind), REFUSED, key=kind, flags=4),
    )
]

REVOKED = [
    Case("a revoked serial", issued(serial=666), REFUSED),
    Case("a serial in a revoked range", issued(serial=1500), REFUSED),
    Case("the first of a revoked range", issued(serial=1000), REFUSED),
    Case("the last of a revoked range", issued(serial=2000), REFUSED),
    Case("behind a revoked range", issued(serial=2001), IN),
    Case("a large revoked serial", issued(serial=2**63), REFUSED),
    Case("a revoked serial of another authority", issued(ca="ca-rsa", serial=666), IN),
    Case("a revoked identity", issued(key_id="bad"), REFUSED),
    Case("a revoked identity of another authority", issued(ca="ca-rsa", key_id="bad"), IN),
    Case("a revoked key", issued(key="revoked"), REFUSED, key="revoked"),
    Case("a key revoked by its hash", issued(key="hashed"), REFUSED, key="hashed"),
    Case("a revoked authority", issued(ca="ca-revoked"), REFUSED),
    Case("a key that a text file revokes", issued(key="revoked"), REFUSED, "text", key="revoked"),
    Case("an authority that a text file revokes", issued(ca="ca-revoked"), REFUSED, "text"),
    Case("what no text file revokes", issued(serial=666), IN, "text"),
]

LISTS = [
    Case("a listed principal", issued(principals="admin"), IN, "principals"),
    Case("the user's name, which is not listed", issued(), REFUSED, "principals"),
    Case("no principals where they are listed", issued(principals=""), REFUSED, "principals"),
    Case("a principal listed for elsewhere", issued(principals="far"), REFUSED, "principals"),
    Case("a principal listed with a command", issued(principals="forced"), Outcome(True, "listed", True, True), "principals"),
    Case("a listed authority's algorithm", issued(), IN, "algorithms"),
    Case("an authority's algorithm that is not listed", issued(ca="ca-ecdsa256"), REFUSED, "algorithms"),
    Case("RSA's listed algorithm", issued(ca="ca-rsa", algorithm="rsa-sha2-256"), IN, "algorithms"),
    Case("RSA's algorithm that is not listed", issued(ca="ca-rsa", algorithm="rsa-sha2-512"), REFUSED, "algorithms"),
]

LINES = [
    Case("a line's authority", issued(ca="line-plain"), IN, "lines"),
    Case("a line's authority, for another", issued(ca="line-plain", principals="other"), REFUSED, "lines"),
    # OpenSSH takes it for every name until version 10.
    Case("a line's authority, for nobody", issued(ca="line-plain", principals=""), IN, "lines", ours=REFUSED),
    Case("a principal of a line", issued(ca="line-principals", principals="operator"), IN, "lines"),
    Case("the user's name, which the line leaves out", issued(ca="line-principals"), REFUSED, "lines"),
    Case("no principals where the line has some", issued(ca="line-principals", principals=""), REFUSED, "lines"),
    Case("a line's command", issued(ca="line-command"), Outcome(True, "line", True, True), "lines"),
    Case("a line's command and the same of the certificate", with_options("force-command=echo line", ca="line-command"),
         Outcome(True, "line", True, True), "lines"),
    Case("a line's command and another", with_options("force-command=echo forced", ca="line-command"), REFUSED, "lines"),
    Case("a line for elsewhere", issued(ca="line-elsewhere"), REFUSED, "lines"),
    Case("a line for here", issued(ca="line-here"), IN, "lines"),
    Case("a line for here, a certificate for elsewhere", with_options("source-address=10.0.0.0/8", ca="line-here"), REFUSED, "lines"),
    Case("a line that restricts", issued(ca="line-restrict"), BARE, "lines"),
    Case("a line that is over", issued(ca="line-expired"), REFUSED, "lines"),
    Case("a line of a key that is no authority", issued(ca="line-no-authority"), REFUSED, "lines"),
    Case("an authority's own key", lambda w: w.keys["line-plain"].blob, REFUSED, "lines", key="line-plain", algorithm="ssh-ed25519"),
    Case("a listed key", lambda w: w.keys["line-no-authority"].blob, IN, "lines", key="line-no-authority", algorithm="ssh-ed25519"),
    Case("a trusted authority that no line has", issued(), REFUSED, "lines"),
]

CASES = VALIDITY + PRINCIPALS + ADDRESSES + OPTIONS + SHAPES + RSA + PAIRS + SK + REVOKED + LISTS + LINES
