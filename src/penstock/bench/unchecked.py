"""The fetch implementation without its check: what the check costs is what this one saves.

It builds the same request, gets the same connection, keeps the same record, and compares nothing. It exists to be
measured, and lives here only. Used by the fetching process when it is told so.
"""

from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, ClientSession

from penstock.adapters.graph.checked import Call, DeclaredRequest
from penstock.adapters.graph.sending import send_declared


class Switch:
    """With the check or without it, as it is told while everything runs."""

    def __init__(self) -> None:
        self.checked = True

    async def __call__(self, session: ClientSession, call: Call) -> ClientResponse:
        """Build the declared request and send it."""
        return await (send_declared if self.checked else send_unchecked)(session, call)


async def send_unchecked(session: ClientSession, call: Call) -> ClientResponse:
    """Build the declared request and send it as it is."""

    async def wave_through(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        assert isinstance(request, DeclaredRequest)
        call.wire_method = request.method
        request.passed = call
        return await handler(request)

    return await send_declared(session, call, check=wave_through)
