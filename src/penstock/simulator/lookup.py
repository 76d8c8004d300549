"""The look-up hop, as Graph behaves: a media id and a token in, a signed url with hash and size out.

It decides by the rules of the world and nothing else: no faults here. Called by ``Upstream`` with a case.
"""

import json
from functools import cache

from . import graph_errors
from .case import Case
from .graph_errors import trace_headers
from .incoming import may_be_tunnelled
from .media import Media
from .plans import Answer
from .world import World

_NOT_OF_THIS_NUMBER = "Param phone_number_id is not a valid whatsapp business phone number id ID"


def look_up(case: Case, world: World, *, override: str | None = None, status: int | None = None) -> Answer:
    """Graph's answer. ``override`` says how a tunnelled method is taken, not the rules; ``status`` is a 405's own."""
    method = case.request.method
    if case.tunnelled:
        way = override or world.rules.override
        if way == "405":
            return graph_errors.not_allowed(case.trace, status or 405)
        asked = case.override.method
        if way == "400" or case.override.disagree or asked is None or not may_be_tunnelled(asked):
            return graph_errors.wrong_verb(method, case.trace)
        method = asked.upper()
    return refused_token(case, world) or _on_node(method, case, world)


def refused_token(case: Case, world: World) -> Answer | None:
    """Graph's refusal when a request comes without a token, or with one that is dead or unknown."""
    if case.token is None:
        return graph_errors.coded(401, 190 if case.stranger else 104, case.trace)
    return None if world.tokens.alive(case.token) else graph_errors.coded(401, 190, case.trace)


def _on_node(method: str, case: Case, world: World) -> Answer:
    media = case.media
    assert case.token is not None
    if method not in {"GET", "DELETE"}:
        return graph_errors.wrong_verb(method, case.trace)
    if media is None or not media.alive(world.rules, world.clock.now()) or not world.sees(case.token, media):
        return graph_errors.gone(case.object_id, case.trace, method.lower())
    if method == "DELETE":
        media.deleted = True
        return Answer(200, b'{"success":true}', headers=trace_headers(case.trace))
    if _wrong_number(case, media, world):
        return graph_errors.error(400, _NOT_OF_THIS_NUMBER, "OAuthException", 100, case.trace)
    return found(media, case.trace, world)


def _wrong_number(case: Case, media: Media, world: World) -> bool:
    """Whether the request names a number in a way that Graph refuses. A customer's file is of no business number."""
    request = case.request
    rule = world.rules.phone_number_id
    if rule == "ignore" or not (request.body or "phone_number_id" in request.target):
        return False
    asked = [value for name, value in (*request.form(), *request.query()) if name == "phone_number_id"]
    if not asked:
        return False
    if rule == "refuse" and media.inbound:
        return True
    return media.number is None or any(value != media.number.phone_number_id for value in asked)


def found(media: Media, trace: str, world: World) -> Answer:
    """Graph's answer for a media that is there."""
    rules = world.rules
    url = world.fresh_url(media, source="getMedia", life_s=rules.url_life_s)
    sha256 = media.sha256 if rules.sha256 == "hex" else media.file.sha256_base64
    size = f"{media.size}" if rules.file_size == "integer" else f'"{media.size}"'
    # Put together by hand, as this is what benchmarks ask for: only the type can hold anything that JSON escapes.
    body = (
        f'{{"messaging_product":"whatsapp","url":"{url}","mime_type":{_quoted(media.file.mime_type)},'
        f'"sha256":"{sha256}","file_size":{size},"id":"{media.id}"}}'
    )
    return Answer(200, body.replace("/", "\\/").encode(), headers=trace_headers(trace))


_quoted = cache(json.dumps)
