"""The fetch implementation of the incident: a client that turns every verb into POST and hides the verb in the body.

This is what the client library of the incident writes when the method comes in the wrong type. It lives here only, to
be put in use in front of everybody and to be refused. Used by the contract act.
"""

from aiohttp import ClientResponse, ClientSession
from yarl import URL

from penstock.adapters.graph.checked import Call


async def send_legacy(session: ClientSession, call: Call) -> ClientResponse:
    """POST with ``method=get`` and the token in a form, to where the declared call goes."""
    web = call.declared.web
    return await session.post(
        URL(f"{web.scheme}://{web.authority}{web.target}", encoded=True),
        data={"access_token": call.declared.token, "method": call.declared.operation.method.lower()},
        headers={"User-Agent": call.pinned.user_agent},
        allow_redirects=False,
        middlewares=(call,),
    )
