"""The guard for aiohttp: a middleware that sees the prepared request, and a session that nothing can go around.

The middleware belongs last among a session's middlewares, where nothing changes the request after it. A call that
brings middlewares of its own takes it out of its session; ``guarded_session`` refuses even that. Used by
``penstock.contract`` and, for reading the prepared request, by the Graph adapter.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from aiohttp import (
    BytesPayload,
    ClientHandlerType,
    ClientMiddlewareType,
    ClientRequest,
    ClientResponse,
    ClientSession,
    MultipartWriter,
)
from aiohttp.connector import Connection

from penstock.contract import bodies
from penstock.contract.checking import Contract
from penstock.core.contract import Prepared


def guard(contract: Contract, operation: str | None = None) -> ClientMiddlewareType:
    """A middleware that lets only declared requests through, or only this operation's. Put it last."""

    async def check(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        contract.check(_with_fields(request), operation)
        return await handler(request)

    return check


def guarded_session(contract: Contract, **arguments: Any) -> ClientSession:
    """An aiohttp session out of which only declared requests go, whatever middlewares a call may bring.

    ``arguments`` are those of ``aiohttp.ClientSession``, ``request_class`` excepted.
    """

    class Sealed(ClientRequest):
        """A request that is compared once more when its connection is there and nothing was written."""

        async def send(self, conn: Connection) -> ClientResponse:
            contract.check(_with_fields(self))
            return await super().send(conn)

    middlewares = (*arguments.pop("middlewares", ()), guard(contract))
    return ClientSession(middlewares=middlewares, request_class=Sealed, **arguments)


def as_prepared(request: ClientRequest) -> Prepared:
    """What the client is about to write, from its own final request."""
    url = request.url
    return Prepared(
        method=request.method,
        scheme=url.scheme,
        host=url.raw_host or "",
        port=url.port,
        target=url.raw_path_qs,
        headers=tuple(request.headers.items()),
        http_version=(request.version[0], request.version[1]),
        body=bool(request.body) or request.chunked is not None or request.compress is not None,
        data=_plain(request),
        proxied=request.proxy is not None,
        verified=request.ssl is True and request.server_hostname is None,
    )


def _plain(request: ClientRequest) -> bytes | None:
    """The body, where it is plain bytes that nothing transforms on their way; None otherwise."""
    body = request.body
    if type(body) is not BytesPayload or request.chunked or request.compress:
        return None
    return body.decode("latin-1").encode("latin-1")


def _with_fields(request: ClientRequest) -> Prepared:
    """The same, with a look into the body, which a declaration of somebody else's may permit."""
    prepared = as_prepared(request)
    if not prepared.body:
        return prepared
    return msgspec.structs.replace(prepared, tunnelled=bodies.tunnelled(_fields(request)))


def _fields(request: ClientRequest) -> Iterator[tuple[str, object]]:
    body = request.body
    if isinstance(body, BytesPayload):
        content_type = request.headers.get("Content-Type", "")
        yield from bodies.fields(content_type, body.decode("latin-1").encode("latin-1"))
    elif isinstance(body, MultipartWriter):
        for part, _, _ in body:
            name = part.headers.get("Content-Disposition", "").partition('name="')[2].partition('"')[0]
            if isinstance(part, BytesPayload) and part.filename is None:
                yield name, part.decode("utf-8", "replace")
