"""Writes into the timelines of incidents what became of their files: runs of reprocessing that touch them.

A run is begun when the trouble is over, so its lines come after the close, too. Each line is written once, whoever
leads: the timeline itself says what it has. It starts and stops no run. One of the controls of ``controls.rounds``.
"""

from collections.abc import Sequence

from penstock.controls.watch.signs import FAILING
from penstock.core import ids
from penstock.core.incident import Incident, Kind
from penstock.core.seen import Seen
from penstock.ledger.book import Ledger
from penstock.ledger.impact import LOOKED_AT
from penstock.ledger.runs import Report

_EVERY_S = 5.0
_RUNS, _INCIDENTS = 20, 20  # the newest
_LATER_S = 7 * 86_400.0  # a run begun so long after an incident is not about it
_AT_ONCE = 5  # questions to the ledger in one look


class Reruns:
    """Lines of reprocessing."""

    def __init__(self, ledger: Ledger, *, every_s: float = _EVERY_S) -> None:
        self._ledger = ledger
        self._every_s = every_s
        self._look_at = float("-inf")
        self._files: dict[tuple[int, int], int] = {}  # (run, incident) -> files of both
        self._told: set[tuple[int, int, str]] = set()

    async def look(self, _seen: Sequence[Seen], now: float) -> None:
        """Tell of runs that began or ended."""
        if now - self._look_at < self._every_s:
            return
        self._look_at = now
        runs = await self._ledger.reprocess.runs(workspace_id=None, limit=_RUNS)
        if not runs:
            return
        incidents = [row for row in await self._ledger.incidents.latest(limit=_INCIDENTS) if row.outcome in FAILING]
        asked = 0
        for run in reversed(runs):
            for incident in incidents:
                if asked >= _AT_ONCE:
                    return
                if _may_touch(run, incident, now):
                    asked += await self._tell(run, incident, now)

    async def _tell(self, run: Report, incident: Incident, now: float) -> bool:
        """Write what is to be said of a run; whether the ledger was asked."""
        phases = ["begun"] if run.ended_at is None else ["begun", "ended"]
        wanted = [phase for phase in phases if (run.id, incident.id, phase) not in self._told]
        if not wanted or (run.run.selecting and run.ended_at is None):
            return False
        files = self._files.get((run.id, incident.id))
        if files is None:
            files = await self._ledger.impacts.rerun(incident, run.id, now=now)
            self._files[run.id, incident.id] = files
        for phase in wanted:
            self._told.add((run.id, incident.id, phase))
            if files:
                at = run.created_at if phase == "begun" or run.ended_at is None else run.ended_at
                text = _begun(run, files) if phase == "begun" else _ended(run)
                data = {"run": run.id, "phase": phase}
                await self._ledger.incidents.note_once(
                    incident.id, Kind.REPROCESS, text, at=at, actor=run.by, data=data
                )
        return True


def _may_touch(run: Report, incident: Incident, now: float) -> bool:
    until = now if incident.closed_at is None else incident.closed_at
    return incident.onset_at <= run.created_at <= until + _LATER_S


def _begun(run: Report, files: int) -> str:
    at_least = "at least " if run.run.eligible > LOOKED_AT else ""
    return (
        f"Reprocessing {ids.encode(ids.Kind.RUN, run.id)} was begun: {run.why.rstrip('.')}. Of its "
        f"{run.run.eligible} files {at_least}{files} are of this incident."
    )


def _ended(run: Report) -> str:
    counts = {"attached": run.run.attached, "failed again": run.run.failed, "expired": run.run.expired}
    counts |= {"cancelled": run.run.cancelled} if run.run.cancelled else {}
    told = ", ".join(f"{count} {word}" for word, count in counts.items())
    return f"Reprocessing {ids.encode(ids.Kind.RUN, run.id)} is {run.run.state.value}: {told}."
