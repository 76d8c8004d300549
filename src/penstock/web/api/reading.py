"""The reading half of the API: messages, files, conversations, the feed, the figures.

Rows of another workspace than the token's do not exist here. Entries of the table in ``routes``.
"""

import asyncio
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct
from starlette.responses import Response

from penstock.adapters.blobs.port import Blobs
from penstock.core import ids
from penstock.core.ids import Kind
from penstock.core.work import Outcome
from penstock.ledger.book import Ledger
from penstock.ledger.runs import round_of
from penstock.web.api import shapes
from penstock.web.api.endpoint import Ask, NoQuery, missing
from penstock.web.events import LOOK_EVERY_S, Events
from penstock.web.health import Health
from penstock.web.problems import ProblemError
from penstock.web.serving import serve

_WAMIDS = ("wamid.", "wacid.")
_LATEST = "latest"
_REST_S = 0.05  # many others' changes may come at once; who waits does not look for each

Limit = Annotated[int, Meta(ge=1, le=200, description="rows of a page at most")]
After = Annotated[str, Meta(max_length=100, description="`next` of the page before")]
Moment = Annotated[datetime, Meta(tz=True, description="RFC 3339 with a time zone")]
State = Literal["waiting", "held", "fetching", "attached", "expired", "failed", "erased"]


class PageQuery(Struct, forbid_unknown_fields=True):
    """A page of something."""

    after: After | None = None
    limit: Limit = 50


class ConversationQuery(PageQuery, forbid_unknown_fields=True):
    """Which conversations."""

    workspace: str | None = None


class MediaQuery(PageQuery, forbid_unknown_fields=True):
    """Which files."""

    media_id: Annotated[str, Meta(description="one of Meta's ids; goes with `workspace` only")] | None = None
    workspace: str | None = None
    state: State | None = None
    error: Annotated[Outcome, Meta(description="the class of the last failure")] | None = None
    since: Moment | None = None
    until: Moment | None = None


class ContentQuery(Struct, forbid_unknown_fields=True):
    """How the bytes are wanted."""

    download: Annotated[str, Meta(description="present: as a download, whatever it is")] | None = None
    redirect: (
        Annotated[str, Meta(description="present: by a redirect to the bucket, where files are kept in one")] | None
    ) = None


class EventQuery(Struct, forbid_unknown_fields=True):
    """Where in the feed, and whether to wait there."""

    after: Annotated[str, Meta(description="a cursor; none or `0`: from the start; `latest`: from now on")] | None = (
        None
    )
    wait: Annotated[float, Meta(ge=0, le=60, description="seconds to wait when there is nothing yet")] = 0
    limit: Limit = 100


class Tally(Struct, frozen=True):
    """How many files of a workspace stand where; `held` is a part of `waiting`."""

    workspace: str
    received: int
    waiting: int
    held: int
    fetching: int
    attached: int
    expired: int
    failed: int
    erased: int


class Status(Struct, frozen=True):
    """How it stands."""

    ok: Annotated[bool, Meta(description="whether a webhook could be stored right now")]
    version: str
    workspaces: list[Tally]
    oldest_waiting_s: Annotated[float | None, Meta(description="over all workspaces, for tokens that are for all")]
    expiring_24h: Annotated[int | None, Meta(description="over all workspaces, for tokens that are for all")]


