"""Instruments of OpenTelemetry, beside what Prometheus is told: durations of requests, of turns and of webhooks.

Their names and units are those of the semantic conventions, so that dashboards made for any HTTP client work. A witness
for the fetcher's socket; where figures go is ``opening``'s. Called in the event loop alone.
"""

from collections.abc import Callable

from opentelemetry.metrics import Histogram, Meter

from penstock.adapters.telemetry import names
from penstock.adapters.telemetry.names import Attributes
from penstock.core.work import Attempt, Claim, Ending, Expired, Failed, RetryLater

_MOST_WAYS = 1_000
# The conventions' own, and on to the two minutes that a large file may take.
_BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 120)


class Meters:
    """What is told becomes figures of this meter. ``clock`` is the database's, epoch seconds."""

    def __init__(self, meter: Meter, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._requests_s = _seconds(meter, "http.client.request.duration", "Duration of requests to Meta.")
        self._webhooks_s = _seconds(meter, "http.server.request.duration", "Duration of taking webhooks in.")
        self._turns_s = _seconds(meter, "messaging.process.duration", "Duration of fetching a file, once.")
        self._messages = meter.create_counter(
            "messaging.client.consumed.messages", unit="{message}", description="Messages that webhooks brought."
        )
        self._began: dict[int, float] = {}  # of turns whose ending is told next
        self._said: dict[tuple[object, ...], Attributes] = {}

    def arrived(self, began: float, status: int, *, messages: int) -> None:
        """A webhook was answered with this status; how many messages it brought."""
        said = names.ARRIVAL | {names.STATUS_CODE: status}
        if status >= 500:
            said[names.ERROR_TYPE] = str(status)
        self._webhooks_s.record(max(0.0, self._clock() - began), said)
        if messages:
            self._messages.add(messages, names.FROM_META)

    def attempted(self, claim: Claim, attempt: Attempt) -> None:
        """A request was made, or refused before it was sent; of the latter there is no duration."""
        self._began.setdefault(claim.id, attempt.at)
        if attempt.wire_method is not None and attempt.host is not None:
            self._requests_s.record(attempt.duration_s, self._request(attempt))

    def ended(self, claim: Claim, ending: Ending) -> None:
        """The work on a claim is over."""
        began = self._began.pop(claim.id, None)
        if began is None:
            return
        said = dict(names.FETCHING)
        if isinstance(ending, RetryLater | Expired | Failed):
            said[names.ERROR_TYPE] = ending.outcome.value
        self._turns_s.record(max(0.0, self._clock() - began), said)

    def _request(self, attempt: Attempt) -> Attributes:
        """What is said of a request, worked out once for each way that one can go."""
        way = attempt.operation, attempt.outcome, attempt.wire_method, attempt.host, attempt.status
        said = self._said.get(way)
        if said is None:
            said = names.of_request(attempt)
            if len(self._said) < _MOST_WAYS:
                self._said[way] = said
        return said


def _seconds(meter: Meter, name: str, meaning: str) -> Histogram:
    return meter.create_histogram(name, unit="s", description=meaning, explicit_bucket_boundaries_advisory=_BOUNDS_S)
