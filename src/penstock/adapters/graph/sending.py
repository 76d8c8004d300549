"""How a request is built: from a declared call to what the client library is asked for.

The one place that speaks to the client, and the part of a fetch implementation that can be exchanged: whatever takes
its place is checked as it is. It decides nothing and reads no answer. Used by ``http``; exchanged by the demo and by
benchmarks.
"""

from collections.abc import Awaitable, Callable

from aiohttp import ClientMiddlewareType, ClientResponse, ClientSession
from yarl import URL

from penstock.adapters.graph.checked import Call
from penstock.contract.checking import ContractViolation
from penstock.core import contract

Send = Callable[[ClientSession, Call], Awaitable[ClientResponse]]


async def send_declared(
    session: ClientSession, call: Call, *, check: ClientMiddlewareType | None = None
) -> ClientResponse:
    """Build the request of a call with the client and send it through the call's own check (or another one)."""
    web = call.declared.web
    headers = contract.headers(call.pinned, call.declared)
    url = URL(f"{web.scheme}://{web.authority}{web.target}", encoded=True)
    middlewares = (call if check is None else check,)
    del headers["Host"]  # the client writes it from the URL
    if (form := call.declared.form) is not None:
        del headers["Content-Length"]  # … and this from the body
        return await session.post(url, data=form.data, headers=headers, allow_redirects=False, middlewares=middlewares)
    return await session.get(url, headers=headers, allow_redirects=False, middlewares=middlewares)


def refusing(reason: str) -> Send:
    """What builds nothing, where it is known already that what it would build is not what was declared."""

    async def send(session: ClientSession, call: Call) -> ClientResponse:
        del session, call
        raise ContractViolation(reason)

    return send
