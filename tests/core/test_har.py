"""An export is a valid HTTP Archive: every field that HAR 1.2 requires, of its type, and others only with an underscore."""

import re
from typing import Any

from penstock.core.har import document
from penstock.core.trace import Kept, Trace

TRACE = Trace(3, {"workspace": "acme"}, "cli:anna", "a look.", 100.0, 200.0, 10, 1_000)
NUMBER = (int, float)
# name → (type, required); a dict is an object of this shape, a list of one is a list of such.
_PAIR = {"name": (str, True), "value": (str, True), "comment": (str, False)}
_COOKIE = _PAIR | {"path": (str, False), "domain": (str, False), "expires": (str, False), "httpOnly": (bool, False)}
SHAPE: dict[str, Any] = {
    "version": (str, True),
    "creator": ({"name": (str, True), "version": (str, True), "comment": (str, False)}, True),
    "browser": ({"name": (str, True), "version": (str, True)}, False),
    "pages": ([{"startedDateTime": (str, True), "id": (str, True), "title": (str, True)}], False),
    "comment": (str, False),
    "entries": (
        [
            {
                "pageref": (str, False),
                "startedDateTime": (str, True),
                "time": (NUMBER, True),
                "request": (
                    {
                        "method": (str, True),
                        "url": (str, True),
                        "httpVersion": (str, True),
                        "cookies": ([_COOKIE], True),
                        "headers": ([_PAIR], True),
                        "queryString": ([_PAIR], True),
                        "headersSize": (int, True),
                        "bodySize": (int, True),
                        "comment": (str, False),
                    },
                    True,
                ),
                "response": (
                    {
                        "status": (int, True),
                        "statusText": (str, True),
                        "httpVersion": (str, True),
                        "cookies": ([_COOKIE], True),
                        "headers": ([_PAIR], True),
                        "content": (
                            {
                                "size": (int, True),
                                "compression": (int, False),
                                "mimeType": (str, True),
                                "text": (str, False),
                                "encoding": (str, False),
                                "comment": (str, False),
                            },
                            True,
                        ),
                        "redirectURL": (str, True),
                        "headersSize": (int, True),
                        "bodySize": (int, True),
                        "comment": (str, False),
                    },
                    True,
                ),
                "cache": ({}, True),
                "timings": (
                    {
                        "blocked": (NUMBER, False),
                        "dns": (NUMBER, False),
                        "connect": (NUMBER, False),
                        "send": (NUMBER, True),
                        "wait": (NUMBER, True),
                        "receive": (NUMBER, True),
                        "ssl": (NUMBER, False),
                        "comment": (str, False),
                    },
                    True,
                ),
                "serverIPAddress": (str, False),
                "connection": (str, False),
                "comment": (str, False),
            }
        ],
        True,
    ),
}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def faults(archive: Any) -> list[str]:
    """What is wrong with an HTTP Archive by the structure of HAR 1.2."""
    found = ["there is more, or less, than a log"] if list(archive) != ["log"] else []
    found += _faults(archive["log"], SHAPE, "log")
    if archive["log"]["version"] != "1.2":
        found.append("the version is not 1.2")
    for nth, entry in enumerate(archive["log"]["entries"]):
        if not _TIME.fullmatch(entry["startedDateTime"]):
            found.append(f"entry {nth}: no time")
        spent = sum(value for name, value in entry["timings"].items() if name != "ssl" and value != -1)
        if abs(spent - entry["time"]) > 0.01:
            found.append(f"entry {nth}: its times do not add up")
        if any(entry["timings"][name] < 0 for name in ("send", "wait", "receive")):
            found.append(f"entry {nth}: a time that is required is not known")
    return found


