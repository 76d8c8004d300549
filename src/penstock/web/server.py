"""The HTTP server of a process: uvicorn, told when to stop by us instead of by signals.

Before it waits for open answers it ends the streams among them, which no server does by itself. It knows no route.
Started by ``cli.serve``, the demo and the benchmarks.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

from penstock.core.errors import Unreachable

GRACE_S = 3  # seconds that answers under way may take when the process is asked to stop
# Longer than a proxy in front keeps its connections (60 s in nginx): whoever closes first may cut off a webhook.
KEEP_ALIVE_S = 75
_BACKLOG = 1024


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises Unreachable when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)[0]
        server = socket.socket(found[0], found[1])
        try:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind(found[4])
            server.listen(_BACKLOG)
        except OSError:
            server.close()
            raise
    except OSError as error:
        raise Unreachable(
            f"cannot listen on {host}:{port}: {error.strerror or error}; set PENSTOCK_BIND to another address"
        ) from error
    server.setblocking(False)
    return server


class Server:
    """Serves an ASGI app on a socket from ``start`` to ``stop``."""

    def __init__(self, app: Any, *, ending: Callable[[], None] = lambda: None) -> None:
        config = uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
            timeout_keep_alive=KEEP_ALIVE_S,
        )
        self._server = _Quiet(config, ending)
        self._task: asyncio.Task[None] | None = None

    async def start(self, listening: socket.socket) -> None:
        """Return once connections are taken."""
        self._task = asyncio.create_task(self._server.serve(sockets=[listening]), name="http")
        while not self._server.started:
            if self._task.done():
                await self._task
                raise Unreachable("the HTTP server did not start")
            await asyncio.sleep(0.01)

    async def ended(self) -> None:
        """Wait until it has ended, by ``stop`` or by itself."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def stop(self) -> None:
        """Take no more connections, let answers under way end, close."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task


class _Quiet(uvicorn.Server):
    """uvicorn that leaves signals alone and ends streams before it waits for them."""

    def __init__(self, config: uvicorn.Config, ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._ending = ending

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._ending()
        await super().shutdown(sockets)
