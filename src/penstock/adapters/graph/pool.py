"""The pool of connections: it connects only for requests that were checked, and gives out only quiet connections.

A connection on which bytes arrived that nobody had asked for (a second answer behind the first) would give the next
request somebody else's answer, so it is closed instead. Built on the client's own connector. Made by ``http``.
"""

from aiohttp import ClientRequest, ClientTimeout, TCPConnector
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from penstock.adapters.graph.checked import Call, DeclaredRequest
from penstock.contract.checking import ContractViolation

_AHEAD_BYTES = 65_536


class Pool(TCPConnector):
    """The connector of the session."""

    async def connect(  # the client's own signature
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,  # noqa: ASYNC109
    ) -> Connection:
        """A connection for a checked request. Raises ContractViolation for any other.

        For a call that needs one of its own, those that lie idle are closed: what they lead to is what is in doubt.
        """
        call = _call_of(req)
        call.connecting()
        while True:
            connection = await super().connect(req, traces, timeout)
            protocol = connection.protocol
            if protocol is not None and not protocol.should_close and (call.fresh or not call.alone):
                _read_little_ahead(connection)
                return call.hold(connection)
            connection.close()

    async def _create_connection(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,  # noqa: ASYNC109
    ) -> ResponseHandler:
        _call_of(req).fresh = True
        return await super()._create_connection(req, traces, timeout)


def _read_little_ahead(connection: Connection) -> None:
    """Keep TLS from decrypting ahead of a slow disk: by default a stream holds a third of a megabyte more."""
    limit = getattr(connection.transport, "set_read_buffer_limits", None)
    if limit is not None:
        limit(high=_AHEAD_BYTES, low=_AHEAD_BYTES // 4)


def _call_of(request: ClientRequest) -> Call:
    call = request.passed if isinstance(request, DeclaredRequest) else None
    if call is None:
        raise ContractViolation("a request that no check has passed")
    return call
