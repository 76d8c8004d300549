"""Spans of what happened: a webhook that was taken, a turn of fetching a file, and each request of that turn.

They are made afterwards, from the times that the flow noted anyway, so nothing of the flow is inside one. A turn names
the span of the webhook that brought its file as a link: hours may lie between the two. A witness for the fetcher's
socket; where spans go is ``opening``'s. Called in the event loop alone.
"""

from collections import Counter
from collections.abc import Callable

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer

from penstock.adapters.telemetry import names
from penstock.adapters.telemetry.names import Attributes
from penstock.adapters.telemetry.webhook_ids import WebhookIds
from penstock.core import ids
from penstock.core.work import Attempt, Claim, Ending, Expired, Failed, RetryLater

_NOTHING = Context()  # nobody's span is around ours
_FAILED = Status(StatusCode.ERROR)


class Spans:
    """What is told becomes spans of this tracer. ``clock`` is the database's, epoch seconds."""

    def __init__(self, tracer: Tracer, webhook_ids: WebhookIds, *, clock: Callable[[], float]) -> None:
        self._tracer = tracer
        self._webhook_ids = webhook_ids
        self._clock = clock
        self._made: dict[int, list[Attempt]] = {}  # of turns whose ending is told next

    def arrived(self, began: float, status: int, *, webhook_id: int | None, messages: int) -> None:
        """A webhook was answered with this status; its number if it was stored, and how many messages it brought."""
        said: Attributes = names.ARRIVAL | {names.STATUS_CODE: status, names.BATCH_COUNT: messages}
        if status >= 500:
            said[names.ERROR_TYPE] = str(status)
        if webhook_id is None:
            self._arrival(began, said, failed=status >= 500)
        else:
            with self._webhook_ids.given(webhook_id):
                self._arrival(began, said, failed=False)

    def attempted(self, claim: Claim, attempt: Attempt) -> None:
        """A request was made, or refused before it was sent."""
        self._made.setdefault(claim.id, []).append(attempt)

    def ended(self, claim: Claim, ending: Ending) -> None:
        """The work on a claim is over: a turn, unless nothing was tried in it."""
        attempts = self._made.pop(claim.id, None)
        if not attempts:
            return
        turn = self._tracer.start_span(
            "process media", context=_NOTHING, kind=SpanKind.CONSUMER, start_time=_ns(attempts[0].at)
        )
        if turn.is_recording():  # of what is sampled away nothing is worked out
            turn.set_attributes(_turn(claim, ending))
            if claim.webhook_id is not None:
                turn.add_link(self._webhook_ids.context(claim.webhook_id))
            within, before = trace.set_span_in_context(turn, _NOTHING), Counter[str]()
            for attempt in attempts:
                self._request(within, attempt, resent=claim.attempts + before[attempt.operation])
                before[attempt.operation] += 1
            if isinstance(ending, RetryLater | Expired | Failed):
                turn.set_status(_FAILED)
        last = attempts[-1]
        turn.end(_ns(max(self._clock(), last.at + last.duration_s)))

    def _arrival(self, began: float, said: Attributes, *, failed: bool) -> None:
        span = self._tracer.start_span(
            f"POST {names.WEBHOOK_ROUTE}",
            context=_NOTHING,
            kind=SpanKind.SERVER,
            attributes=said,
            start_time=_ns(began),
        )
        if failed:
            span.set_status(_FAILED)
        span.end(_ns(max(began, self._clock())))

    def _request(self, within: Context, attempt: Attempt, *, resent: int) -> None:
        said = names.of_request_in_full(attempt, resent=resent)
        name = " ".join(str(said[part]) for part in (names.METHOD, names.URL_TEMPLATE) if part in said)
        span = self._tracer.start_span(
            name or attempt.operation,
            context=within,
            kind=SpanKind.CLIENT,
            attributes=said,
            start_time=_ns(attempt.at),
        )
        if names.ERROR_TYPE in said:
            span.set_status(_FAILED)
        span.end(_ns(attempt.at + attempt.duration_s))


def _turn(claim: Claim, ending: Ending) -> Attributes:
    said = names.FETCHING | {
        names.OPERATION_TYPE: "process",
        names.MESSAGE_ID: ids.encode(ids.Kind.MEDIA, claim.id),
        "penstock.workspace": claim.workspace,
        "penstock.kind": claim.kind,
        "penstock.ending": type(ending).__name__,
    }
    if isinstance(ending, RetryLater | Expired | Failed):
        said[names.ERROR_TYPE] = ending.outcome.value
    return said


def _ns(at: float) -> int:
    return int(at * 1e9)
