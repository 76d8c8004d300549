"""Kept exchanges as an HTTP Archive (HAR 1.2), which browsers' tools and other people's scripts can read.

What HAR has no place for stands in fields that begin with an underscore, as its specification permits. Nothing is
withheld here: that was done before the exchanges were kept. Pure; called by ``penstock trace export`` and the API.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from penstock.core.gate import SCOPES
from penstock.core.trace import Kept, Trace

Json = dict[str, Any]
_UNKNOWN = -1  # HAR's word for what is not known


def document(trace: Trace, exchanges: Iterable[Kept], *, version: str) -> Json:
    """The whole archive, the oldest exchange first."""
    entries = sorted(exchanges, key=lambda each: each.at)
    scope = next((f"{name} {trace.scope[name]}" for name in SCOPES if name in trace.scope), "everything")
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "Penstock", "version": version},
            "pages": [],
            "entries": [_entry(each) for each in entries],
            "comment": f"Trace {trace.id} of {scope}: {trace.why} Secrets, phone numbers and files are withheld.",
        }
    }


def _entry(kept: Kept) -> Json:
    timings = _timings(kept)
    entry: Json = {
        "startedDateTime": datetime.fromtimestamp(kept.at, UTC).isoformat(timespec="milliseconds"),
        "time": round(sum(value for value in timings.values() if value > 0), 3),
        "request": _request(kept),
        "response": _response(kept),
        "cache": {},
        "timings": timings,
        "comment": f"{kept.operation}: {kept.outcome}" + (f", {kept.detail}" if kept.detail else ""),
    }
    if kept.peer_address is not None:
        entry["serverIPAddress"] = kept.peer_address
    told = {
        "_operation": kept.operation,
        "_outcome": kept.outcome,
        "_media": kept.media,
        "_workspace": kept.workspace,
        "_number": kept.number,
        "_declaredMethod": kept.declared_method,
        "_server": kept.server,
        "_fresh": kept.fresh,
        "_trouble": kept.trouble,
        "_detail": kept.detail,
        "_graphCode": kept.graph_code,
        "_graphSubcode": kept.graph_subcode,
        "_traceId": kept.trace_id,
        "_recipe": kept.recipe,
        "_worker": kept.worker,
    }
    return entry | {name: value for name, value in told.items() if value is not None}


def _request(kept: Kept) -> Json:
    url = kept.url or ""
    pairs = [pair.partition("=") for pair in urlsplit(url).query.split("&") if pair]
    return {
        "method": kept.method or kept.declared_method,
        "url": url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(kept.request_headers),
        "queryString": [{"name": name, "value": value} for name, _, value in pairs],
        "headersSize": _UNKNOWN,
        "bodySize": 0,
    }


def _response(kept: Kept) -> Json:
    location = next((value for name, value in kept.response_headers if name.lower() == "location"), "")
    content: Json = {"size": kept.size or 0, "mimeType": kept.mime_type or ""}
    if kept.text is not None:
        content["text"] = kept.text
        if kept.text_cut:
            content["comment"] = "The text is cut."
    if kept.sha256 is not None:
        content |= {"_sha256": kept.sha256, "_sniffed": kept.sniffed, "comment": "The bytes of files are not kept."}
    return {
        "status": kept.status or 0,
        "statusText": kept.reason or "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(kept.response_headers),
        "content": content,
        "redirectURL": location,
        "headersSize": _UNKNOWN,
        "bodySize": _UNKNOWN if kept.size is None else kept.size,
    }


def _headers(headers: Iterable[tuple[str, str]]) -> list[Json]:
    return [{"name": name, "value": value} for name, value in headers]


def _timings(kept: Kept) -> dict[str, float]:
    """Milliseconds. What HAR requires is 0 where it did not come to it; the rest is -1."""
    told = {name: round(seconds * 1_000, 3) for name, seconds in kept.timings.items()}
    return {
        "blocked": told.get("blocked", _UNKNOWN),
        "dns": _UNKNOWN,
        "connect": told.get("connect", _UNKNOWN) if kept.fresh else _UNKNOWN,
        "send": 0 if kept.fresh or "connect" not in told else told["connect"],
        "wait": told.get("wait", 0),
        "receive": told.get("receive", 0),
        "ssl": _UNKNOWN,
    }
