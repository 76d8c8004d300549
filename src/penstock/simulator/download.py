"""The download hop, as the file server behaves: a signed url, a token and a User-Agent in, bytes out.

It decides by the rules of the world and nothing else: no faults here. Called by ``Upstream`` with a case.
"""

import hmac
from urllib.parse import quote

from . import graph_errors
from .case import Case
from .graph_errors import dumps
from .lookup import refused_token
from .plans import Answer
from .world import World


def download(case: Case, world: World) -> Answer:
    """The file server's answer."""
    request = case.request
    if request.method != "GET":
        return graph_errors.not_allowed(case.trace)
    if world.rules.user_agent and not request.header("user-agent"):
        return Answer(400, dumps({"title": "Bad Request", "detail": "User-Agent is required", "status": 400}))
    refused = refused_token(case, world)
    if refused is not None:
        return refused if world.rules.download_401 == "graph" else graph_errors.lookaside_401()
    media = case.media
    now = world.clock.now()
    if media is None or case.token is None or not world.sees(case.token, media):
        return graph_errors.lookaside_404()
    young = now < media.created_at + world.rules.fresh_404_s
    if young or not media.alive(world.rules, now) or not _signed(case, world, now):
        return graph_errors.lookaside_404()
    file = media.file
    headers = {"Content-Disposition": _attachment(file.filename)} if file.filename else {}
    return Answer(200, file.data, file.mime_type, headers)


def _signed(case: Case, world: World, now: float) -> bool:
    """Whether the url was given out for this media and has not died."""
    query = dict(case.request.query())
    expiry, signature = query.get("ext", ""), query.get("hash", "")
    if not expiry.isdecimal() or not signature.isascii():
        return False
    expires_at = int(expiry)
    good = hmac.compare_digest(signature, world.shelf.sign(case.object_id, expires_at))
    # A webhook may carry milliseconds, which are signed as they stand there.
    return good and now < (expires_at / 1000 if expires_at > _MILLISECONDS else expires_at)


_MILLISECONDS = 100_000_000_000


def _attachment(filename: str) -> str:
    """The header's value, pure ASCII, the name percent-encoded."""
    return f"attachment; filename*=UTF-8''{quote(filename, safe='')}"
