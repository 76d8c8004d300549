"""Keeps the gates at hand: the rows of the ledger, read twice a second, asked before every claim and piece of work.

When the ledger cannot be read the last view goes on counting. It sets no gate. Plugged into the fetcher's socket by
``wiring``.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence

import structlog

from penstock.core import gate
from penstock.core.errors import PenstockError
from penstock.core.lanes import Lane
from penstock.core.operation import REGISTRY
from penstock.core.work import Claim
from penstock.ledger.book import Ledger

_log = structlog.get_logger()

_EVERY_S = 0.5  # a gate works everywhere within a second
_AGAIN_S = 1.0  # how soon an item that met a shut gate asks again


class GateKeeper:
    """The gates of this moment. ``start`` it before use, ``stop`` it after.

    ``hosts`` says where each operation's requests may go; a shut gate on any of these hosts holds the operation, for
    which of them it will be is not known before. ``changed`` is called when the gates are not what they were.
    """

    def __init__(self, ledger: Ledger, *, hosts: Mapping[str, Sequence[str]] | None = None) -> None:
        self._ledger = ledger
        self._hosts = hosts or {}
        self._gates: list[gate.Gate] = []
        self._open: dict[Lane, bool] = {}  # what these gates mean for the lanes that were asked about
        self._task: asyncio.Task[None] | None = None
        self.changed: Callable[[], None] = lambda: None

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
        gates = await self._ledger.gates.active(now=await self._ledger.now())
        if gates != self._gates:
            self._gates, self._open = gates, {}
            self.changed()

    def open_lanes(self, lanes: Sequence[Lane], now: float) -> Sequence[Lane]:
        """The lanes that no shut gate is in front of: a file needs every operation, so any of them holds a lane."""
        if not self._gates:
            return lanes
        found = []
        for lane in lanes:
            is_open = self._open.get(lane)
            if is_open is None:
                _, _, kind, workspace, app, credential, number = lane
                facts = {"workspace": workspace, "app": app, "credential": credential, "number": number, "kind": kind}
                is_open = self._open[lane] = not any(self._shut(facts, name, now) for name in REGISTRY)
            if is_open:
                found.append(lane)
        return found

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
        }
        return now + _AGAIN_S if self._shut(facts, operation, now) else None

    def _shut(self, facts: Mapping[str, str], operation: str, now: float) -> bool:
        for whole in self._ways(facts, operation):
            found = gate.opening(self._gates, whole, now)
            if found is not None and found.opening == 0:
                return True
        return False

    def _ways(self, facts: Mapping[str, str], operation: str) -> Iterator[Mapping[str, str]]:
        """What is known of a request before it is made, once for each host that it may go to."""
        known = {**facts, "operation": operation}
        hosts = self._hosts.get(operation)
        if not hosts:
            yield known
            return
        for host in hosts:
            yield {**known, "host": host}

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_S)
            try:
                await self.refresh()
            except PenstockError as error:
                _log.warning("gates.stale", reason=str(error))
