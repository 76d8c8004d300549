"""The verdict: from what happened to its class, whose fault it is, and whether and how to try again.

One pure function over the table in ``core.classes``: by Graph's code first, then by what went wrong below HTTP, then by
status. What Graph calls unknown is dead once Meta's copy is past its time, and ambiguous before. It neither plans the
next attempt (``core.retry``) nor acts. Called by the fetcher after every request.
"""

import msgspec

from penstock.core.classes import (
    CODES,
    DOWNLOAD_STATUSES,
    GENERIC_CODES,
    REQUEST_REFUSED,
    REQUEST_STATUSES,
    SERVER_FAILED,
    STATUSES,
    TROUBLES,
    UNEXPECTED_STATUS,
    UNKNOWN_MEDIA,
    UNKNOWN_MEDIA_SUBCODE,
    Fault,
    Final,
    Pace,
    Rule,
)
from penstock.core.exchange import Exchange
from penstock.core.operation import DOWNLOAD
from penstock.core.work import Outcome

YOUNG_S = 30.0  # a file that was just announced may not be there yet
MOST_WAIT_S = 3_600.0  # however long Graph asks us to stay away: asking once an hour harms nobody
THROTTLED_WAIT_S = 30.0  # when Graph slows us down and does not say for how long
GONE_SENTENCE = "This file is no longer available from WhatsApp: it is older than WhatsApp keeps files."


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """What an exchange means."""

    outcome: Outcome
    final: Final | None  # how the item ends; None = tried again until its deadline
    fault: Fault | None  # None when nothing is wrong
    sentence: str  # what a person reads
    after_s: float | None = None  # wait at least so long
    sparing: bool = False  # retry rarely
    fresh_url: bool = False  # the URL is to blame: look up again at once, once
    alarm: bool = False  # somebody should be told of the first one


_DELIVERED = Verdict(Outcome.DELIVERED, None, None, "The file arrived whole.")
_ANSWERED = Verdict(Outcome.DELIVERED, None, None, "WhatsApp said where the file is.")


def judge(exchange: Exchange, *, now: float, received_at: float, deadline: float) -> Verdict:
    """The verdict on one exchange about a file that was announced at ``received_at`` and lives until ``deadline``."""
    if exchange.succeeded:
        return _DELIVERED if exchange.operation == DOWNLOAD.name else _ANSWERED
    rule = _rule(exchange)
    if rule.ages and now >= deadline:
        return Verdict(rule.outcome, "expired", rule.fault, GONE_SENTENCE)
    just_announced = rule.ages and now - received_at < YOUNG_S
    return Verdict(
        outcome=rule.outcome,
        final=rule.final,
        fault=rule.fault,
        sentence=rule.sentence,
        after_s=_wait(exchange, rule) if rule.final is None else None,
        sparing=rule.pace is Pace.SPARING and not just_announced,
        fresh_url=rule.fresh_url,
        alarm=rule.alarm,
    )


def _rule(exchange: Exchange) -> Rule:
    if exchange.graph_code is not None:
        rule = _by_code(exchange.graph_code, exchange.graph_subcode, exchange.status)
        if rule is not None:
            return rule
    if exchange.trouble is not None:
        return TROUBLES[exchange.trouble]
    return _by_status(exchange.status or 0, download=exchange.operation == DOWNLOAD.name)


def _by_code(code: int, subcode: int | None, status: int | None) -> Rule | None:
    if code == 100 and subcode == UNKNOWN_MEDIA_SUBCODE:
        return UNKNOWN_MEDIA
    if code in GENERIC_CODES and status in REQUEST_STATUSES:
        return STATUSES[status]
    return CODES.get(code)


def _by_status(status: int, *, download: bool) -> Rule:
    if download and status in DOWNLOAD_STATUSES:
        return DOWNLOAD_STATUSES[status]
    if status in STATUSES:
        return STATUSES[status]
    if 400 <= status < 500:
        return REQUEST_REFUSED
    return SERVER_FAILED if status >= 500 else UNEXPECTED_STATUS


def _wait(exchange: Exchange, rule: Rule) -> float | None:
    """How long Graph asks us to stay away. Any answer may say so; to a throttle there is a least."""
    asked = max(exchange.retry_after_s or 0.0, (exchange.regain_s or 0.0) if rule.outcome is Outcome.THROTTLE else 0.0)
    if asked > 0.0:
        return min(asked, MOST_WAIT_S)
    return THROTTLED_WAIT_S if rule.outcome is Outcome.THROTTLE else None
