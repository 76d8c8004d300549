"""What may be kept of an exchange: everything that shows how it went, and nothing that opens a door or names a person.

Tokens, app secrets, the values of a URL's query, phone numbers and message ids are replaced; what is known to be secret
is looked for as it is, the rest by its form. Of a file nothing is kept but its size, hash and type. Pure; called by
``controls.traces`` before anything of an exchange is stored.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, unquote_plus

from penstock.core import ids, sniff
from penstock.core.contract import Prepared
from penstock.core.exchange import Exchange
from penstock.core.hosts import DEFAULT_PORTS
from penstock.core.trace import Kept
from penstock.core.wire import Header, Wire
from penstock.core.work import Attempt, Claim

GONE = "[withheld]"
MOST_TEXT = 16_384  # characters of a body
_MOST_VALUE = 1_024  # of a header
_SHORTEST = 6  # what is shorter tells nothing by itself, and is found everywhere
_MOST_LEVELS = 100  # of JSON

_TYPE = "content-type"
_WHOLE = frozenset(  # headers of which nothing is kept: they open doors, or are a file's name
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "content-disposition"}
)
_PLAIN = frozenset(  # headers in which digits are facts
    {
        *("host", "user-agent", "accept", "accept-encoding", "content-type", "content-length", "content-encoding"),
        *("date", "expires", "last-modified", "age", "retry-after", "server", "via", "connection", "keep-alive"),
        *("transfer-encoding", "cache-control", "vary", "x-fb-trace-id", "x-fb-request-id", "x-fb-rev", "x-served-by"),
        *("x-fb-server", "facebook-api-version", "x-app-usage", "accept-ranges", "etag"),
    }
)
_PLAIN_KEYS = frozenset({"mime_type", "sha256", "messaging_product", "fbtrace_id", "type"})
_PLAIN_COUNTS = frozenset({"file_size", "code", "error_subcode"})

_URL = re.compile(r"(?i)\bhttps?:\\?/\\?/[^\s\"'<>]+")
_BETWEEN = re.compile(r"(&amp;|[&;])")
_USER = re.compile(r"(//)[^/@\s]+@")
_SECRET_KEY = re.compile(r"(?i)token|secret|proof|password|signature|cookie|authorization|wa_id|phone$|phone_number$")
_NAMED = re.compile(
    r"(?i)\b([\w-]*(?:token|secret|proof|password|signature|cookie|authorization)[\w-]*[\"']?\s*[=:]\s*[\"']?)"
    r"(?!\[withheld\])[^\s\"'&,;<>]+"
)
_BEARER = re.compile(r"(?i)\b(bearer|oauth)(\s+)[^\s\"',;<>]{6,}")
_TOKENS = re.compile(
    r"EAA[0-9A-Za-z]{5,}|\d{5,}(?:\||%7[Cc])[0-9A-Za-z_-]{8,}|(?<![0-9A-Za-z+/_-])[0-9A-Za-z_|+/-]{80,}={0,2}"
)
_WAMID = re.compile(r"(?i)wa[mc]id(?:\.|%2e)[A-Za-z0-9+/=_%-]+")
_PHONE = re.compile(r"(?:\+|%2[Bb])[0-9][0-9 ().-]{4,}[0-9]")
_DIGITS = re.compile(r"(?<![0-9A-Za-z])[0-9]{7,}(?![0-9A-Za-z])")
_SECRET_HEX = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{32}(?![0-9A-Za-z])")
_IN_WAMID = re.compile(r"(?i)^wa[mc]id\.")
_INNER_DIGITS = re.compile(r"[0-9]{7,}")


def forms_of(secrets: Iterable[str]) -> tuple[str, ...]:
    """Secrets in every form in which they may be written, the longest first."""
    forms: set[str] = set()
    for secret in secrets:
        if len(secret) >= _SHORTEST:
            forms |= {secret, quote(secret, safe=""), quote(secret), base64.b64encode(secret.encode()).decode()}
    return tuple(sorted(forms, key=len, reverse=True))


class Withholding:
    """Cleans the texts of one exchange. ``forms`` are looked for as they are; ``known`` ids are no secret."""

    def __init__(self, forms: Iterable[str], known: Iterable[str] = ()) -> None:
        self._forms = sorted(forms, key=len, reverse=True)
        self._known = frozenset(known)

    def text(self, text: str, *, plain: bool = False) -> str:
        """A text without secrets; where it is not ``plain``, without long numbers either."""
        for form in self._forms:
            text = text.replace(form, GONE)
        text = _URL.sub(self._url, text)
        text = _WAMID.sub(GONE, text)
        text = _BEARER.sub(rf"\1\2{GONE}", text)
        text = _NAMED.sub(rf"\g<1>{GONE}", text)
        text = _PHONE.sub(GONE, _TOKENS.sub(self._unless_known, text))
        if not plain:
            text = _SECRET_HEX.sub(GONE, _DIGITS.sub(self._unless_known, text))
        return text

    def target(self, target: str) -> str:
        """A path with its query, of which only the keys are kept."""
        path, mark, query = target.partition("?")
        return self.text(path) + mark + self._values(query)

    def headers(self, headers: Iterable[Header]) -> tuple[Header, ...]:
        """Headers in their order."""
        return tuple((self.text(name)[:_MOST_VALUE], self._header(name.lower(), value)) for name, value in headers)

    def body(self, body: bytes) -> str:
        """The text of a body: JSON by its values, anything else as it stands."""
        tree = _parsed(body)
        if tree is None:
            return self.text(body.decode("utf-8", "replace"))
        return json.dumps(self._json(tree, "", 0), ensure_ascii=False, separators=(",", ":"))

    def content_type(self, value: str) -> str:
        """A type with its character set; other parameters may name a file."""
        first, *rest = value.split(";")
        told = [each for each in rest if each.strip().lower().startswith("charset=")]
        return self.text(";".join([first, *told]), plain=True)[:_MOST_VALUE]

    def _header(self, name: str, value: str) -> str:
        if name in _WHOLE:
            return f"Bearer {GONE}" if name == "authorization" and value.startswith("Bearer ") else GONE
        if name == "content-type":
            return self.content_type(value)
        if name in {"location", "content-location", "referer"}:
            return self.text(self.target(value))[:_MOST_VALUE]
        return self.text(value, plain=name in _PLAIN)[:_MOST_VALUE]

    def _json(self, node: Any, key: str, depth: int) -> Any:
        if depth > _MOST_LEVELS or (_SECRET_KEY.search(key) and node is not None):
            return GONE
        if isinstance(node, dict):
            return {self.text(name): self._json(each, name, depth + 1) for name, each in node.items()}
        if isinstance(node, list):
            return [self._json(each, key, depth + 1) for each in node]
        if isinstance(node, str):
            return self.text(node, plain=key in _PLAIN_KEYS)
        if isinstance(node, int | float) and not isinstance(node, bool):
            told = str(node)
            return node if self.text(told, plain=key in _PLAIN_COUNTS) == told else GONE
        return node

    def _url(self, found: re.Match[str]) -> str:
        place, mark, query = found[0].partition("?")
        return _USER.sub(rf"\g<1>{GONE}@", place) + mark + self._values(query)

    def _values(self, query: str) -> str:
        """A query without its values; what has no name is a value."""
        parts = _BETWEEN.split(query)
        for place in range(0, len(parts), 2):
            key, equals, _ = parts[place].partition("=")
            if parts[place]:
                parts[place] = self.text(key) + equals + GONE if equals else GONE
        return "".join(parts)

    def _unless_known(self, found: re.Match[str]) -> str:
        return found[0] if found[0] in self._known else GONE


def kept(claim: Claim, exchange: Exchange, attempt: Attempt, wire: Wire, forms: Iterable[str] = ()) -> Kept:
    """What is kept of an exchange. ``forms`` are of the installation's secrets; those of this exchange are found here.

    Of many secrets only those are looked for in each text that are anywhere in the exchange.
    """
    known = (claim.media_id, claim.phone_number_id)
    found = "\n".join(_texts(exchange, wire))
    own = forms_of({*_secrets_of(claim, wire)} - set(known))
    clean = Withholding([form for form in (*forms, *own) if form in found], known)
    text = None if wire.body is None else clean.body(wire.body)
    prepared, file = wire.prepared, wire.file
    return Kept(
        at=exchange.at,
        operation=exchange.operation,
        outcome=attempt.outcome.value,
        duration_s=round(exchange.duration_s, 6),
        media=ids.encode(ids.Kind.MEDIA, claim.id),
        workspace=claim.workspace,
        number=claim.phone_number_id,
        method=None if exchange.wire_method is None else clean.text(exchange.wire_method, plain=True)[:_MOST_VALUE],
        declared_method=exchange.declared_method,
        url=None if prepared is None else clean.text(_origin(prepared), plain=True) + clean.target(prepared.target),
        request_headers=() if prepared is None else clean.headers(prepared.headers),
        status=exchange.status,
        reason=None if wire.reason is None else clean.text(wire.reason)[:_MOST_VALUE],
        response_headers=clean.headers(wire.headers),
        mime_type=next((clean.content_type(value) for name, value in wire.headers if name.lower() == _TYPE), None),
        text=None if text is None else text[:MOST_TEXT],
        text_cut=text is not None and len(text) > MOST_TEXT,
        size=file.size if file is not None else None if wire.body is None else len(wire.body),
        sha256=None if file is None else file.sha256.hex(),
        sniffed=None if file is None else sniff.content_type(file.head, claim.declared_mime_type),
        timings=_timings(wire),
        peer_address=exchange.peer_address,
        server=None if exchange.server is None else clean.text(exchange.server, plain=True),
        fresh=exchange.fresh,
        trouble=None if exchange.trouble is None else exchange.trouble.value,
        detail=None if exchange.detail is None else clean.text(exchange.detail, plain=True),
        graph_code=exchange.graph_code,
        graph_subcode=exchange.graph_subcode,
        trace_id=None if exchange.trace_id is None else clean.text(exchange.trace_id, plain=True),
        recipe=attempt.recipe,
        worker=attempt.worker,
    )


def _texts(exchange: Exchange, wire: Wire) -> Iterator[str]:
    """Every text in which a secret may stand."""
    yield from (each for each in (exchange.detail, exchange.server, exchange.trace_id, wire.reason) if each is not None)
    if wire.prepared is not None:
        yield from (wire.prepared.target, wire.prepared.host, wire.prepared.method)
        yield from (part for header in wire.prepared.headers for part in header)
    yield from (part for header in wire.headers for part in header)
    if wire.body is not None:
        yield wire.body.decode("utf-8", "replace")
        yield from _leaves(_parsed(wire.body))


def _parsed(body: bytes) -> Any:
    """JSON; None when it is none that can be walked through."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _leaves(node: Any, depth: int = 0) -> Iterator[str]:
    if depth > _MOST_LEVELS:
        return
    if isinstance(node, dict):
        for name, each in node.items():
            yield name
            yield from _leaves(each, depth + 1)
    elif isinstance(node, list):
        for each in node:
            yield from _leaves(each, depth + 1)
    elif node is not None:
        yield str(node)


