"""Graph's error objects: one builder, and the texts that belong to each code.

The only place where error bodies are worded. Used by the two hops for refusals that follow from the rules, and by
``misbehave`` for errors that the scenario asks for.
"""

import json
from collections.abc import Mapping
from typing import Any

from .plans import Answer

API_VERSION = "v26.0"

_ALLOW = "GET, HEAD, DELETE"
_TEXTS: dict[int, tuple[str, str, dict[str, Any]]] = {
    1: ("An unknown error occurred", "OAuthException", {"is_transient": True}),
    2: ("An unexpected error occurred. Please retry your request", "GraphMethodException", {"is_transient": True}),
    4: ("Application request limit reached", "OAuthException", {"error_subcode": 2446079, "is_transient": True}),
    10: ("Not supported", "OAuthException", {}),
    17: ("User request limit reached", "OAuthException", {"error_subcode": 2446079, "is_transient": True}),
    104: ("An access token is required to request this resource", "OAuthException", {}),
    190: ("Invalid OAuth access token", "OAuthException", {"error_subcode": 463}),
    200: ("This operation requires additional permissions", "OAuthException", {}),
    80007: (
        "(#80007) Rate limit issues",
        "OAuthException",
        {
            "error_data": {
                "messaging_product": "whatsapp",
                "details": "The WhatsApp Business Account has reached its rate limit.",
            },
            "is_transient": True,
        },
    ),
    130429: (
        "(#130429) Rate limit hit",
        "OAuthException",
        {
            "error_data": {
                "messaging_product": "whatsapp",
                "details": "Cloud API message throughput has been reached.",
            },
            "error_subcode": 2494055,
        },
    ),
    131000: (
        "(#131000) Something went wrong",
        "OAuthException",
        {"error_data": {"messaging_product": "whatsapp", "details": "Something went wrong"}},
    ),
    131016: (
        "(#131016) Service unavailable",
        "OAuthException",
        {"error_data": {"messaging_product": "whatsapp", "details": "Service temporarily unavailable"}},
    ),
    131057: (
        "(#131057) Account in maintenance mode",
        "OAuthException",
        {"error_data": {"messaging_product": "whatsapp", "details": "Business Account is in maintenance mode"}},
    ),
}


def dumps(value: Any) -> bytes:
    """JSON as Meta writes it: no blanks, ``\\u00e4`` for what is not ASCII, ``\\/`` for every slash."""
    # A slash can stand in JSON only inside a string, so replacing all of them is safe.
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/").encode("ascii")


def trace_headers(trace: str) -> dict[str, str]:
    """The headers that every Graph answer carries."""
    return {
        "facebook-api-version": API_VERSION,
        "x-fb-request-id": trace,
        "x-fb-trace-id": trace,
        "Cache-Control": "private, no-cache, no-store, must-revalidate",
    }


def error(status: int, message: str, type_: str, code: int, trace: str, **more: Any) -> Answer:
    """An answer with a Graph error in it."""
    body = {"error": {"message": message, "type": type_, "code": code, **more, "fbtrace_id": trace}}
    return Answer(status, dumps(body), headers=trace_headers(trace))


def coded(status: int, code: int, trace: str, headers: Mapping[str, str] | None = None) -> Answer:
    """The answer that belongs to a code, whatever its status; a code without a text gets a general one."""
    message, type_, more = _TEXTS.get(code, (f"(#{code}) An error occurred", "OAuthException", {}))
    answer = error(status, message, type_, code, trace, **more)
    return Answer(status, answer.body, headers={**answer.headers, **(headers or {})})


def gone(object_id: str, trace: str, verb: str = "get") -> Answer:
    """100/33: expired, deleted, somebody else's or never there."""
    message = (
        f"Unsupported {verb} request. Object with ID '{object_id}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation."
    )
    return error(400, message, "GraphMethodException", 100, trace, error_subcode=33)


def wrong_verb(verb: str, trace: str) -> Answer:
    """100 without subcode: this node does not take this method."""
    return error(400, f"Unsupported request - method type: {verb.lower()}", "GraphMethodException", 100, trace)


def not_allowed(trace: str, status: int = 405) -> Answer:
    """405, as part of the fleet answered in the incident. Its body is a guess: none has been published."""
    body = dumps({"error": {"message": "Method Not Allowed", "type": "OAuthException", "code": 1, "fbtrace_id": trace}})
    return Answer(status, body, headers={**trace_headers(trace), "Allow": _ALLOW})


def usage_headers(percent: int, waba: str, regain_minutes: int) -> dict[str, str]:
    """The headers by which Graph says how much of a limit is used."""
    app = {"call_count": percent, "total_cputime": percent // 4, "total_time": percent // 4}
    business = {waba: [{"type": "whatsapp", **app, "estimated_time_to_regain_access": regain_minutes}]}
    return {
        "x-app-usage": json.dumps(app, separators=(",", ":")),
        "x-business-use-case-usage": json.dumps(business, separators=(",", ":")),
    }


def lookaside_401() -> Answer:
    """The file server's own refusal, which is not in Graph's shape."""
    return Answer(401, dumps({"title": "Authentication Error", "detail": "Authentication Error", "status": 401}))


def lookaside_404() -> Answer:
    """The file server's answer for a url that has died or was never good."""
    return Answer(404, dumps({"title": "Not Found", "detail": "URL signature expired", "status": 404}))
