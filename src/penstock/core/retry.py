"""The next step of an item after a failed attempt: when to try again, and from which hop.

Full jitter over a growing window, so that many items which failed together do not come back together; slowly where
asking often changes nothing; not sooner than the upstream asked. An item is never given up while Meta may still have
its file: what would be due after the deadline is tried once more just before it, whatever was asked. The jitter and the
time are arguments. Called by the fetcher.
"""

from penstock.core.verdict import Verdict
from penstock.core.work import Claim, Expired, Failed, RetryLater

LONGEST_S = 120.0
SPARING_FIRST_S = 60.0
SPARING_LONGEST_S = 1_800.0
LAST_TRY_BEFORE_S = 30.0  # so long before the deadline the last try but one is made
TOO_LATE = "WhatsApp no longer keeps this file: its time was over before it could be fetched. At the last try:"
URL_MARGIN_S = 10.0  # a URL with less to live than this is not worth keeping


def next_step(
    verdict: Verdict, claim: Claim, *, now: float, jitter: float, url: str | None, url_expires_at: float | None
) -> RetryLater | Expired | Failed:
    """What becomes of the item. ``jitter`` is uniform in 0..1; ``url`` is where the bytes were last said to be."""
    if verdict.final == "failed":
        return Failed(verdict.outcome, verdict.sentence)
    if verdict.final == "expired":
        return Expired(verdict.outcome, verdict.sentence)
    if now >= claim.deadline:
        return Expired(verdict.outcome, f"{TOO_LATE} {verdict.sentence}")
    due_at = _by_deadline(now + _delay_s(verdict, claim.attempts, jitter), now=now, deadline=claim.deadline)
    keeps = url is not None and url_expires_at is not None and not verdict.fresh_url
    if not keeps or url_expires_at is None or due_at + URL_MARGIN_S > url_expires_at:
        return RetryLater(due_at, verdict.outcome, verdict.sentence)
    return RetryLater(due_at, verdict.outcome, verdict.sentence, url, url_expires_at)


def _delay_s(verdict: Verdict, made: int, jitter: float) -> float:
    """Seconds until the next try, after ``made`` attempts before this one."""
    growth = 2.0 ** min(made, 30)
    if verdict.sparing:
        # Half of the window is fixed: the point is to be rare, not only to be spread out.
        delay_s = max(SPARING_FIRST_S, min(SPARING_LONGEST_S, SPARING_FIRST_S * growth) * (0.5 + jitter / 2))
    else:
        delay_s = jitter * min(LONGEST_S, 2.0 * growth)
    return delay_s + (verdict.after_s or 0.0)


def _by_deadline(due_at: float, *, now: float, deadline: float) -> float:
    """Never after the deadline, where it would be too late."""
    if due_at < deadline:
        return due_at
    almost = deadline - LAST_TRY_BEFORE_S
    return almost if now < almost - LAST_TRY_BEFORE_S else deadline
