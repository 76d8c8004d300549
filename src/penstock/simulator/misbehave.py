"""Faults carried out: which rule of a server strikes a request, and what then goes on the wire instead.

Pure: facts and a good answer in, a plan out. ``catalogue`` names the faults, ``scenario`` holds the rules, ``wire``
puts it on the connection. Called by ``Upstream``.
"""

import gzip
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from . import graph_errors
from .catalogue import CATALOGUE
from .graph_errors import coded, dumps, usage_headers
from .plans import Answer, Close, Drip, Hang, Pause, Plan, Repeat, Reset, Send, head, plainly
from .scenario import FaultRule

FORMS = {"form-405": "405", "form-400": "400", "form-honoured": "honour"}
ELSEWHERE = "http://files.example.net"
_OVERSIZE_BYTES = 150_000_000
_FILLER = b"0123456789abcdef" * 64
_PAGE = (
    b"<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Sorry, something went wrong.</h1></body></html>"
)
_INJECTED = b'{"messaging_product":"whatsapp","url":"http:\\/\\/injected.example.net\\/","id":"0"}'


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules of a server ask about a request. ``nth`` counts the requests for this media at this hop from 1."""

    hop: str
    kind: str | None
    number: str | None
    token: str | None
    tunnelled: bool
    nth: int
    since_start_s: float
    trace: str
    waba: str
    object_id: str
    target: str


def striking(
    rules: tuple[FaultRule, ...], facts: Facts, draw: Callable[[int], float]
) -> tuple[FaultRule | None, float]:
    """The rule that decides this request (None: the server behaves), and the wait that slow ones above it add.

    ``draw`` gives a number from 0 up to 1 for the place of a rule.
    """
    wait_s = 0.0
    for place, rule in enumerate(rules):
        if not _fits(rule, facts) or (rule.probability < 1.0 and draw(place) >= rule.probability):
            continue
        if rule.fault == "slow":
            wait_s += 1.0 if rule.latency_s is None else rule.latency_s
            continue
        return (None if rule.fault == "ok" else rule), wait_s
    return None, wait_s


def _fits(rule: FaultRule, facts: Facts) -> bool:
    return (
        facts.hop in CATALOGUE[rule.fault].hops
        and rule.hop in {None, facts.hop}
        and (rule.fault not in FORMS or facts.tunnelled)
        and rule.from_s <= facts.since_start_s
        and (rule.until_s is None or facts.since_start_s < rule.until_s)
        and (not rule.kinds or facts.kind in rule.kinds)
        and (not rule.numbers or facts.number in rule.numbers)
        and (not rule.tokens or facts.token in rule.tokens)
        and (not rule.versions or facts.target.split("/")[1] in rule.versions)
        and (rule.first_n is None or facts.nth <= rule.first_n)
    )


def instead(rule: FaultRule, facts: Facts) -> Answer | Plan | None:
    """What a server says that does not even look at the request; None for faults that spoil a good answer."""
    made = _INSTEAD.get(rule.fault)
    return made(rule, facts) if made else None


def spoilt(rule: FaultRule, answer: Answer) -> Plan:
    """A good answer as the fault leaves it. What is no good answer comes through whole where only content is spoilt."""
    if answer.status != 200 and rule.fault in _NEEDS_A_FILE:
        return plainly(answer)
    content = _CONTENT.get(rule.fault)
    return plainly(content(rule, answer)) if content else _FRAMING[rule.fault](rule, answer)


def late(plan: Plan, wait_s: float) -> Plan:
    """The same plan after a wait."""
    return replace(plan, steps=(Pause(wait_s), *plan.steps)) if wait_s else plan


# --- answers that have nothing to do with the request ---


def _server_error(rule: FaultRule, facts: Facts) -> Answer:
    return coded(rule.status or 500, 2 if rule.code is None else rule.code, facts.trace)


def _throttled(status: int, default_code: int) -> Callable[[FaultRule, Facts], Answer]:
    def answer(rule: FaultRule, facts: Facts) -> Answer:
        wait_s = rule.retry_after_s
        if wait_s is None and status == 429:
            wait_s = 60
        headers = usage_headers(100, facts.waba, -(-(wait_s or 300) // 60))
        if wait_s is not None:
            headers["Retry-After"] = str(wait_s)
        return coded(status, default_code if rule.code is None else rule.code, facts.trace, headers)

    return answer


def _redirect(rule: FaultRule, facts: Facts) -> Answer:
    return Answer(302, b"", "text/html", {"Location": (rule.url or ELSEWHERE) + facts.target})


def _endless_headers(rule: FaultRule, facts: Facts) -> Plan:
    del rule, facts
    return Plan((Send(b"HTTP/1.1 200 OK\r\n"), Repeat(b"X-Filler: " + _FILLER + b"\r\n", None)), 200)


_INSTEAD: dict[str, Callable[[FaultRule, Facts], Answer | Plan]] = {
    "get-405": lambda _rule, facts: graph_errors.not_allowed(facts.trace),
    "server-error": _server_error,
    "maintenance": lambda rule, facts: coded(rule.status or 500, 131057, facts.trace),
    "hang": lambda _rule, _facts: Plan((Hang(),), 0),
    "throttle-429": _throttled(429, 4),
    "throttle-400": _throttled(400, 80007),
    "token-190": lambda _rule, facts: coded(401, 190, facts.trace),
    "unauthorized": lambda _rule, _facts: graph_errors.lookaside_401(),
    "permission": lambda rule, facts: coded(403, 10 if rule.code is None else rule.code, facts.trace),
    "gone": lambda _rule, facts: graph_errors.gone(facts.object_id, facts.trace),
    "not-found": lambda _rule, _facts: graph_errors.lookaside_404(),
    "redirect": _redirect,
    "html-page": lambda _rule, _facts: Answer(200, _PAGE, "text/html; charset=utf-8"),
    "error-in-200": lambda rule, facts: coded(200, 131000 if rule.code is None else rule.code, facts.trace),
    "endless-headers": _endless_headers,
}


# --- good answers with other content ---


def _part(rule: FaultRule, body: bytes) -> bytes:
    """The beginning of a body: as long as the rule says, and always shorter than the whole."""
    wanted = len(body) // 2 if rule.after_bytes is None else rule.after_bytes
    return body[: max(0, min(wanted, len(body) - 1))]


def _changed(answer: Answer, **changes: str) -> Answer:
    tree = json.loads(answer.body)
    if "url" not in tree:  # a deletion has nothing to change
        return answer
    return replace(answer, body=dumps({**tree, **changes}))


def _elsewhere(rule: FaultRule, answer: Answer) -> Answer:
    url = str(json.loads(answer.body).get("url", ""))
    return _changed(answer, url=(rule.url or ELSEWHERE) + "/" + url.partition("://")[2].partition("/")[2])


_OTHER = bytes(255 - byte for byte in range(256))

_CONTENT: dict[str, Callable[[FaultRule, Answer], Answer]] = {
    "wrong-bytes": lambda _rule, answer: replace(answer, body=answer.body.translate(_OTHER)),
    "shorter-bytes": lambda rule, answer: replace(answer, body=_part(rule, answer.body)),
    "wrong-hash": lambda _rule, answer: _changed(answer, sha256=hashlib.sha256(b"another file").hexdigest()),
    "wrong-host": _elsewhere,
    "bad-json": lambda _rule, answer: replace(answer, body=answer.body[: len(answer.body) * 2 // 3]),
}


# --- good answers in bad frames ---


def _length(count: int) -> str:
    return f"Content-Length: {count}"


_CHUNKED = "Transfer-Encoding: chunked"
_CHUNK_BYTES = 16_384


def _in_chunks(body: bytes) -> bytes:
    parts = [body[start : start + _CHUNK_BYTES] for start in range(0, len(body), _CHUNK_BYTES)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def _cut(rule: FaultRule, answer: Answer, end: Close | Reset) -> Plan:
    start = head(answer, _length(len(answer.body)))
    return Plan((Send(start + _part(rule, answer.body)), end), answer.status)


def _sent(answer: Answer, data: bytes, *more: Close) -> Plan:
    return Plan((Send(data), *more), answer.status)


def _drip(rule: FaultRule, answer: Answer) -> Plan:
    whole = head(answer, _length(len(answer.body))) + answer.body
    return Plan((Drip(whole, rule.bytes_per_s or 10.0),), answer.status)


def _gzip(_rule: FaultRule, answer: Answer) -> Plan:
    body = gzip.compress(answer.body, mtime=0)
    return _sent(answer, head(answer, "Content-Encoding: gzip", _length(len(body))) + body)


def _glued(_rule: FaultRule, answer: Answer) -> Plan:
    second = Answer(200, _INJECTED)
    both = head(answer, _length(len(answer.body))) + answer.body + head(second, _length(len(_INJECTED))) + _INJECTED
    return _sent(answer, both)


def _two_lengths(_rule: FaultRule, answer: Answer) -> Plan:
    size = len(answer.body)
    return _sent(answer, head(answer, _length(size), _length(size // 2)) + answer.body)


def _length_and_chunked(_rule: FaultRule, answer: Answer) -> Plan:
    return _sent(answer, head(answer, _length(len(answer.body)), _CHUNKED) + _in_chunks(answer.body))


def _no_length(_rule: FaultRule, answer: Answer) -> Plan:
    return _sent(answer, head(answer, "Connection: close") + answer.body, Close())


def _oversize(rule: FaultRule, answer: Answer) -> Plan:
    size = rule.size_bytes or _OVERSIZE_BYTES
    more = max(0, size - len(answer.body))
    return Plan(
        (Send(head(answer, _length(size))), Send(answer.body[:size]), Repeat(_FILLER, more)),
        answer.status,
    )


def _oversize_chunked(rule: FaultRule, answer: Answer) -> Plan:
    chunk = b"%x\r\n%b\r\n" % (len(_FILLER), _FILLER)
    count = -(-(rule.size_bytes or _OVERSIZE_BYTES) // len(_FILLER))
    body = _in_chunks(answer.body).removesuffix(b"0\r\n\r\n")
    steps = (Send(head(answer, _CHUNKED) + body), Repeat(chunk, count * len(chunk)), Send(b"0\r\n\r\n"))
    return Plan(steps, answer.status)


_FRAMING: dict[str, Callable[[FaultRule, Answer], Plan]] = {
    "drip": _drip,
    "cut-short": lambda rule, answer: _cut(rule, answer, Close()),
    "reset": lambda rule, answer: _cut(rule, answer, Reset()),
    "gzip": _gzip,
    "chunked": lambda _rule, answer: _sent(answer, head(answer, _CHUNKED) + _in_chunks(answer.body)),
    "no-length": _no_length,
    "glued": _glued,
    "two-lengths": _two_lengths,
    "length-and-chunked": _length_and_chunked,
    "oversize": _oversize,
    "oversize-chunked": _oversize_chunked,
}

_NEEDS_A_FILE = frozenset({*_CONTENT, "oversize", "oversize-chunked"})
