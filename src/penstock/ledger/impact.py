"""Whom an incident touched: counted from the attempts and from where those files stand now, for the report on it.

The watch counts as it goes and may miss what it did not see; this counts what is written, once somebody asks. It reads
everything that was tried since the onset. Called by ``cli.incident``.
"""

from penstock.adapters.db.port import Database, Script
from penstock.core.detector import FAMILIES
from penstock.core.incident import Incident
from penstock.core.postmortem import File, Impact, Touched, Tried
from penstock.ledger.statements import Statements

_TOLD = 500  # files of one workspace that are listed
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
            touched = yield self._sql("incident_touched", operation=incident.operation, **span, **_ways(incident))
            tried = yield self._sql("incident_tried", **span)
            ((texts,),) = yield self._sql("incident_texts", **span)
            return Impact(
                tuple(Touched(row[0], row[1], int(row[2]), int(row[3])) for row in touched),
                tuple(Tried(row[0], row[1], int(row[2])) for row in tried),
                int(texts),
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

    async def files(self, incident: Incident, workspace: str, *, now: float) -> list[File]:
        """The files of one workspace that it touched, the oldest first, up to so many as a person reads."""
        span = _span(incident, now)

        def script() -> Script[list[File]]:
            rows = yield self._sql(
                "incident_files",
                operation=incident.operation,
                workspace=workspace,
                limit=_TOLD,
                **span,
                **_ways(incident),
            )
            return [File(*row) for row in rows]

        return await self._db.read(script)


def _span(incident: Incident, now: float) -> dict[str, float]:
    return {"since": incident.onset_at, "until": now if incident.closed_at is None else incident.closed_at}


def _ways(incident: Incident) -> dict[str, str]:
    """The classes that count as this incident's: one, or two."""
    ways = [outcome.value for outcome, family in FAMILIES.items() if family == incident.outcome]
    ways = ways or [incident.outcome]
    return {"one": ways[0], "other": ways[-1]}