def _secrets_of(claim: Claim, wire: Wire) -> Iterator[str]:
    """What this exchange itself shows to be secret: its token, the values of its URLs, whose message it is."""
    if wire.token is not None:
        yield wire.token
    yield from _message(claim.wamid)
    targets = [] if wire.prepared is None else [wire.prepared.target]
    if wire.body is not None:
        targets += [found[0].replace("\\/", "/") for found in _URL.finditer(wire.body.decode("utf-8", "replace"))]
    for target in targets:
        for pair in re.split(r"[&;]|\\u0026", target.partition("?")[2]):
            value = pair.rpartition("=")[2]
            yield from {value, unquote_plus(value)}


def _message(wamid: str) -> Iterator[str]:
    """A message id, and the phone numbers that it is made of."""
    inner = _IN_WAMID.sub("", wamid)
    yield from {wamid, inner}
    padded = inner.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        told = binascii.a2b_base64(padded + "=" * (-len(padded) % 4)).decode("latin-1")
    except (binascii.Error, ValueError):
        return
    yield from _INNER_DIGITS.findall(told)


def _origin(prepared: Prepared) -> str:
    host = f"[{prepared.host}]" if ":" in prepared.host else prepared.host
    port = "" if prepared.port in (None, DEFAULT_PORTS.get(prepared.scheme)) else f":{prepared.port}"
    return f"{prepared.scheme}://{host}{port}"


def _timings(wire: Wire) -> dict[str, float]:
    """How long each part took, as far as it came to that."""
    moments = (wire.asked_at, wire.slot_at, wire.connected_at, wire.headed_at, wire.ended_at)
    names = ("blocked", "connect", "wait", "receive")
    parts: dict[str, float] = {}
    before = moments[0]
    for name, at in zip(names, moments[1:], strict=True):
        if before is None:
            break
        after = at if at is not None else wire.ended_at
        if after is None:
            break
        parts[name] = round(max(0.0, after - before), 6)
        if at is None:
            break
        before = at
    return parts
