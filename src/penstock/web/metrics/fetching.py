"""Fetching as it is counted: a witness that is told of every attempt and every ending, and costs microseconds.

Its counters are bound to their labels once; after that an attempt is one look into a dictionary. Values that a label
may not have become "other", so a scrape stays as small as it is. Plugged into the fetcher's socket by ``wiring``.
"""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter

from penstock.core.operation import REGISTRY
from penstock.core.work import Attached, Attempt, Claim, Ending, Expired, Failed, Outcome, PutBack, RetryLater
from penstock.web.metrics.catalogue import METHODS, NONE, OTHER, counter, histogram

_MOST_RECIPES = 30
_MOST_BOUND = 1_000  # what goes beyond is counted just the same, only slower
_ENDINGS: dict[type[Ending], str] = {
    Attached: "attached",
    RetryLater: "delayed",
    PutBack: "put_back",
    Expired: "expired",
    Failed: "failed",
}

_Key = tuple[str, Outcome, str, str | None, str]


class FetchMetrics:
    """Attempts and endings. ``clock`` is the database's, epoch seconds."""

    def __init__(self, registry: CollectorRegistry, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._attempts = counter(registry, "penstock_attempts_total")
        self._bound: dict[_Key, Counter] = {}
        self._recipes: set[str] = set()
        durations = histogram(registry, "penstock_attempt_duration_seconds")
        self._attempt_s = {operation: durations.labels(operation) for operation in REGISTRY}
        rejects = counter(registry, "penstock_contract_rejects_total")
        self._rejects = {operation: rejects.labels(operation) for operation in REGISTRY}
        endings = counter(registry, "penstock_endings_total")
        self._endings = {kind: endings.labels(name) for kind, name in _ENDINGS.items()}
        self._attach_s = histogram(registry, "penstock_attach_duration_seconds")
        self._bytes = counter(registry, "penstock_attached_bytes_total")

    def attempted(self, claim: Claim, attempt: Attempt) -> None:
        """A request to Meta was made, or refused before it was sent."""
        del claim
        key = attempt.operation, attempt.outcome, attempt.declared_method, attempt.wire_method, attempt.recipe
        bound = self._bound.get(key)
        if bound is None:
            bound = self._bind(key)
        bound.inc()
        self._attempt_s[attempt.operation].observe(attempt.duration_s)
        if attempt.outcome is Outcome.CONTRACT:
            self._rejects[attempt.operation].inc()

    def ended(self, claim: Claim, ending: Ending) -> None:
        """The work on a file is over."""
        self._endings[type(ending)].inc()
        if isinstance(ending, Attached):
            self._attach_s.observe(max(0.0, self._clock() - claim.received_at))
            self._bytes.inc(ending.size)

    def _bind(self, key: _Key) -> Counter:
        operation, outcome, declared, wire, recipe = key
        bound = self._attempts.labels(operation, outcome.value, _method(declared), _method(wire), self._recipe(recipe))
        if len(self._bound) < _MOST_BOUND:
            self._bound[key] = bound
        return bound

    def _recipe(self, name: str) -> str:
        if len(self._recipes) < _MOST_RECIPES:
            self._recipes.add(name)
        return name if name in self._recipes else OTHER


def _method(text: str | None) -> str:
    if text is None:
        return NONE
    return text if text in METHODS else OTHER
