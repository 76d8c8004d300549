"""The check on the prepared request, innermost: what was prepared is what was declared, or nothing is sent.

Each call brings its own check as the last middleware of its request; the session's own middleware refuses whatever
comes without one, and the pool refuses to connect for a request that no check has passed. So there is no way to a
socket around ``core.contract``. A connection stays with its call until the exchange was judged. Used by ``http``.
"""

import time

from aiohttp import (
    ClientError,
    ClientHandlerType,
    ClientOSError,
    ClientRequest,
    ClientResponse,
    ServerDisconnectedError,
)
from aiohttp.connector import Connection

from penstock.contract.checking import ContractViolation
from penstock.contract.sessions import as_prepared
from penstock.core.contract import Declared, Pinned, violation
from penstock.core.wire import Wire


class BrokenOff(ClientError):  # noqa: N818  named for what it is
    """A new connection was broken off before an answer came. The client would quietly ask again; nobody would know."""


class Held(Connection):
    """A connection that is given back only once its exchange was judged.

    The client gives a connection back as soon as an answer is whole, right or wrong, and the next request gets it. Ours
    goes back to the pool after a success only; after anything else it is closed, so that a retry meets another server.
    """

    def __init__(self, connection: Connection) -> None:
        # The connection under another class: its fields are taken over, and the old object is left empty.
        super().__init__(connection._connector, connection._key, connection._protocol, connection._loop)  # type: ignore[arg-type]  # noqa: SLF001
        connection._protocol = None  # noqa: SLF001
        self._whole = False

    def release(self) -> None:
        """The answer is whole. Whether it is right is not known yet."""
        self._whole = True

    def settle(self, *, good: bool) -> None:
        """Back to the pool, or closed."""
        if good and self._whole:
            super().release()
        else:
            super().close()


class DeclaredRequest(ClientRequest):
    """A request that knows by which call it was checked."""

    passed: "Call | None" = None


class Call:
    """One request on its way: what it must be, the check on it, and what was seen of it."""

    __slots__ = ("alone", "declared", "fresh", "held", "peer_address", "pinned", "violation", "wire", "wire_method")

    def __init__(self, declared: Declared, pinned: Pinned, *, alone: bool = False, wire: Wire | None = None) -> None:
        self.pinned = pinned
        self.wire = wire  # where what goes over the wire is noted, if somebody traces
        self.alone = alone  # whether it needs a connection that was made for it
        self.declared = declared
        self.wire_method: str | None = None
        self.violation: str | None = None
        self.peer_address: str | None = None
        self.fresh = False  # whether the connection was made for this call
        self.held: Held | None = None

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """The middleware. Raises ContractViolation before anything is sent."""
        prepared = as_prepared(request)
        self.wire_method = prepared.method
        if self.wire is not None:
            self.wire.prepared = prepared
        self.violation = violation(prepared, self.declared, self.pinned)
        if self.violation is not None:
            raise ContractViolation(self.violation)
        if not isinstance(request, DeclaredRequest):
            raise ContractViolation("the request was not made by our session")
        request.passed = self
        try:
            return await handler(request)
        except (ServerDisconnectedError, ClientOSError) as error:
            # On a connection from the pool this is most often an idle one that ended as we wrote: the client asks once
            # more over another, and that is all right. What happens to a new connection is an answer of the server's.
            if self.fresh and self.held is not None:
                raise BrokenOff from error
            raise

    def connecting(self) -> None:
        """Nothing is known of a connection yet, or no longer: the one from the pool had ended."""
        self.fresh, self.held, self.peer_address = False, None, None
        if self.wire is not None:
            self.wire.connecting()

    def hold(self, connection: Connection) -> Held:
        """Take a connection, and note who is at its other end."""
        transport = connection.transport
        peer = transport.get_extra_info("peername") if transport is not None else None
        self.peer_address = str(peer[0]) if isinstance(peer, tuple) else None
        self.held = Held(connection)
        if self.wire is not None:
            self.wire.connected_at = time.monotonic()
        return self.held

    def settle(self, *, good: bool) -> None:
        """The exchange was judged."""
        if self.held is not None:
            self.held.settle(good=good)


async def refuse_undeclared(request: ClientRequest, _handler: ClientHandlerType) -> ClientResponse:
    """The session's own middleware: a request that brings no check of its own is not sent."""
    raise ContractViolation(f"a {request.method[:20]!r} request that nobody declared")
