"""One request to an alert target: no redirect followed, no proxy or cookie used, everything within a time limit.

The answer is read up to a cap, and what is told of it to people is one line in which no secret of the request occurs. A
connection is made anew for each: alerts are rare, and a pooled one may be dead. Used by the senders beside it.
"""

import asyncio
import contextlib
import os
import re
import socket
import ssl
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.client_exceptions import (
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientSSLError,
)
from yarl import URL

from penstock import __version__
from penstock.adapters.notify.port import Reply

USER_AGENT = f"Penstock/{__version__} (alerts)"
LIMIT_S = 15.0
_CONNECT_S = 5.0
_FAREWELL_S = 1.0
_READ_BYTES = 4_096
_SAID = 120  # characters of an answer that are told
_LASTING = frozenset({*range(300, 400), *range(400, 500)} - {408, 409, 421, 423, 425, 429})
_UNFIT = frozenset({400, 413, 422})
_WHOLE_SECONDS = re.compile(r"[0-9]{1,6}")


async def post(
    url: str,
    content: bytes,
    *,
    headers: Mapping[str, str] | None = None,
    secrets: Iterable[str] = (),
    passing: frozenset[int] = frozenset(),
    unfit: frozenset[int] = _UNFIT,
) -> Reply:
    """POST JSON. ``passing`` are refusals that pass by themselves at this target, ``unfit`` those of this one alert."""
    given = {"Content-Type": "application/json", **(headers or {})}
    return await _asked("POST", url, content, given, tuple(secrets), passing, unfit)


async def get(url: str, *, secrets: Iterable[str] = ()) -> Reply:
    """GET, for the sake of having asked."""
    return await _asked("GET", url, None, {}, tuple(secrets), frozenset(), frozenset())


async def connect(host: str, port: int, *, secure: bool, limit_s: float = 10.0) -> str | None:
    """Open a connection and close it again: None, or why that does not work."""
    try:
        async with asyncio.timeout(limit_s):
            _, writer = await asyncio.open_connection(host, port, ssl=ssl.create_default_context() if secure else None)
    except ssl.SSLCertVerificationError as error:
        return f"its certificate is refused: {error.verify_message}"
    except (OSError, TimeoutError) as error:
        return f"it cannot be reached: {_system(error)}"
    writer.close()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(_FAREWELL_S):  # so that nothing of it is left when the loop ends
            await writer.wait_closed()
    return None


async def connect_to(url: str) -> str | None:
    """The same to where an address leads."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    return await connect(parts.hostname or "", parts.port or (443 if secure else 80), secure=secure)


def hidden(url: str) -> list[str]:
    """What of an address may be a secret, so that no answer that repeats it is shown."""
    parts = urlsplit(url)
    return [text for text in (parts.path.strip("/"), parts.query) if text]


async def _asked(
    method: str,
    url: str,
    content: bytes | None,
    headers: Mapping[str, str],
    secrets: tuple[str, ...],
    passing: frozenset[int],
    unfit: frozenset[int],
) -> Reply:
    try:
        async with (
            asyncio.timeout(LIMIT_S),
            ClientSession(
                connector=TCPConnector(force_close=True),
                cookie_jar=DummyCookieJar(),
                trust_env=False,
                auto_decompress=False,
                timeout=ClientTimeout(total=None, sock_connect=_CONNECT_S),
            ) as session,
            session.request(
                method,
                URL(url, encoded=True),
                data=content,
                headers={"User-Agent": USER_AGENT, **headers},
                allow_redirects=False,
            ) as response,
        ):
            return _judged(response, await _beginning(response), secrets, passing, unfit)
    except (ClientError, OSError, TimeoutError, ValueError) as error:
        return Reply(False, _reason(error))


async def _beginning(response: ClientResponse) -> str:
    read = b""
    while len(read) < _READ_BYTES and (chunk := await response.content.read(_READ_BYTES - len(read))):
        read += chunk
    return read.decode("utf-8", "replace")


def _judged(
    response: ClientResponse, said: str, secrets: tuple[str, ...], passing: frozenset[int], unfit: frozenset[int]
) -> Reply:
    status = response.status
    if 200 <= status < 300:
        return Reply(True, f"answered {status}")
    told = " ".join("".join(each if each.isprintable() else " " for each in said).split())
    for secret in secrets:
        told = told.replace(secret, "…") if secret else told
    told = told[:_SAID]
    told = f"answered {status}: {told}" if told else f"answered {status}"
    if 300 <= status < 400:
        told = f"answered {status}, a redirect, which is not followed"
    after = response.headers.get("Retry-After", "")
    return Reply(
        False,
        told,
        lasting=status in _LASTING - unfit - passing,
        unfit=status in unfit,
        after_s=float(after) if _WHOLE_SECONDS.fullmatch(after) else None,
    )


def _reason(error: Exception) -> str:
    """What went wrong, without the address: it may be the secret."""
    match error:
        case TimeoutError():
            return "does not answer in time"
        case ClientConnectorCertificateError():
            return "its certificate is refused"
        case ClientConnectorDNSError():
            return "its name is not known"
        case ClientSSLError():
            return "no TLS connection can be made"
        case ClientConnectorError():
            return f"cannot be reached: {_system(error.os_error)}"
        case _:
            return f"the connection broke off ({type(error).__name__})"


def _system(error: OSError) -> str:
    """What the operating system says, without the address that is in some of its sentences."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    return os.strerror(error.errno) if error.errno else "no connection"