class Reading:
    """The handlers."""

    def __init__(
        self, ledger: Ledger, blobs: Blobs, events: Events, health: Health, *, base: str, version: str
    ) -> None:
        self._ledger = ledger
        self._blobs = blobs
        self._events = events
        self._health = health
        self._base = base
        self._version = version

    async def message(self, ask: Ask, _query: NoQuery) -> shapes.Message:
        """One message, by Penstock's id or Meta's."""
        id_, within = ask.text("id"), ask.access.workspace_id
        if id_.startswith(_WAMIDS):
            found = await self._ledger.shelf.message(wamid=id_, workspace_id=within)
        else:
            found = await self._ledger.shelf.message(id=ask.row(Kind.MESSAGE), workspace_id=within)
        if found is None:
            raise missing()
        return shapes.message(found, self._base)

    async def media(self, ask: Ask, _query: NoQuery) -> shapes.Media:
        """One file's row."""
        row = await self._ledger.shelf.media(ask.row(Kind.MEDIA), workspace_id=ask.access.workspace_id)
        if row is None:
            raise missing()
        return shapes.media(row, self._base)

    async def content(self, ask: Ask, query: ContentQuery) -> Response:
        """One file's bytes."""
        row = await self._ledger.shelf.media(ask.row(Kind.MEDIA), workspace_id=ask.access.workspace_id)
        if row is None:
            raise missing()
        return await serve(ask.request, row, self._blobs, direct=query.redirect is not None)

    async def attempts(self, ask: Ask, query: NoQuery) -> shapes.AttemptList:
        """Every request made for one file."""
        await self.media(ask, query)
        row = ask.row(Kind.MEDIA)
        made, rounds = await self._ledger.shelf.attempts(row), await self._ledger.reprocess.rounds(row)
        return shapes.AttemptList(
            [shapes.attempt(attempt, round_=round_of(index, rounds)) for index, attempt in enumerate(made)]
        )

    async def media_list(self, ask: Ask, query: MediaQuery) -> shapes.MediaPage:
        """Files by filter, or the rows of one of Meta's ids."""
        await self._visible(ask, query.workspace)
        if query.media_id is not None:
            if query != MediaQuery(media_id=query.media_id, workspace=query.workspace, limit=query.limit):
                raise ProblemError(400, "media_id goes with workspace and limit only")
            found = await self._ledger.shelf.media_by_media_id(query.media_id, workspace_id=ask.access.workspace_id)
            chosen = [row for row in found if query.workspace in (None, row.workspace)][: query.limit]
            return shapes.MediaPage([shapes.media(row, self._base) for row in chosen], None)
        page = await self._ledger.shelf.media_list(
            workspace=query.workspace,
            state=query.state,
            outcome=None if query.error is None else query.error.value,
            since=None if query.since is None else query.since.timestamp(),
            until=None if query.until is None else query.until.timestamp(),
            after=query.after,
            limit=query.limit,
            workspace_id=ask.access.workspace_id,
        )
        return shapes.MediaPage([shapes.media(row, self._base) for row in page.items], page.next)

    async def conversations(self, ask: Ask, query: ConversationQuery) -> shapes.ConversationPage:
        """Conversations, newest first."""
        within = await self._visible(ask, query.workspace)
        page = await self._ledger.shelf.conversations(workspace_id=within, after=query.after, limit=query.limit)
        return shapes.ConversationPage([shapes.conversation(row) for row in page.items], page.next)

    async def conversation(self, ask: Ask, _query: NoQuery) -> shapes.Conversation:
        """One conversation."""
        row = await self._ledger.shelf.conversation(ask.row(Kind.CONVERSATION), workspace_id=ask.access.workspace_id)
        if row is None:
            raise missing()
        return shapes.conversation(row)

    async def messages(self, ask: Ask, query: PageQuery) -> shapes.MessagePage:
        """A page of one conversation."""
        row, within = ask.row(Kind.CONVERSATION), ask.access.workspace_id
        if await self._ledger.shelf.conversation(row, workspace_id=within) is None:
            raise missing()
        page = await self._ledger.shelf.messages(row, workspace_id=within, before=query.after, limit=query.limit)
        return shapes.MessagePage([shapes.message(message, self._base) for message in page.items], page.next)

    async def feed(self, ask: Ask, query: EventQuery) -> shapes.EventPage:
        """Events after a place in the feed; waits for the first one if asked to."""
        position = await self._position(query.after)
        until = _now() + query.wait
        with self._events.watch() as watch:
            while True:
                last = await self._ledger.feed.last()
                events = await self._ledger.feed.after(
                    position, workspace_id=ask.access.workspace_id, limit=query.limit
                )
                if events:
                    break
                position = max(position, last)  # the others' events need not be looked through again
                left = until - _now()
                if left <= 0 or watch.ended or await ask.request.is_disconnected():
                    break
                await watch.changed(min(left, LOOK_EVERY_S))
                await asyncio.sleep(_REST_S)
        position = events[-1].position if events else position
        return shapes.EventPage(
            [shapes.event(event, self._base) for event in events],
            ids.encode(Kind.EVENT, position) if position else None,
        )

    async def status(self, ask: Ask, _query: NoQuery) -> Status:
        """How it stands, for as much as the token may see."""
        figures = await self._health.figures()
        mine = [tally for tally in figures.tallies if ask.access.workspace in (None, tally.workspace)]
        backlog = figures.backlog if ask.access.workspace_id is None else None
        return Status(
            ok=await self._health.cannot_store() is None,
            version=self._version,
            workspaces=[Tally(**msgspec.structs.asdict(tally)) for tally in mine],
            oldest_waiting_s=None if backlog is None else backlog.oldest_waiting_s,
            expiring_24h=None if backlog is None else backlog.expiring_24h,
        )

    async def _visible(self, ask: Ask, workspace: str | None) -> int | None:
        """The workspace's row, or what the token is bound to. Raises ProblemError 404 for others."""
        if workspace is None or workspace == ask.access.workspace:
            return ask.access.workspace_id
        if ask.access.workspace_id is None:
            for known in await self._ledger.provisioning.workspaces():
                if known["name"] == workspace:
                    return int(str(known["id"]))
        raise missing()

    async def _position(self, after: str | None) -> int:
        if after in {None, "", "0"}:
            return 0
        if after == _LATEST:
            return await self._ledger.feed.last()
        position = ids.decode(Kind.EVENT, after)
        if position is None:
            raise ProblemError(400, "this cursor is not one that Penstock gave out", do="begin again without `after`")
        return position


def _now() -> float:
    return asyncio.get_running_loop().time()
