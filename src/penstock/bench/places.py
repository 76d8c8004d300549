"""Where the ledger of a window is kept: a file in the window's own folder, or a database of its own on a server.

The server belongs to the run and is gone with it. Both are empty at the start of every window. Used by the parts that
measure either store.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from penstock.bench import machine, meters
from penstock.bench.installation import round_folder
from penstock.bench.postgres import PostgresServer, new_name
from penstock.bench.ratios import Facts

STORES = ("sqlite", "postgres")
_OTHERS_MAY_PASS = 0o711  # PostgreSQL runs as another user where everything else runs as root


class Place:
    """The folder of one window, and the address of its database; None where the database is a file in the folder."""

    def __init__(self, folder: Path, database_url: str | None = None) -> None:
        self.folder = folder
        self.database_url = database_url

    def told(self) -> Facts:
        """What a process of the window must be told."""
        return {"folder": str(self.folder), "database_url": self.database_url}


class Places:
    """Makes places on one store."""

    def __init__(self, folder: Path, server: PostgresServer | None = None) -> None:
        self._folder = folder
        self._server = server

    @contextlib.contextmanager
    def new(self, name: str) -> Iterator[Place]:
        """An empty place; nothing of it is left afterwards."""
        with round_folder(self._folder, name) as folder:
            if self._server is None:
                yield Place(folder)
                return
            database = new_name()
            self._server.create(database)
            try:
                yield Place(folder, self._server.url(database))
            finally:
                self._server.drop(database)

    def server_cpu_s(self) -> float:
        """CPU seconds that the server with all its processes has used so far; 0 where there is none."""
        return 0.0 if self._server is None else meters.family_cpu_s(self._server.pid)

    def facts(self) -> Facts:
        """What there is to know of the server; nothing where there is none."""
        if self._server is None:
            return {}
        return {
            "server": {"version": self._server.version(), "filesystem": machine.filesystem(self._server.log.parent)}
        }


@contextlib.contextmanager
def opened(store: str, folder: Path) -> Iterator[Places]:
    """Places on a store, in a folder of the run's own. Raises Unreachable when there is no PostgreSQL here."""
    if store == "sqlite":
        yield Places(folder)
        return
    server = PostgresServer(_for_server(folder), shared_buffers="256MB", max_wal_size="4GB")
    try:
        server.start()
        yield Places(folder, server)
    finally:
        server.remove()


def _for_server(folder: Path) -> Path | None:
    """The folder, if the user that the server runs as can get there; None = wherever temporary files are."""
    if os.geteuid() != 0:
        return folder
    folder.chmod(_OTHERS_MAY_PASS)
    whole = folder.resolve()
    return folder if all(each.stat().st_mode & 0o001 for each in (whole, *whole.parents)) else None
