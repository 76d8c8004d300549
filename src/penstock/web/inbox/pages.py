"""The inbox's pages: the list of conversations, one conversation, and the bytes of its files.

Any role may look; a token that is bound to a workspace sees that one only. The same address answers a whole page, or
only its changing part when an open page asks for that (the header ``X-Penstock-Fragment``). Mounted by ``app``.
"""

from urllib.parse import quote, urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from penstock.adapters.blobs.port import Blobs
from penstock.core import ids
from penstock.core.ids import Kind
from penstock.ledger.book import Ledger
from penstock.ledger.rows import Access, Conversation, Message
from penstock.web.access import Gatekeeper
from penstock.web.inbox import thread
from penstock.web.inbox.drawing import HEADERS, Drawing
from penstock.web.problems import ProblemError
from penstock.web.serving import serve

_CONVERSATIONS = 50
_MESSAGES = 50
_FRAGMENT = "x-penstock-fragment"
_PENDING_REFRESH_S = 5  # without JavaScript
_QUIET_REFRESH_S = 60


class Open(msgspec.Struct, frozen=True):
    """The conversation that is open."""

    conversation: Conversation
    days: tuple[thread.Day, ...]
    older: str | None  # a link
    newest: str | None  # a link, when older messages are shown
    pending: int
    files: int


class Inbox:
    """``/inbox`` and what is below it."""

    def __init__(self, ledger: Ledger, blobs: Blobs, gatekeeper: Gatekeeper, drawing: Drawing) -> None:
        self._ledger = ledger
        self._blobs = blobs
        self._gatekeeper = gatekeeper
        self._drawing = drawing

    def routes(self) -> list[Route]:
        """Where people look."""
        return [
            Route("/", _home),
            Route("/inbox", self._list),
            Route("/inbox/media/{id}", self._file),
            Route("/inbox/{id}", self._conversation),
        ]

    async def _list(self, request: Request) -> Response:
        access = await self._gatekeeper.session(request)
        if access is None:
            return _sign_in(request)
        return await self._page(request, access, None)

    async def _conversation(self, request: Request) -> Response:
        access = await self._gatekeeper.session(request)
        if access is None:
            return _sign_in(request)
        row = ids.decode(Kind.CONVERSATION, request.path_params["id"])
        found = None if row is None else await self._ledger.shelf.conversation(row, workspace_id=access.workspace_id)
        if found is None:
            raise ProblemError(404, "this conversation does not exist, or this token may not see it")
        return await self._page(request, access, await self._open(request, access, found))

    async def _file(self, request: Request) -> Response:
        access = await self._gatekeeper.session(request)
        if access is None:
            return _sign_in(request)
        row = ids.decode(Kind.MEDIA, request.path_params["id"])
        media = None if row is None else await self._ledger.shelf.media(row, workspace_id=access.workspace_id)
        if media is None:
            raise ProblemError(404, "this file does not exist, or this token may not see it")
        return await serve(request, media, self._blobs)

    async def _page(self, request: Request, access: Access, shown: Open | None) -> Response:
        after = request.query_params.get("after") if shown is None else None
        page = await self._ledger.shelf.conversations(
            workspace_id=access.workspace_id, after=after, limit=_CONVERSATIONS
        )
        now = await self._ledger.now()
        again = address_of(request)
        if shown is not None and not shown.newest:
            # A new address each time, as one that differs in nothing but #newest would not be loaded.
            again = f"{quote(request.scope['path'])}?{urlencode({'now': int(now)})}#newest"
        pending = bool(shown.pending if shown else any(row.pending for row in page.items))
        return self._drawing.page(
            "inbox.html",
            headers={"Vary": _FRAGMENT},
            access=access,
            fragment=_FRAGMENT in request.headers,
            now=now,
            conversations=[(ids.encode(Kind.CONVERSATION, row.id), row) for row in page.items],
            several=len({row.workspace for row in page.items}) > 1,
            more=f"/inbox?{urlencode({'after': page.next})}" if page.next else None,
            later="/inbox" if after else None,
            shown=shown,
            shown_id=ids.encode(Kind.CONVERSATION, shown.conversation.id) if shown else None,
            again=again,
            again_s=_PENDING_REFRESH_S if pending else _QUIET_REFRESH_S,
        )

    async def _open(self, request: Request, access: Access, conversation: Conversation) -> Open:
        before = request.query_params.get("before")
        page = await self._ledger.shelf.messages(
            conversation.id, workspace_id=access.workspace_id, before=before, limit=_MESSAGES
        )
        here = f"/inbox/{ids.encode(Kind.CONVERSATION, conversation.id)}"
        files = [file for message in page.items for file in message.media]
        return Open(
            conversation=conversation,
            days=thread.days(
                conversation,
                page.items,
                await self._quoted(access, page.items),
                sees_all=access.workspace_id is None,
            ),
            older=f"{here}?{urlencode({'before': page.next})}#newest" if page.next else None,
            newest=f"{here}#newest" if before else None,
            pending=sum(file.state in ("waiting", "fetching") for file in files),
            files=len(files),
        )

    async def _quoted(self, access: Access, messages: tuple[Message, ...]) -> list[Message]:
        """The messages that are answered on a page and are not on it."""
        found = []
        for wamid in sorted(thread.wanted_quotes(messages)):
            message = await self._ledger.shelf.message(wamid=wamid, workspace_id=access.workspace_id)
            if message is not None:
                found.append(message)
        return found


def address_of(request: Request) -> str:
    """The path and query that were asked for, spelled so that they can stand in a header and in a page."""
    path = quote(request.scope["path"], safe="/~")
    query = quote(request.scope["query_string"].decode("latin-1"), safe="%=&/~")
    return f"{path}?{query}" if query else path


async def _home(_request: Request) -> Response:
    return RedirectResponse("/inbox", 302)


def _sign_in(request: Request) -> Response:
    """Lead somebody without a session to the sign-in page, and back again afterwards."""
    if _FRAGMENT in request.headers:
        raise ProblemError(401, "the session has ended")
    here = address_of(request)
    if request.headers.get("sec-fetch-site") == "cross-site" and request.method == "GET":
        # Who follows a link from elsewhere may well be signed in: a strict cookie is sent only once it is our own
        # page that asks.
        again = HTMLResponse(headers=HEADERS | {"Refresh": f"0; url={here}"})
        again.status_code = 200
        return again
    return RedirectResponse(f"/login?{urlencode({'next': here})}", 303, HEADERS)
