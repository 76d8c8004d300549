"""The incident's client with nothing to stop it: the legacy form for look-ups, and no check before the socket.

What such a request is compared with in Penstock is taken out on purpose, for one act, so that everything behind the
check can be watched at work. It keeps the record of what went out. Used by the incident act, and nowhere else.
"""

from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, ClientSession
from yarl import URL

from penstock.adapters.graph.checked import Call, DeclaredRequest
from penstock.adapters.graph.sending import send_declared
from penstock.core.operation import LOOK_UP


async def send_unlocked(session: ClientSession, call: Call) -> ClientResponse:
    """Look up by POST with ``method=get`` in a form, and let it out; download as declared."""
    if call.declared.operation is not LOOK_UP:
        return await send_declared(session, call)

    async def wave_through(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        assert isinstance(request, DeclaredRequest)
        call.wire_method = request.method
        request.passed = call
        return await handler(request)

    web = call.declared.web
    return await session.post(
        URL(f"{web.scheme}://{web.authority}{web.target}", encoded=True),
        data={"access_token": call.declared.token, "method": call.declared.operation.method.lower()},
        headers={"User-Agent": call.pinned.user_agent},
        allow_redirects=False,
        middlewares=(wave_through,),
    )