def _faults(node: Any, shape: Any, where: str) -> list[str]:
    if isinstance(shape, list):
        if not isinstance(node, list):
            return [f"{where} is no list"]
        return [fault for nth, each in enumerate(node) for fault in _faults(each, shape[0], f"{where}[{nth}]")]
    if isinstance(shape, dict):
        if not isinstance(node, dict):
            return [f"{where} is no object"]
        found = [f"{where}.{name} is missing" for name, (_, needed) in shape.items() if needed and name not in node]
        for name, value in node.items():
            if name in shape:
                found += _faults(value, shape[name][0], f"{where}.{name}")
            elif not name.startswith("_"):
                found.append(f"{where}.{name} is not of HAR 1.2")
        return found
    right = isinstance(node, shape) and (shape is bool or not isinstance(node, bool))
    return [] if right else [f"{where} is {type(node).__name__}"]


LOOKED_UP = Kept(
    at=1_795_600_001.25,
    operation="media.look_up",
    outcome="upstream",
    duration_s=0.25,
    media="med_7h3k",
    workspace="acme",
    number="100000000000002",
    method="GET",
    declared_method="GET",
    url="https://graph.facebook.com/v26.0/1?a=[withheld]",
    request_headers=(("Host", "graph.facebook.com"), ("Authorization", "Bearer [withheld]")),
    status=503,
    reason="Service Unavailable",
    response_headers=(("Content-Type", "text/html"), ("X-Served-By", "bad-2")),
    mime_type="text/html",
    text="<html>",
    text_cut=True,
    size=12_000,
    timings={"blocked": 0.001, "connect": 0.002, "wait": 0.1, "receive": 0.01},
    peer_address="157.240.0.1",
    server="bad-2",
    fresh=True,
    detail="503",
)
FILE = Kept(
    at=1_795_600_000.0,
    operation="media.download",
    outcome="delivered",
    duration_s=0.5,
    media="med_7h3k",
    workspace="acme",
    number="100000000000002",
    declared_method="GET",
    size=22,
    sha256="0b" * 32,
    sniffed="image/jpeg",
    timings={"blocked": 0.0, "connect": 0.0001, "wait": 0.1, "receive": 0.4},
    fresh=False,
    status=200,
)
UNSENT = Kept(
    at=1_795_600_002.0,
    operation="media.look_up",
    outcome="contract",
    duration_s=0.0,
    media="med_7h3k",
    workspace="acme",
    number="100000000000002",
    declared_method="GET",
    method="POST",
    trouble="contract",
)


def test_an_export_is_an_http_archive() -> None:
    archive = document(TRACE, [LOOKED_UP, FILE, UNSENT], version="1.0")
    assert faults(archive) == []
    first, second, third = archive["log"]["entries"]
    assert [each["_operation"] for each in (first, second, third)] == [
        "media.download",
        "media.look_up",
        "media.look_up",
    ]
    assert second["serverIPAddress"] == "157.240.0.1"
    assert second["startedDateTime"] == "2026-11-25T09:46:41.250+00:00"
    assert second["request"]["queryString"] == [{"name": "a", "value": "[withheld]"}]
    assert second["timings"] == {
        "blocked": 1.0,
        "dns": -1,
        "connect": 2.0,
        "send": 0,
        "wait": 100.0,
        "receive": 10.0,
        "ssl": -1,
    }
    assert (second["time"], second["_outcome"], second["_server"], second["_fresh"]) == (
        113.0,
        "upstream",
        "bad-2",
        True,
    )
    assert first["response"]["content"]["_sha256"] == "0b" * 32
    assert "text" not in first["response"]["content"]
    assert (third["request"]["method"], third["_declaredMethod"], third["response"]["status"]) == ("POST", "GET", 0)
    assert archive["log"]["comment"].startswith("Trace 3 of workspace acme: a look.")


def test_an_empty_trace_is_an_archive_too() -> None:
    assert faults(document(TRACE, [], version="1.0")) == []


def test_the_check_itself_finds_what_is_wrong() -> None:
    archive = document(TRACE, [LOOKED_UP], version="1.0")
    del archive["log"]["entries"][0]["request"]["cookies"]
    archive["log"]["entries"][0]["timings"]["wait"] = "long"
    archive["log"]["more"] = 1
    assert len(_faults(archive["log"], SHAPE, "log")) == 3
