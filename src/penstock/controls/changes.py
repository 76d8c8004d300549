"""Changes as events of the log: what the audit log gained since the last round, by whom and why, under its own name.

Gates, tokens, workspaces and runs are changed by commands and by the API, in processes whose log nobody collects; so
whoever leads the watch tells of them, a second later and once. What changes gates by itself has lines of its own, and
is left out. Of a customer who was erased only that it happened is
told. It changes nothing, and a change that was made while nobody led is found in the audit log alone. One of the
controls of ``controls.rounds``.
"""

from collections.abc import Sequence

import structlog

from penstock.core.seen import Seen
from penstock.ledger.audit_log import Recorded
from penstock.ledger.book import Ledger

_log = structlog.get_logger()

_PAGE = 200
_PERSONS = "customer."  # their reason may name one
_TELL_THEMSELVES = frozenset({"breaker", "auth", "throttle", "reprocess"})


class Changes:
    """Tells of what is changed from now on."""

    def __init__(self, ledger: Ledger) -> None:
        self._audit_log = ledger.audit_log
        self._told: int | None = None

    async def look(self, seen: Sequence[Seen], now: float) -> None:
        """Tell of what is new."""
        del seen, now
        if self._told is None:
            self._told = (await self._audit_log.head()).entries
            return
        for recorded in await self._audit_log.read(after=self._told, limit=_PAGE):
            self._told = recorded.number
            if recorded.entry.who not in _TELL_THEMSELVES:
                _tell(recorded)


def _tell(recorded: Recorded) -> None:
    entry = recorded.entry
    facts: dict[str, object] = {"who": entry.who, "entry": recorded.number}
    if not entry.action.startswith(_PERSONS):
        facts |= {"subject": entry.subject, "why": entry.why, "after": entry.after}
    _log.info(entry.action, **facts)
