"""What a running process does besides: it says that it is alive. Started by ``wiring``."""

import asyncio
import contextlib
import os
import secrets
import socket

import structlog

from penstock.core.errors import PenstockError
from penstock.ledger.book import Ledger

_log = structlog.get_logger()

BEAT_S = 10.0
SHARING_BEAT_S = 2.0  # of fetchers that share openings: three missed beats, and the others take over


class Housekeeping:
    """Beats while the process lives, and takes its leave when it ends in good order."""

    def __init__(self, ledger: Ledger, *, role: str, every_s: float = BEAT_S) -> None:
        self._ledger = ledger
        self._role = role
        self._every_s = every_s
        self.id = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to beat."""
        await self._beat()
        self._task = asyncio.create_task(self._keep(), name="beat")

    async def stop(self) -> None:
        """Leave."""
        if self._task is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        with contextlib.suppress(PenstockError):
            await self._ledger.processes.leave(self.id)

    async def _beat(self) -> None:
        await self._ledger.processes.beat(self.id, role=self._role, now=await self._ledger.now())

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            try:
                await self._beat()
            except PenstockError as error:
                _log.warning("beat.missed", reason=str(error))
