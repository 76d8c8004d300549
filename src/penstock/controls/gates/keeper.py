"""Keeps the gates at hand: the rows of the ledger, read once a second, asked before every piece of work.

When the ledger cannot be read the last view goes on counting. It sets no gate. Plugged into the fetcher's socket by
``wiring``.
"""

import asyncio
import contextlib
from collections.abc import Sequence

import structlog

from penstock.core import gate
from penstock.core.errors import PenstockError
from penstock.core.work import Claim
from penstock.ledger.book import Ledger

_log = structlog.get_logger()

_EVERY_S = 0.5  # a gate works everywhere within a second
_AGAIN_S = 1.0  # how soon an item that met a shut gate asks again


class GateKeeper:
    """The gates of this moment. ``start`` it before use, ``stop`` it after."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._gates: Sequence[gate.Gate] = ()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read the gates, and go on reading them."""
        await self.refresh()
        self._task = asyncio.create_task(self._keep(), name="gates")

    async def stop(self) -> None:
        """Stop reading."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def refresh(self) -> None:
        """Read the gates now."""
        self._gates = await self._ledger.gates.active(now=await self._ledger.now())

    def admit(self, claim: Claim, operation: str, now: float) -> float | None:
        """None = go on; otherwise when to ask again, epoch seconds."""
        if not self._gates:
            return None
        facts = {
            "workspace": claim.workspace,
            "app": claim.app,
            "credential": claim.credential,
            "number": claim.phone_number_id,
            "kind": claim.kind,
            "operation": operation,
        }
        found = gate.opening(self._gates, facts, now)
        return now + _AGAIN_S if found is not None and found.opening == 0 else None

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_S)
            try:
                await self.refresh()
            except PenstockError as error:
                _log.warning("gates.stale", reason=str(error))
