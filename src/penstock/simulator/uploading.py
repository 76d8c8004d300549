"""Uploads, as Graph takes them: ``POST /{version}/{phone-number-id}/media`` with a multipart form, an id in return.

The media so made belongs to the number and lives 30 days. Called by ``Upstream``; faults do not reach this place.
"""

import re

from . import graph_errors
from .case import Case
from .graph_errors import dumps, trace_headers
from .lookup import refused_token
from .media import file_of, kind_of
from .plans import Answer
from .world import World

_BOUNDARY = re.compile(r'multipart/form-data\s*;.*?boundary="?([^";,]+)"?', re.IGNORECASE)
_NAME = re.compile(r';\s*name="([^"]*)"', re.IGNORECASE)
_FILENAME = re.compile(r';\s*filename="([^"]*)"', re.IGNORECASE)


def upload(case: Case, world: World) -> Answer:
    """Graph's answer to an upload."""
    refused = refused_token(case, world)
    if refused is not None:
        return refused
    if case.request.method != "POST":
        return graph_errors.wrong_verb(case.request.method, case.trace)
    number = world.numbers.get(case.object_id)
    if number is None or case.token is None or not world.tokens.sees(case.token, number.phone_number_id):
        return graph_errors.gone(case.object_id, case.trace, "post")
    parts = _parts(case.request.header("content-type") or "", case.request.body)
    sent = parts.get("file")
    if sent is None or "messaging_product" not in parts:
        message = "(#100) The parameters messaging_product and file are required."
        return graph_errors.error(400, message, "OAuthException", 100, case.trace)
    data, filename, declared = sent
    mime_type = parts["type"][0].decode("utf-8", "replace") if "type" in parts else declared
    file = file_of(data, mime_type or "application/octet-stream", filename)
    media = world.shelf.add(file, kind=kind_of(file.mime_type), number=number, now=world.clock.now(), inbound=False)
    return Answer(200, dumps({"id": media.id}), headers=trace_headers(case.trace))


def _parts(content_type: str, body: bytes) -> dict[str, tuple[bytes, str | None, str | None]]:
    """The fields of a multipart form: bytes, file name, content type."""
    found = _BOUNDARY.match(content_type)
    if found is None:
        return {}
    fields = {}
    # A boundary stands at the beginning of a line; the blank line in front makes that true of the first one as well.
    for part in (b"\r\n" + body).split(b"\r\n--" + found[1].encode())[1:-1]:
        head, _, data = part.partition(b"\r\n\r\n")
        lines = head.decode("utf-8", "replace")
        name = _NAME.search(lines)
        if name is None:
            continue
        filename = _FILENAME.search(lines)
        declared = re.search(r"content-type:\s*([^\r\n]+)", lines, re.IGNORECASE)
        fields[name[1]] = (data, filename[1] if filename else None, declared[1].strip() if declared else None)
    return fields
