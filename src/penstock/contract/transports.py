"""The guard for httpx and httpx2: a transport around a transport, the last that a request meets before a socket.

It imports neither library: both hand a transport the same kind of request, sync and async, and take any object that
behaves like a transport. Used through ``penstock.contract``.
"""

from collections.abc import Iterator
from typing import Any, Self, TypeVar, cast

from penstock.contract import bodies
from penstock.contract.checking import Contract
from penstock.core.contract import Prepared
from penstock.core.hosts import DEFAULT_PORTS

T = TypeVar("T")


def guarded_transport(contract: Contract, inner: T) -> T:
    """A transport that lets only declared requests through to ``inner``, sync or async, and passes for one of its kind.

    A call may name its operation: ``extensions={"operation": "orders.read"}``.
    """
    return cast("T", GuardedTransport(contract, inner))


class GuardedTransport:
    """What stands around the other transport."""

    def __init__(self, contract: Contract, inner: Any) -> None:
        self._contract = contract
        self._inner = inner

    def handle_request(self, request: Any) -> Any:
        """Called by a client. Raises ContractViolation before anything is sent."""
        self._check(request)
        return self._inner.handle_request(request)

    async def handle_async_request(self, request: Any) -> Any:
        """Called by an async client. Raises ContractViolation before anything is sent."""
        self._check(request)
        return await self._inner.handle_async_request(request)

    def close(self) -> None:
        """Close what is inside."""
        self._inner.close()

    async def aclose(self) -> None:
        """Close what is inside."""
        await self._inner.aclose()

    def __enter__(self) -> Self:
        """Open what is inside."""
        self._inner.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        """Close what is inside."""
        self._inner.__exit__(*error)

    async def __aenter__(self) -> Self:
        """Open what is inside."""
        await self._inner.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        """Close what is inside."""
        await self._inner.__aexit__(*error)

    def _check(self, request: Any) -> None:
        self._contract.check(as_prepared(request), request.extensions.get("operation"))


def as_prepared(request: Any) -> Prepared:
    """What the client is about to write, from its own final request."""
    url = request.url
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw)
    announced = {name.lower(): value for name, value in headers}
    return Prepared(
        method=request.method,
        scheme=url.scheme,
        host=url.raw_host.decode("ascii"),
        port=DEFAULT_PORTS.get(url.scheme) if url.port is None else url.port,
        target=url.raw_path.decode("ascii"),
        headers=headers,
        body=announced.get("content-length", "0") != "0" or "transfer-encoding" in announced,
        tunnelled=bodies.tunnelled(_fields(request, announced.get("content-type", ""))),
    )


def _fields(request: Any, content_type: str) -> Iterator[tuple[str, object]]:
    for field in getattr(request.stream, "fields", ()):  # of a multipart form
        if isinstance(value := getattr(field, "value", None), str | bytes):
            yield str(field.name), value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    try:
        content = request.content
    except RuntimeError:  # it is streamed, and nobody has read it
        return
    yield from bodies.fields(content_type, content)
