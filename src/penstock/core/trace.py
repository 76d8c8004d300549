"""A trace: for a while, the exchanges of a scope are kept whole; how long, how many, and of which files.

What is kept of an exchange says ``core.withholding``, how it is handed out ``core.har``. Pure values and rules; no
counting of what is under way. Used by the ledger, ``controls.traces`` and whoever shows traces.
"""

from collections.abc import Iterable, Mapping

import msgspec

from penstock.core.gate import within

DAY_S = 86_400.0
KEPT_DAYS = 7  # exchanges, and a trace once it is over; shorter where a workspace keeps attempts for a shorter time
LONGEST_S = DAY_S
EXCHANGES = 1_000
MOST_EXCHANGES = 10_000
BYTES = 16 * 1_048_576
MOST_BYTES = 64 * 1_048_576
AT_ONCE = 20  # traces
FULL = "full"  # who ended one that had no room left


class Trace(msgspec.Struct, frozen=True):
    """One trace. Times are epoch seconds."""

    id: int
    scope: dict[str, str]  # as a gate's: one fact by its name; {} is everything
    by: str
    why: str
    since: float
    until: float
    most_exchanges: int
    most_bytes: int
    exchanges: int = 0  # kept
    bytes: int = 0
    dropped: int = 0  # not kept, so that nothing had to wait
    ended_at: float | None = None
    ended_by: str | None = None  # FULL, or who did it
    ended_why: str | None = None


class Kept(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One exchange as it is kept: no secret, no phone number, nothing of a customer's file. Times are epoch seconds."""

    at: float
    operation: str
    outcome: str
    duration_s: float
    media: str  # Penstock's id of the file
    workspace: str
    number: str
    method: str | None = None  # on the wire
    declared_method: str
    url: str | None = None  # with its values withheld
    request_headers: tuple[tuple[str, str], ...] = ()
    status: int | None = None
    reason: str | None = None
    response_headers: tuple[tuple[str, str], ...] = ()
    mime_type: str | None = None  # as the answer says
    text: str | None = None  # of an answer that is no file
    text_cut: bool = False
    size: int | None = None  # bytes of the body that came
    sha256: str | None = None  # of a file, of what came
    sniffed: str | None = None  # what a file is by its first bytes
    timings: dict[str, float] = {}  # seconds: blocked, connect, wait, receive
    peer_address: str | None = None
    server: str | None = None
    fresh: bool | None = None
    trouble: str | None = None
    detail: str | None = None
    graph_code: int | None = None
    graph_subcode: int | None = None
    trace_id: str | None = None
    recipe: str | None = None
    worker: str | None = None


def state(trace: Trace, now: float) -> str:
    """ "on", or why it is on no longer: "over" (its time), "full" or "off" (somebody ended it)."""
    if trace.ended_at is not None:
        return "full" if trace.ended_by == FULL else "off"
    return "on" if now < trace.until else "over"


def is_on(trace: Trace, now: float) -> bool:
    """Whether exchanges are kept."""
    return state(trace, now) == "on"


def covers(trace: Trace, facts: Mapping[str, str]) -> bool:
    """Whether an exchange with these facts is in the trace's scope. A host that is not known yet may be in it."""
    scope = trace.scope
    return ("host" in scope and "host" not in facts) or within(scope, facts)


def fits(trace: Trace, sizes: Iterable[int]) -> int:
    """How many of the next exchanges, of so many bytes each, there is room for."""
    count, used = trace.exchanges, trace.bytes
    fitting = 0
    for size in sizes:
        count, used = count + 1, used + size
        if count > trace.most_exchanges or used > trace.most_bytes:
            break
        fitting += 1
    return fitting
