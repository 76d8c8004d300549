"""Whom an incident touched: counted from the attempts and from where those files stand now, for the report on it.

The watch counts as it goes and may miss what it did not see; this counts what is written, once somebody asks. It reads
what was tried in that time, found by halving among the ids, and every file and message. Called by ``cli.incident``.
"""

from penstock.adapters.db.port import Database, Script
from penstock.core.detector import FAMILIES
from penstock.core.incident import Incident
from penstock.core.postmortem import LATE_S, File, Impact, Lost, Share, Touched, Tried
from penstock.ledger.statements import Statements

_TOLD = 500  # files of one workspace that are listed
_LOST = 100  # files that cannot be had any more
_LONGEST_S = 900.0  # from the beginning of an attempt until it is written down, and more than any takes
LOOKED_AT = 5_000  # files of a run of reprocessing that are looked at


class Impacts:
    """What incidents did to files."""

    def __init__(self, db: Database, sql: Statements) -> None:
        self._db = db
        self._sql = sql

    async def of(self, incident: Incident, *, now: float) -> Impact:
        """Everything that a report counts, from one snapshot."""
        span = _span(incident, now)

        def script() -> Script[Impact]:
            ids = yield from self._stretch(**span)
            ways = _ways(incident)
            touched = yield self._sql("incident_touched", operation=incident.operation, **span, **ways, **ids)
            tried = yield self._sql("incident_tried", **span, **ids)
            ((texts,),) = yield self._sql("incident_texts", **span)
            arrived = yield self._sql("incident_arrived", **span)
            lost = yield self._sql("incident_lost", limit=_LOST, **span)
            late = (yield self._sql("incident_late", late_s=LATE_S, **span)) if incident.gates else []
            return Impact(
                tuple(Touched(row[0], row[1], int(row[2]), int(row[3])) for row in touched),
                tuple(Tried(row[0], row[1], int(row[2])) for row in tried),
                int(texts),
                tuple((row[0], int(row[1])) for row in arrived),
                tuple(Lost(*row) for row in lost),
                tuple((row[0], int(row[1])) for row in late),
            )

        return await self._db.read(script)

    async def rerun(self, incident: Incident, run_id: int, *, now: float) -> int:
        """How many files of a run of reprocessing it touched, of the first so many of that run."""

        def script() -> Script[int]:
            ((files,),) = yield self._sql(
                "count_rerun_files",
                run_id=run_id,
                operation=incident.operation,
                limit=LOOKED_AT,
                **_span(incident, now),
                **_ways(incident),
            )
            return int(files)

        return await self._db.read(script)

    async def files(self, incident: Incident, workspace: str, *, now: float) -> Share:
        """The files of one workspace that it touched, the oldest first, up to so many as one reads, and their counts.

        Where gates were set because of it, what they held back is touched, too.
        """
        span = _span(incident, now)

        def script() -> Script[Share]:
            ids = yield from self._stretch(**span)
            asked = {"operation": incident.operation, "workspace": workspace, **span, **_ways(incident), **ids}
            asked |= {"held": int(bool(incident.gates)), "late_s": LATE_S}
            rows = yield self._sql("incident_files", limit=_TOLD, **asked)
            counts = yield self._sql("count_incident_files", **asked)
            return Share([File(*row) for row in rows], {row[0]: int(row[1]) for row in counts})

        return await self._db.read(script)

    def _stretch(self, *, since: float, until: float) -> Script[dict[str, int]]:
        """Between which ids the attempts of a time are: ids rise with the time at which an attempt is written down."""
        rows = yield self._sql("last_attempt")
        last = int(rows[0][0]) if rows else 0
        first = yield from self._first_from(since - _LONGEST_S, last)
        return {"first": first, "last": (yield from self._first_from(until + 2 * _LONGEST_S, last))}

    def _first_from(self, at: float, last: int) -> Script[int]:
        """Where attempts that began at a time or after it come after those that did not, found by halving."""
        low, high = 0, last + 1
        while low < high:
            middle = (low + high) // 2
            rows = yield self._sql("attempt_from", id=middle)
            if rows and rows[0][1] < at:
                low = int(rows[0][0]) + 1
            else:
                high = middle
        return low


def _span(incident: Incident, now: float) -> dict[str, float]:
    return {"since": incident.onset_at, "until": now if incident.closed_at is None else incident.closed_at}


def _ways(incident: Incident) -> dict[str, str]:
    """The classes that count as this incident's: one, or two."""
    ways = [outcome.value for outcome, family in FAMILIES.items() if family == incident.outcome]
    ways = ways or [incident.outcome]
    return {"one": ways[0], "other": ways[-1]}
