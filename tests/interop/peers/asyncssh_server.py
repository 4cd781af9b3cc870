"""AsyncSSH's server, run as `python -m peers.asyncssh_server FOLDER` by start_asyncssh.

It serves one account by key and by password, answers commands itself (`echo TEXT`, `exit N`, `cat`) and logs, for each
login, one line `negotiated: NAME=VALUE ...` with what its own end of the connection negotiated.
"""

import os
import secrets
import sys
from pathlib import Path

from . import ROOT, Unavailable
from .keys import make_keys
from .sandbox import USER, Running
from .server import HOST, Server, new_base


def start_asyncssh(client_keys=None, **algorithms: str) -> Server:
    """Starts it; `algorithms` are listen()'s lists (kex_algs="...", encryption_algs="..."), comma-separated."""
    base = new_base("asyncssh")
    host_keys = make_keys(base / "host")
    client_keys = client_keys or make_keys(base / "client")
    password = secrets.token_urlsafe(12)
    (base / "password").write_text(password)
    (base / "algorithms").write_text("".join(f"{k}={v}\n" for k, v in algorithms.items()))
    authorized = "".join(f"{p.read_text().strip()}\n" for p in sorted(client_keys.folder.glob("*.pub")))
    (base / "authorized_keys").write_text(authorized)
    env = os.environ | {"PYTHONPATH": str(ROOT / "tests" / "interop"), "PYTHONUNBUFFERED": "1"}
    running = Running([sys.executable, "-m", "peers.asyncssh_server", base], env, base / "log")
    running.wait_for("listening on ")
    port = int((base / "log").read_text().split("listening on ")[1].split()[0])
    names = tuple(p.stem for p in sorted((base / "host").glob("*.pub")))
    return Server("asyncssh", port, USER, password, client_keys, host_keys, base, running, host_key_names=names)


async def _serve(base: Path) -> None:
    import asyncio

    import asyncssh

    password = (base / "password").read_text()

    class Account(asyncssh.SSHServer):
        def connection_made(self, conn):
            self.conn = conn

        def auth_completed(self):
            info = self.conn.get_extra_info
            facts = {
                "cipher": info("recv_cipher"),
                "mac": info("recv_mac"),
                "compression": info("recv_compression"),
                # AsyncSSH has no public name for this one.
                "strict": getattr(self.conn, "_strict_kex", "unknown"),
            }
            print("negotiated:", *(f"{k}={v}" for k, v in facts.items()))

        def begin_auth(self, username):
            return True

        def password_auth_supported(self):
            return True

        def validate_password(self, username, given):
            return username == USER and given == password

    async def command(process):
        words = (process.command or "").split(maxsplit=1)
        if words[:1] == ["cat"]:
            while data := await process.stdin.read(65536):
                process.stdout.write(data)
                await process.stdout.drain()
            process.exit(0)
        elif words[:1] == ["exit"]:
            process.exit(int(words[1]))
        else:
            process.stdout.write((words[1] if len(words) > 1 else "") + "\n")
            process.exit(0)

    options = dict(line.split("=", 1) for line in (base / "algorithms").read_text().splitlines())
    asyncssh.set_log_level("DEBUG")
    asyncssh.set_debug_level(2)
    acceptor = await asyncssh.listen(
        HOST,
        0,
        server_factory=Account,
        server_host_keys=[str(p) for p in sorted((base / "host").iterdir()) if p.suffix != ".pub"],
        authorized_client_keys=str(base / "authorized_keys"),
        process_factory=command,
        **{name: value.split(",") for name, value in options.items()},
    )
    print(f"listening on {acceptor.get_port()}")
    # Ends with our standard input, as every server here does.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    acceptor.close()


def main() -> None:
    import asyncio
    import logging

    logging.basicConfig(level=logging.DEBUG, stream=sys.stdout, format="%(message)s")
    asyncio.run(_serve(Path(sys.argv[1])))


if __name__ == "__main__":
    main()

__all__ = ["Unavailable", "start_asyncssh"]
