"""The test of a diagnosis: the same request several times, as declared and over new connections, and what that shows.

What data cannot tell apart, an experiment can: if identical requests are answered differently, it is upstream that
disagrees with itself, and if all are answered well while ours fail, it is our own request. No request is made here.
Sent and written down by ``controls.watch.probing``.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from penstock.core.detector import CLIENT_BUG, UPSTREAM
from penstock.core.work import Outcome

TIMES = 10
EVERY_S = 0.5  # so the request is made twice a second at most
MOST = 3  # tests of one incident
APART_S = 60.0  # … and so long between them
TESTED = frozenset({UPSTREAM, CLIENT_BUG, Outcome.CONTRACT.value})  # others are about a token, a limit or the file

_NAMED = 3


class Answer(msgspec.Struct, frozen=True):
    """How one of the requests ended."""

    outcome: Outcome
    duration_s: float
    status: int | None = None
    graph_code: int | None = None
    peer_address: str | None = None
    server: str | None = None  # as the answer names it
    trace_id: str | None = None

    @property
    def good(self) -> bool:
        """Whether it was answered as it should be."""
        return self.outcome is Outcome.DELIVERED

    @property
    def said(self) -> str:
        """How it failed, in a word."""
        return self.outcome.value if self.status is None or self.good else str(self.status)


class Trials:
    """When an incident's diagnosis was tested."""

    def __init__(self) -> None:
        self._count = 0
        self._began_at = float("-inf")
        self._of: object = None

    def due(self, family: str, cause: object, now: float) -> bool:
        """Whether this cause should be tested now; it counts as begun. Each is tested once."""
        if family not in TESTED or cause == self._of or self._count >= MOST or now - self._began_at < APART_S:
            return False
        self._began_at, self._of = now, cause
        self._count += 1
        return True

    def made(self, cause: object) -> None:
        """An earlier leader of the watch tested this one."""
        self._count, self._of = self._count + 1, cause

    def not_made(self) -> None:
        """It could not be made now: a gate forbids it, or there is nothing to ask for. It may be another time."""
        self._count -= 1
        self._of = None


def told(answers: Sequence[Answer], *, own_request: bool) -> str:
    """What the test shows, in a sentence or two for people."""
    count, bad = len(answers), [answer for answer in answers if not answer.good]
    if not bad:
        said = (
            f"All {count} identical requests, sent as declared over new connections, were answered as they should be."
        )
        return (
            f"{said} It is our own request that fails." if own_request else f"{said} No server that was met refuses it."
        )
    if len(bad) == count:
        ways = Counter(answer.said for answer in bad)
        named = ", ".join(f"{way} {times} times" if len(ways) > 1 else way for way, times in ways.most_common())
        return f"All {count} identical requests, sent as declared over new connections, failed: {named}."
    return f"Answers differ for identical requests: {len(bad)} of {count} failed{_where(answers)}."


def facts(answers: Sequence[Answer], *, operation: str, asked: str) -> dict[str, Any]:
    """The test as the timeline keeps it. ``asked`` is what was asked for."""
    return {
        "operation": operation,
        "asked": asked,
        "requests": len(answers),
        "failed": sum(not answer.good for answer in answers),
        "answers": [msgspec.to_builtins(answer) for answer in answers],
    }


def _where(answers: Sequence[Answer]) -> str:
    """At which of upstream's servers, or addresses, the failing ones were."""
    for attribute, kind, plural in (("server", "a server", "servers"), ("peer_address", "an address", "addresses")):
        bad = {getattr(answer, attribute) for answer in answers if not answer.good}
        if None in bad:
            continue
        if bad & {getattr(answer, attribute) for answer in answers if answer.good}:
            return f", at {kind} that answered others well" if len(bad) == 1 else ""
        names = ", ".join(sorted(bad)[:_NAMED]) + (", …" if len(bad) > _NAMED else "")
        return (
            f", all at {len(bad)} {plural} ({names})" if len(bad) > 1 else f", all at one {kind.split()[1]} ({names})"
        )
    return ""
