"""What a running process does besides: it says that it is alive, and notes the head of the audit log.

The head goes into the process's own log, where whoever rewrites the database does not reach it: at the start, when it
has changed, and every hour. Started by ``wiring``.
"""

import asyncio
import contextlib
import os
import secrets
import socket

import structlog

from penstock.core import outage
from penstock.core.chain import Head
from penstock.core.errors import PenstockError
from penstock.ledger.book import Ledger

_log = structlog.get_logger()

BEAT_S = 5.0  # three of them missed, and what a process had in its hands goes to others (core.absence)
SHARING_BEAT_S = 2.0  # of fetchers that share openings: three missed beats, and the others take over
_NOTE_S = 3_600.0


class Housekeeping:
    """Beats and notes while the process lives, and takes its leave when it ends in good order."""

    def __init__(self, ledger: Ledger, *, role: str, every_s: float = BEAT_S) -> None:
        self._ledger = ledger
        self._role = role
        self._every_s = every_s
        self.id = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        self._noted: Head | None = None
        self._note_at = 0.0
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
        now = await self._ledger.now()
        await self._ledger.processes.beat(self.id, role=self._role, now=now)
        try:
            head = await self._ledger.audit_log.head()
        except PenstockError as error:  # a log that somebody broke keeps nobody from receiving and fetching
            _log.error("audit_log.head_unknown", reason=str(error))
            return
        if head != self._noted or now >= self._note_at:
            self._noted, self._note_at = head, now + _NOTE_S
            _log.info("audit_log.head", entries=head.entries, head=head.digest.hex())

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            try:
                await self._beat()
            except PenstockError as error:
                _log.log(outage.level(error), "beat.missed", reason=str(error))
