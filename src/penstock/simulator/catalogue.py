"""The catalogue of faults: every way in which a simulated upstream server can misbehave, with a line on each.

It holds names, words and the parameters that each fault takes, and nothing that acts: ``misbehave`` carries them out.
Read by the scenario, which refuses what is not listed here, and by whoever prints documentation.
"""

from dataclasses import dataclass
from typing import Literal

Hop = Literal["lookup", "download"]
HOPS: tuple[Hop, ...] = ("lookup", "download")


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to misbehave: its name, the hops where it makes sense, one line for the reader, its own parameters."""

    name: str
    hops: tuple[Hop, ...]
    line: str
    parameters: tuple[str, ...] = ()


PARAMETERS: dict[str, str] = {
    "status": "HTTP status of the answer",
    "code": "Graph error code in the body",
    "latency_s": "real seconds before the first byte of the answer",
    "bytes_per_s": "bytes of the answer per real second",
    "after_bytes": "bytes of the body that still go out (default: half of it)",
    "size_bytes": "size that is declared and sent",
    "retry_after_s": "value of Retry-After, in seconds",
    "url": "scheme and host that stand in the answer instead of the right ones",
}

_BOTH: tuple[Hop, ...] = HOPS
_LOOKUP: tuple[Hop, ...] = ("lookup",)
_DOWNLOAD: tuple[Hop, ...] = ("download",)

_ALL = (
    Fault(
        "ok", _BOTH, "behaves; stops the search, so that it can shield some requests from the faults listed below it"
    ),
    Fault("form-405", _LOOKUP, "answers 405 to a POST that tunnels another method; a plain GET is served", ("status",)),
    Fault(
        "form-400", _LOOKUP, "answers 400 with code 100 to a POST that tunnels another method; a plain GET is served"
    ),
    Fault("form-honoured", _LOOKUP, "honours a POST that tunnels another method, whatever the rules say"),
    Fault("get-405", _BOTH, "answers 405 to every request, a plain GET included"),
    Fault("server-error", _BOTH, "5xx with a Graph error that calls itself temporary", ("status", "code")),
    Fault("maintenance", _BOTH, "code 131057, account in maintenance mode", ("status",)),
    Fault("hang", _BOTH, "takes the request and never answers"),
    Fault("slow", _BOTH, "waits before it answers; the faults below it in the list still apply", ("latency_s",)),
    Fault("drip", _BOTH, "sends the answer a few bytes at a time", ("bytes_per_s",)),
    Fault("cut-short", _BOTH, "closes the connection before Content-Length is reached", ("after_bytes",)),
    Fault("reset", _BOTH, "resets the connection in the middle of the body", ("after_bytes",)),
    Fault("wrong-bytes", _DOWNLOAD, "a file of the right length with other content"),
    Fault("shorter-bytes", _DOWNLOAD, "a shorter file with a Content-Length that fits it", ("after_bytes",)),
    Fault("wrong-hash", _LOOKUP, "the look-up names a sha256 that the file does not have"),
    Fault("bad-json", _LOOKUP, "200 with JSON that breaks off"),
    Fault("throttle-429", _BOTH, "429 with usage headers and Retry-After", ("code", "retry_after_s")),
    Fault("throttle-400", _BOTH, "400 with a throttling code and usage headers", ("code", "retry_after_s")),
    Fault("token-190", _BOTH, "401 with code 190: the token is dead"),
    Fault("unauthorized", _BOTH, "401 in the file server's own shape, without any Graph code"),
    Fault("permission", _BOTH, "403 with code 10 or 200: a permission is missing", ("code",)),
    Fault("gone", _LOOKUP, "400 with code 100 and subcode 33: expired, deleted or not visible"),
    Fault("not-found", _DOWNLOAD, "404, as for a url that has died"),
    Fault("wrong-host", _LOOKUP, "the look-up names a url on another host", ("url",)),
    Fault("redirect", _BOTH, "302 to another host", ("url",)),
    Fault("html-page", _BOTH, "200 with an HTML page"),
    Fault("error-in-200", _BOTH, "200 with a Graph error in it", ("code",)),
    Fault("gzip", _BOTH, "the body gzipped, with Content-Encoding, unasked"),
    Fault("chunked", _BOTH, "chunked, without Content-Length"),
    Fault("no-length", _BOTH, "no length at all: the body ends where the connection does"),
    Fault("glued", _BOTH, "a second answer glued to the first one"),
    Fault("two-lengths", _BOTH, "two Content-Lengths that disagree"),
    Fault("length-and-chunked", _BOTH, "Content-Length and chunked at once"),
    Fault("oversize", _DOWNLOAD, "declares and sends far more than the file has", ("size_bytes",)),
    Fault("oversize-chunked", _DOWNLOAD, "sends far more than the file has, without declaring it", ("size_bytes",)),
    Fault("endless-headers", _BOTH, "headers that never end"),
)

CATALOGUE: dict[str, Fault] = {fault.name: fault for fault in _ALL}
