"""Incidents of what failures do not show: takes signs, and opens, raises, retells and closes what they are about.

Which and when is ``core.vitals``'s decision; the incidents are rows like any other, so whoever tells others of them
needs to know nothing new, and the next leader goes on with what is open. Used by ``signs`` and ``tickets``.
"""

from collections.abc import Callable, Iterable

import structlog

from penstock.core.detector import Key
from penstock.core.gate import HOPS
from penstock.core.incident import Incident, Severity
from penstock.core.vitals import Sign, Step, Vitals
from penstock.ledger.book import Ledger

_log = structlog.get_logger()

_MOST = 1_000  # open incidents


class Notices:
    """The incidents of the keys that are ``ours``. ``begin`` before the first ``look``."""

    def __init__(self, ledger: Ledger, ours: Callable[[Key], bool]) -> None:
        self._ledger = ledger
        self._ours = ours
        self._machine = Vitals()
        self._ids: dict[Key, int] = {}

    def is_open(self, key: Key) -> bool:
        """Whether an incident of it is open."""
        return self._machine.is_open(key)

    @property
    def open(self) -> list[Key]:
        """What is open."""
        return list(self._ids)

    async def begin(self, now: float) -> dict[Key, frozenset[str]]:
        """Go on with what an earlier leader left open; what each of these is about."""
        found = {}
        for known in await self._ledger.incidents.latest(only_open=True, limit=_MOST):
            key = Key(known.operation, known.outcome)
            if not self._ours(key):
                continue
            about = frozenset[str]()
            for event in await self._ledger.incidents.events(known.id):
                about = frozenset((event.data or {}).get("about", about))
            self._machine.resume(key, Severity(known.severity), about, now)
            self._ids[key] = known.id
            found[key] = about
        return found

    async def look(self, signs: Iterable[Sign], now: float) -> None:
        """Make the incidents what they should be."""
        for step in self._machine.look(signs, now):
            await self._apply(step, now)

    async def _apply(self, step: Step, now: float) -> None:
        incidents = self._ledger.incidents
        named = {"operation": step.key.operation, "outcome": step.key.family, "severity": step.severity.value}
        match step.kind:
            case "opened":
                self._ids[step.key], _ = await incidents.open(
                    step.key,
                    suspected=False,
                    onset_at=min(step.onset_at, now),
                    why=step.text,
                    rate=0.0,
                    now=now,
                    isolation="",
                    severity=step.severity,
                    onset="It began, as computed from what did not come or stayed.",
                    about=step.about,
                )
                log = _log.error if step.severity is Severity.PAGE else _log.warning
                log("incident.opened", incident=self._ids[step.key], **named, why=step.text)
            case "raised" | "changed":
                id_, raised = self._ids[step.key], step.kind == "raised"
                await incidents.retold(id_, step.text, about=step.about, raised=raised, now=now)
                if raised:
                    _log.error("incident.raised", incident=id_, **named, why=step.text)
            case _:
                id_ = self._ids.pop(step.key)
                if await incidents.close(id_, step.text, now=now):
                    _log.info("incident.closed", incident=id_, **named, why=step.text)


def told_already(rows: Iterable[Incident], families: frozenset[str], *, operation: str | None = None) -> bool:
    """Whether somebody was paged for attempts that fail, at any operation that brings files.

    At one operation a suspicion counts as well: it will be a page, or it is over.
    """
    return any(
        (row.state == "open" or (row.state == "suspected" and operation is not None))
        and row.severity == Severity.PAGE
        and row.outcome in families
        and (row.operation == operation if operation is not None else row.operation in HOPS)
        for row in rows
    )
