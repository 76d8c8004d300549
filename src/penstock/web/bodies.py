"""Reading a request's body without trusting it: a limit in bytes, a limit in time, and a client that may leave.

No server in front of us limits any of these. Used by the door, the API and the sign-in form.
"""

import asyncio
from collections.abc import Iterable

from starlette.types import Receive


class BodyTooLargeError(Exception):
    """More bytes than this request may have."""


class BodyTooSlowError(Exception):
    """It was not complete in time."""


class ClientGoneError(Exception):
    """The client left: nobody is there to answer."""


async def read_body(
    receive: Receive, *, headers: Iterable[tuple[bytes, bytes]], limit_bytes: int, within_s: float
) -> bytes:
    """The whole body. Raises one of the errors above; at once when Content-Length announces too much."""
    declared = header(headers, b"content-length")
    if declared is not None and declared.isdigit() and int(declared[:20]) > limit_bytes:
        raise BodyTooLargeError
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(within_s):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGoneError
                part: bytes = message.get("body", b"")
                size += len(part)
                if size > limit_bytes:
                    raise BodyTooLargeError
                parts.append(part)
                if not message.get("more_body", False):
                    return b"".join(parts)
    except TimeoutError:
        raise BodyTooSlowError from None


def header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    """The first header of this lower-case name, as it came."""
    for key, value in headers:
        if key == name:
            return value
    return None
