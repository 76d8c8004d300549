"""Telling who waits that something changed: the waiting itself, and the event stream of open pages.

A stream says "changed" and no more; the page then asks for what it shows. In this process the flow nudges; what other
processes write is noticed by looking at the end of the feed once a second. A stream carries heartbeats, its number is
bounded, and it ends by itself when the process is asked to stop. Used by the API's feed and the inbox.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from penstock.core.errors import PenstockError
from penstock.flow.nudge import Nudge, Subscription
from penstock.ledger.book import Ledger
from penstock.web.access import Gatekeeper
from penstock.web.metrics.door import DoorMetrics
from penstock.web.problems import ProblemError

LOOK_EVERY_S = 1.0
_BEAT_S = 15.0
_REST_S = 0.25  # under load a page hears of changes four times a second, not a thousand
_STREAMS = 500
_CHANGED = b"event: changed\ndata: {}\n\n"
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Watch:
    """One who waits for changes, of this process or another."""

    def __init__(self, ledger: Ledger, heard: Subscription) -> None:
        self._ledger = ledger
        self._heard = heard
        self._last = -1

    @property
    def ended(self) -> bool:
        """Whether the process is stopping."""
        return self._heard.ended

    async def changed(self, within_s: float) -> bool:
        """True when something changed, False after ``within_s`` seconds or at the end."""
        if self._last < 0:
            self._last = await self._look()
        nudged = await self._heard.wait(within_s)
        last = self._last if self.ended else await self._look()
        news = nudged or last != self._last
        self._last = last
        return news

    async def _look(self) -> int:
        try:
            return await self._ledger.feed.last()
        except PenstockError:
            return self._last  # whoever waits will see for itself that the ledger cannot be read


class Events:
    """``GET /events``."""

    def __init__(self, ledger: Ledger, nudge: Nudge, gatekeeper: Gatekeeper, metrics: DoorMetrics) -> None:
        self._ledger = ledger
        self._nudge = nudge
        self._gatekeeper = gatekeeper
        self._metrics = metrics
        self._open = 0

    def route(self) -> Route:
        """Where pages listen."""
        return Route("/events", self._listen)

    @contextmanager
    def watch(self) -> Iterator[Watch]:
        """Wait for changes for as long as the context lasts."""
        with self._nudge.subscribe() as heard:
            yield Watch(self._ledger, heard)

    async def _listen(self, request: Request) -> Response:
        if await self._gatekeeper.session(request) is None:
            await self._gatekeeper.bearer(request)
        if self._open >= _STREAMS:
            raise ProblemError(
                503, "too many event streams are open", do="ask again in a while", headers={"Retry-After": "30"}
            )
        return StreamingResponse(self._stream(request), headers=_HEADERS, media_type="text/event-stream")

    async def _stream(self, request: Request) -> AsyncIterator[bytes]:
        self._open += 1
        self._metrics.streams(+1)
        try:
            with self.watch() as watch:
                yield b"retry: 2000\n\n" + _CHANGED  # what changed between the page and this stream
                quiet_s = 0.0
                while not watch.ended:
                    if await watch.changed(LOOK_EVERY_S):
                        yield _CHANGED
                        quiet_s = 0.0
                        await asyncio.sleep(_REST_S)
                    else:
                        quiet_s += LOOK_EVERY_S
                        if quiet_s >= _BEAT_S:
                            if not await self._may(request):
                                return
                            yield b": beat\n\n"
                            quiet_s = 0.0
        finally:
            self._open -= 1
            self._metrics.streams(-1)

    async def _may(self, request: Request) -> bool:
        """Whether who listens has a session, or a token that is still good."""
        if await self._gatekeeper.session(request) is not None:
            return True
        try:
            await self._gatekeeper.bearer(request)
        except ProblemError:
            return False
        return True
