"""Looks at what stands behind shut gates, and says in time when it is near its end.

By one process at a time, twice a minute, and only while a gate is shut: counting a million waiting files is cheap, but
not free. When to say it is ``core.nearing``'s decision. A leader that was just elected says again what the one before
it has said. It opens no gate. Started by ``wiring``.
"""

import asyncio
import contextlib
from collections.abc import Mapping

import structlog

from penstock.core import expiry, nearing, outage
from penstock.core.errors import PenstockError
from penstock.core.gate import holds
from penstock.flow.leading import Lead
from penstock.ledger.book import Ledger

_log = structlog.get_logger()

ROLE = "watcher"
_EVERY_S = 30.0


class Deadlines:
    """Watches deadlines while it leads. ``start`` it before use, ``stop`` it after."""

    def __init__(self, ledger: Ledger, *, owner: str, every_s: float = _EVERY_S) -> None:
        self._ledger = ledger
        self._lead = Lead(ledger, ROLE, owner=owner)
        self._every_s = every_s
        self._told: Mapping[tuple[int, float, bool], int] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._keep(), name="deadlines")

    async def stop(self) -> None:
        """Look no more, and let somebody else lead."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            await self._lead.leave()

    async def look(self) -> None:
        """Look once, and say what is near."""
        now = await self._ledger.now()
        gates = {gate.id: gate for gate in await self._ledger.gates.active(now=now) if holds(gate)}
        behind = await self._ledger.counts.behind_gates() if gates else {}
        known = {id_: found for id_, found in behind.items() if id_ in gates}  # one may be set between the questions
        self._told, near = nearing.look(self._told, known)
        for each in near:
            gate = gates[each.gate_id]
            _log.warning(
                "gate.deadlines_near",
                gate=gate.id,
                scope=gate.scope,
                owner=gate.owner,
                why=gate.why,
                within_s=each.within_s,
                files=each.share.files,
                workspaces=each.share.workspaces,
                no_storage=each.no_storage,
                sentence=expiry.nearing(
                    gate.scope, each.share, within_s=each.within_s, first_at=each.first_at, now=now
                ),
            )

    async def _keep(self) -> None:
        while True:
            try:
                if await self._lead.ours():
                    await self.look()
            except PenstockError as error:
                _log.log(outage.level(error), "gate.deadlines_unknown", reason=str(error))
            except Exception:  # noqa: BLE001 -- a mistake of ours: nothing but this report depends on it
                _log.exception("gate.deadlines_failed")
            await asyncio.sleep(self._every_s)
