"""Carries runs of reprocessing on, by one process at a time: a step of each, a rest, and again while there are any.

It only puts files back to work; the fetcher fetches them as it fetches all others, and does not know. Everything that
is known of a run is in the ledger, so a runner that was killed leaves nothing to be mended. Decisions are
``core.reprocess``'s, steps ``ledger.reprocess``'s. Started by ``wiring`` in the role of the watcher.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable

import structlog

from penstock.core import ids, media, outage
from penstock.core.errors import PenstockError
from penstock.core.gate import Board, holds
from penstock.core.reprocess import State
from penstock.flow.leading import Lead
from penstock.ledger.book import Ledger
from penstock.ledger.held import holding
from penstock.ledger.runs import Report

_log = structlog.get_logger()

ROLE = "reprocess"
_IDLE_S = 1.0  # how soon a new run is seen
_BUSY_S = 0.2  # between two looks at what became of the files
_REST_S = 0.02  # between two steps of which each wrote much: others want to write, too
_AGAIN_S = 1.0


class Runner:
    """Carries runs on while it leads. ``wake`` is called when files were put to work, ``changed`` when one changed."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        owner: str,
        wake: Callable[[], None] = lambda: None,
        changed: Callable[[], None] = lambda: None,
        idle_s: float = _IDLE_S,
    ) -> None:
        self._ledger = ledger
        self._lead = Lead(ledger, ROLE, owner=owner)
        self._wake = wake
        self._changed = changed
        self._idle_s = idle_s
        self._rest_s = _BUSY_S  # longer while the files that are under way come to no end
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look for runs."""
        self._task = asyncio.create_task(self._keep(), name="reprocess")

    async def stop(self) -> None:
        """Leave the runs to the next one."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            await self._lead.leave()

    async def _keep(self) -> None:
        while True:
            try:
                pause_s = await self.turn()
            except PenstockError as error:
                _log.log(outage.level(error), "reprocess.store_unavailable", reason=str(error))
                pause_s = _AGAIN_S
            except Exception:  # noqa: BLE001 -- a mistake of ours: the files that are meant wait, and none is lost
                _log.exception("reprocess.failed")
                pause_s = _AGAIN_S
            await asyncio.sleep(pause_s)

    async def turn(self) -> float:
        """One step of every run, when they are ours to carry on; how long to rest then. Raises Unreachable."""
        active = await self._ledger.reprocess.active()
        if not active:
            await self._lead.leave()  # nobody needs a leader, and asking for the lead is a write
            return self._idle_s
        if not await self._lead.ours():
            return self._idle_s
        now = await self._ledger.now()
        shut = await self._shut(now)
        more = changed = False
        for run in active:
            worked = await self._ledger.reprocess.work(run, now=now, shut=shut)
            if worked.released:
                self._wake()
            if worked.report is not None:
                changed = True
                _tell(worked.report)
            more = more or worked.more
            if worked.report is not None and worked.report.unswept:
                break  # its files are free, and another run may be about to take them: first they are marked so
        if changed:
            self._changed()
        self._rest_s = _BUSY_S if changed else min(self._idle_s, self._rest_s * 2)
        return _REST_S if more else self._rest_s

    async def _shut(self, now: float) -> str:
        """The lanes behind a shut gate."""
        gates = await self._ledger.gates.active(now=now)
        if not any(map(holds, gates)):
            return ""
        board = Board(gates, self._ledger.hosts)
        return shut_lanes(board, await self._ledger.provisioning.numbers(), now=now)


def shut_lanes(board: Board, numbers: Iterable[dict[str, object]], *, now: float) -> str:
    """The lanes of these numbers that a shut gate is in front of, as ``ledger.reprocess`` takes them; "" = none."""
    shut = [
        f"{number['id']}:{kind}"
        for number in numbers
        for kind in media.KINDS
        if holding(
            board,
            workspace=str(number["workspace"]),
            app=str(number["app"]),
            credential=str(number["credential"]),
            number=str(number["phone_number_id"]),
            kind=kind,
            now=now,
        )
    ]
    return f",{','.join(shut)}," if shut else ""


def _tell(report: Report) -> None:
    """Say in the log what became of a run."""
    run = report.run
    facts = {
        "run": ids.encode(ids.Kind.RUN, report.id),
        "selected": run.selected,
        "attached": run.attached,
        "failed": run.failed,
        "expired": run.expired,
    }
    if run.state is State.PAUSED and run.stopped:
        _log.warning("reprocess.paused_itself", reason=run.reason, **facts)
    elif report.ended_at is not None:
        _log.info(f"reprocess.{run.state}", cancelled=run.cancelled, ineligible=run.refused, **facts)
