#!/usr/bin/env python3
"""Checks the dependencies in Cargo.lock against deny.toml and docs/DEPENDENCIES.md.

Every crate must have a licence that deny.toml allows, come from crates.io, and not be banned; every crate that Cargo.toml
names must have a row in docs/DEPENDENCIES.md that says why it is here, with the version that Cargo.lock holds. This is
the part of cargo-deny's work that needs no network; advisories need cargo-deny or cargo-audit themselves.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

try:
    import tomllib
except ModuleNotFoundError:  # before Python 3.11; pytest brings it along
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"


def metadata() -> dict:
    """All crates, those for other systems included; without a network perhaps only this system's."""
    host = re.search(r"^host: (.*)$", subprocess.run(["rustc", "-vV"], capture_output=True, text=True).stdout, re.MULTILINE)
    tries = [["--offline"], [], ["--offline", "--filter-platform", host[1] if host else ""]]
    for arguments in tries:
        command = ["cargo", "metadata", "--format-version", "1", "--locked", *arguments]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode == 0:
            return json.loads(done.stdout)
    sys.exit(f"check-deps: cargo metadata failed:\n{done.stderr}")


def allowed(expression: str, licences: set[str]) -> bool:
    """Evaluates an SPDX expression: OR needs one side, AND both; `/` is an old way to write OR."""
    tokens = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))

    def either() -> bool:
        value = both()
        while tokens[:1] == ["OR"]:
            tokens.pop(0)
            value = both() or value
        return value

    def both() -> bool:
        value = one()
        while tokens[:1] == ["AND"]:
            tokens.pop(0)
            value = one() and value
        return value

    def one() -> bool:
        token = tokens.pop(0)
        if token == "(":
            value = either()
            tokens.pop(0)
            return value
        if tokens[:1] == ["WITH"]:
            token += f" WITH {tokens.pop(1)}"
            tokens.pop(0)
        return token in licences

    return either()


def main() -> int:
    policy = tomllib.loads((ROOT / "deny.toml").read_text())
    licences = set(policy["licenses"]["allow"])
    banned = {entry["crate"] for entry in policy["bans"]["deny"]}
    data = metadata()
    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text())
    direct = {name for part in ("dependencies", "dev-dependencies", "build-dependencies") for name in manifest.get(part, {})}
    table = dict(re.findall(r"^\| *([\w-]+) *\| *([\w.+-]+) *\|", (ROOT / "docs/DEPENDENCIES.md").read_text(), re.MULTILINE))

    wrong = []
    for package in data["packages"]:
        name, version, licence = package["name"], package["version"], package["license"] or "none given"
        if package["source"] is None:
            continue  # this repository's own
        if not allowed(licence, licences):
            wrong.append(f"{name} {version}: licence {licence} is not allowed by deny.toml")
        if package["source"] != CRATES_IO:
            wrong.append(f"{name} {version}: comes from {package['source']}, not from crates.io")
        if name in banned:
            wrong.append(f"{name} {version}: banned by deny.toml")
    versions = {}
    for package in data["packages"]:
        versions.setdefault(package["name"], set()).add(package["version"])
    for name in sorted(direct):
        if name not in table:
            wrong.append(f"{name}: Cargo.toml names it, docs/DEPENDENCIES.md does not say why")
        elif name in versions and table[name] not in versions[name]:
            wrong.append(f"{name}: docs/DEPENDENCIES.md says {table[name]}, Cargo.lock {', '.join(sorted(versions[name]))}")
    for line in wrong:
        print(f"check-deps: {line}", file=sys.stderr)
    print(f"check-deps: {len(data['packages'])} crates, {len(wrong)} complaints")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
