"""Certificates: made with ssh-keygen, or written byte by byte where ssh-keygen would refuse (PROTOCOL.certkeys)."""

import base64
import shutil
import struct
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from . import find_program

USER, HOST = 1, 2
FOREVER = 2**64 - 1


def string(data: bytes | str) -> bytes:
    data = data.encode() if isinstance(data, str) else data
    return struct.pack(">I", len(data)) + data


def strings(*items: bytes | str) -> bytes:
    return b"".join(string(item) for item in items)


def mpint(number: int) -> bytes:
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big"))


def split(data: bytes) -> tuple[bytes, bytes]:
    """The string in front, and the rest."""
    (size,) = struct.unpack_from(">I", data)
    return data[4 : 4 + size], data[4 + size :]


def public_blob(path: Path) -> bytes:
    return base64.b64decode(path.read_text().split()[1])


HASHES = {"ssh-rsa": hashes.SHA1, "rsa-sha2-256": hashes.SHA256, "rsa-sha2-512": hashes.SHA512}


@dataclass
class Key:
    """A private key in an OpenSSH file, with its public half in FILE.pub; one that signs here."""

    path: Path

    def __post_init__(self):
        self.blob = public_blob(self.path.with_name(self.path.name + ".pub"))
        self.type = split(self.blob)[0].decode()
        self.secret = serialization.load_ssh_private_key(self.path.read_bytes(), None)

    @property
    def algorithm(self) -> str:
        """What it signs with by default."""
        return "rsa-sha2-512" if self.type == "ssh-rsa" else self.type

    def sign(self, data: bytes, algorithm: str | None = None) -> bytes:
        """A signature's blob."""
        algorithm = algorithm or self.algorithm
        match self.secret:
            case ed25519.Ed25519PrivateKey():
                raw = self.secret.sign(data)
            case rsa.RSAPrivateKey():
                raw = self.secret.sign(data, padding.PKCS1v15(), HASHES[algorithm]())
            case ec.EllipticCurvePrivateKey():
                size = {256: hashes.SHA256, 384: hashes.SHA384, 521: hashes.SHA512}[self.secret.curve.key_size]
                r, s = decode_dss_signature(self.secret.sign(data, ec.ECDSA(size())))
                raw = mpint(r) + mpint(s)
        return strings(algorithm, raw)


class SkKey:
    """An authenticator (PROTOCOL.u2f), as far as a server sees one."""

    APPLICATION = "ssh:"

    def __init__(self, path: Path, kind: str):
        self.path, self.type, self.algorithm = path, kind, kind
        if kind.startswith("sk-ssh-ed25519"):
            self.secret = ed25519.Ed25519PrivateKey.generate()
            raw = self.secret.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
            fields = string(raw)
        else:
            self.secret = ec.generate_private_key(ec.SECP256R1())
            form = (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
            fields = strings("nistp256", self.secret.public_key().public_bytes(*form))
        self.blob = string(kind) + fields + string(self.APPLICATION)
        path.with_name(path.name + ".pub").write_text(f"{kind} {base64.b64encode(self.blob).decode()}\n")

    def sign(self, data: bytes, flags: int = 1) -> bytes:
        def digest(what: bytes) -> bytes:
            done = hashes.Hash(hashes.SHA256())
            done.update(what)
            return done.finalize()

        tail = struct.pack(">BI", flags, 7)
        signed = digest(self.APPLICATION.encode()) + tail + digest(data)
        if isinstance(self.secret, ed25519.Ed25519PrivateKey):
            raw = self.secret.sign(signed)
        else:
            r, s = decode_dss_signature(self.secret.sign(signed, ec.ECDSA(hashes.SHA256())))
            raw = mpint(r) + mpint(s)
        return strings(self.type, raw) + tail


def cert_type(key_type: str) -> str:
    return key_type.removesuffix("@openssh.com") + "-cert-v01@openssh.com"


def issue(folder: Path, ca: Path, key: Path, *, principals="tester", validity="always:forever", options=(), serial=0,
          key_id="test", host=False, algorithm=None) -> bytes:
    """A certificate's blob, made by ssh-keygen."""
    folder.mkdir(parents=True, exist_ok=True)
    public = folder / "key.pub"
    shutil.copyfile(key.with_name(key.name + ".pub"), public)
    command = [find_program("ssh-keygen"), "-q", "-s", ca, "-I", key_id, "-z", str(serial), "-V", validity]
    command += ["-h"] if host else []
    command += ["-n", principals] if principals else []
    command += ["-t", algorithm] if algorithm else []
    for option in options:
        command += ["-O", option]
    subprocess.run([*command, public], check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return public_blob(folder / "key-cert.pub")


def options_blob(options) -> bytes:
    """(name, value): None is no value, bytes go in as they are."""
    out = b""
    for name, value in options:
        out += string(name) + string(b"" if value is None else value if isinstance(value, bytes) else string(value))
    return out


PERMITS = tuple((f"permit-{what}", None) for what in ("X11-forwarding", "agent-forwarding", "port-forwarding", "pty", "user-rc"))


@dataclass
class Written:
    """A certificate's fields; `sign` makes its blob."""

    ca: Key
    key: object
    kind: int = USER
    serial: int = 0
    key_id: str = "test"
    principals: bytes | tuple = ("tester",)
    after: int = 0
    before: int = FOREVER
    critical: bytes | tuple = ()
    extensions: bytes | tuple = PERMITS
    nonce: bytes = b"n" * 32
    reserved: bytes = b""
    authority: bytes | None = None
    type: str | None = None
    algorithm: str | None = None
    extra: bytes = field(default=b"")

    def sign(self) -> bytes:
        def listed(value, encode):
            return value if isinstance(value, bytes) else encode(value)

        fields = split(self.key.blob)[1]
        body = strings(self.type or cert_type(self.key.type), self.nonce) + fields
        body += struct.pack(">QI", self.serial, self.kind) + string(self.key_id)
        body += string(listed(self.principals, lambda names: strings(*names)))
        body += struct.pack(">QQ", self.after, self.before)
        body += string(listed(self.critical, options_blob)) + string(listed(self.extensions, options_blob))
        body += string(self.reserved) + string(self.ca.blob if self.authority is None else self.authority)
        return body + string(self.ca.sign(body, self.algorithm)) + self.extra


def line(blob: bytes) -> str:
    """The text of a FILE-cert.pub."""
    return f"{split(blob)[0].decode()} {base64.b64encode(blob).decode()} test\n"
