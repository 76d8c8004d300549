"""One claim's way to its file: budget, gate, look-up, gate, download, verdict; one fresh look-up when a URL has died.

Each request is made by the recipe of its moment: one that was taken back on the way leaves the item to the one before.
It returns what happened as a value and records nothing, so a turn may be thrown away at any moment. Called by the
fetcher only.
"""

from collections.abc import Awaitable, Callable

import msgspec

from penstock.adapters.blobs.port import Blobs
from penstock.adapters.graph.port import Graph
from penstock.core import blobkey, hosts, operation, retry, sniff, verdict
from penstock.core.exchange import Exchange, Found, Received, Trouble
from penstock.core.verdict import Verdict
from penstock.core.wire import Wire
from penstock.core.work import Attached, Attempt, Claim, Ending, Outcome, PutBack, RetryLater
from penstock.flow.budgets import Budgets
from penstock.flow.sockets import Chosen, Gates, OneRecipe, Recipes, Tracer, Wait

_URL_MARGIN_S = 10.0  # a URL that dies sooner is not worth a request
_NO_TOKEN_AGAIN_S = 60.0
_BROKEN_AGAIN_S = 60.0

Clock = Callable[[], Awaitable[float]]


class Outcomes(msgspec.Struct, frozen=True):
    """How a turn ended, and the requests that were made in it."""

    ending: Ending
    attempts: tuple[Attempt, ...] = ()


class Turn:
    """Takes claims through, one at a time each; holds no state between them."""

    def __init__(
        self,
        graph: Graph,
        blobs: Blobs,
        gates: Gates,
        *,
        jitter: Callable[[], float],
        budgets: Budgets | None = None,
        worker: str | None = None,
        recipes: Recipes | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self._recipes = recipes or OneRecipe(graph)
        self._blobs = blobs
        self._gates = gates
        self._budgets = budgets or Budgets()
        self._jitter = jitter
        self._worker = worker
        self._tracer = tracer

    async def take(self, claim: Claim, token: str | None, *, clock: Clock) -> Outcomes:
        """The whole way of one claim. Raises nothing that upstream or the disk did."""
        if token is None:
            return Outcomes(_no_token(await clock()))
        now = await clock()
        way = _Way(claim, token, _hint(claim, self._recipes.choose(claim, now), now))
        while True:
            ending = await self._hop(way, clock)
            if ending is not None:
                return Outcomes(ending, tuple(way.attempts))

    async def _hop(self, way: "_Way", clock: Clock) -> Ending | None:
        """The next request, by the recipe of this moment; None when another one is to follow."""
        now = await clock()
        chosen = self._choose(way, now)
        hop = self._look_up if way.found is None else self._download
        if chosen.places is None:
            return await hop(way, chosen, now, clock)
        async with chosen.places:
            now = await clock()
            if self._choose(way, now).label != chosen.label:  # it was taken back while the item waited for a place
                return None
            return await hop(way, chosen, now, clock)

    def _choose(self, way: "_Way", now: float) -> Chosen:
        chosen = self._recipes.choose(way.claim, now)
        return chosen.instead if chosen.label == way.refused and chosen.instead is not None else chosen

    async def _look_up(self, way: "_Way", chosen: Chosen, now: float, clock: Clock) -> Ending | None:
        """Ask Graph where the bytes are; None when it said."""
        number, exchange = way.claim.phone_number_id, None
        if (again_at := self._budgets.take(number, now, chosen.limit)) is not None:
            return PutBack(again_at)
        try:
            passed = self._gates.admit(way.claim, operation.LOOK_UP.name, now, host=chosen.host)
            if isinstance(passed, Wait):
                return PutBack(passed.until)
            way.wire = self._wire(way.claim, operation.LOOK_UP.name)
            exchange, found = await chosen.graph.look_up(
                way.claim.media_id, token=way.token, probe=passed.probe, wire=way.wire
            )
        finally:
            self._budgets.settle(number, exchange, chosen.limit)
        judged = self._judge(way, chosen, exchange, await clock())
        if found is not None and judged.outcome is Outcome.DELIVERED:
            way.found, way.looked_up = _completed(found, way.claim), True
            return None
        if way.refused == chosen.label:
            return None
        return self._next(way, judged, await clock(), keep_url=False)

    async def _download(self, way: "_Way", chosen: Chosen, now: float, clock: Clock) -> Ending | None:
        """Bring the bytes; None when the URL was dead and a fresh one is worth asking for."""
        found = way.found
        assert found is not None
        web = hosts.read(found.url)
        passed = self._gates.admit(way.claim, operation.DOWNLOAD.name, now, host=None if web is None else web.host)
        if isinstance(passed, Wait):
            return PutBack(passed.until)
        brought = await self._bytes(way, chosen, found, now, probe=passed.probe)
        if brought is None:
            return None
        exchange, received = brought
        judged = self._judge(way, chosen, exchange, await clock())
        if received is not None and judged.outcome is Outcome.DELIVERED:
            content_type = sniff.content_type(received.head, found.mime_type)
            return Attached(received.size, received.sha256, content_type)
        if way.refused == chosen.label:
            return None
        if judged.fresh_url and not way.looked_up:
            way.found = None
            return None
        return self._next(way, judged, await clock(), keep_url=not judged.fresh_url)

    async def _bytes(
        self, way: "_Way", chosen: Chosen, found: Found, now: float, *, probe: bool
    ) -> tuple[Exchange, Received | None] | None:
        """Download into a blob, durable when this returns with what was received; None: by another recipe by now."""
        async with self._blobs.upload(blobkey.key(way.claim.id), sha256=found.sha256) as upload:
            if self._choose(way, now).label != chosen.label:  # it was taken back while room was made for the file
                return None
            way.wire = self._wire(way.claim, operation.DOWNLOAD.name)
            exchange, received = await chosen.graph.download(
                found.url,
                token=way.token,
                write=upload.write,
                sha256=found.sha256,
                size=found.size,
                probe=probe,
                wire=way.wire,
            )
            if received is None:
                return exchange, None
            try:
                await upload.commit()
            except OSError as error:
                detail = f"the file could not be written: {error.strerror or type(error).__name__}"
                return msgspec.structs.replace(exchange, trouble=Trouble.LOCAL, detail=detail), None
            return exchange, received

    def _wire(self, claim: Claim, name: str) -> Wire | None:
        return None if self._tracer is None else self._tracer.wire(claim, name)

    def _judge(self, way: "_Way", chosen: Chosen, exchange: Exchange, now: float) -> Verdict:
        """What an exchange means. One that its recipe made otherwise than declared is the recipe's fault alone."""
        claim = way.claim
        judged = verdict.judge(exchange, now=now, received_at=claim.received_at, deadline=claim.deadline)
        way.attempts.append(_attempt(exchange, judged, self._worker, chosen.label))
        if way.wire is not None and self._tracer is not None:
            self._tracer.exchanged(claim, exchange, way.attempts[-1], way.wire)
        if judged.outcome is Outcome.CONTRACT and chosen.instead is not None:
            way.refused = chosen.label
        return judged

    def _next(self, way: "_Way", judged: Verdict, now: float, *, keep_url: bool) -> Ending:
        found = way.found if keep_url else None
        return retry.next_step(
            judged,
            way.claim,
            now=now,
            jitter=self._jitter(),
            url=found.url if found else None,
            url_expires_at=found.url_expires_at if found else None,
        )


class _Way:
    """How far a turn has come."""

    def __init__(self, claim: Claim, token: str, found: Found | None) -> None:
        self.claim = claim
        self.token = token
        self.found = found
        self.looked_up = False
        self.refused: str | None = None  # the recipe whose request was not sent: the item goes on by the one before
        self.wire: Wire | None = None  # of the last request, where somebody traces
        self.attempts: list[Attempt] = []


def _hint(claim: Claim, chosen: Chosen, now: float) -> Found | None:
    """Where the webhook or the last look-up said the bytes are, if that is still good for something."""
    if not (chosen.use_url_hint or claim.attempts):
        return None
    if claim.url is None or claim.url_expires_at is None or claim.url_expires_at < now + _URL_MARGIN_S:
        return None
    if not chosen.graph.may_download(claim.url):
        return None
    return Found(
        url=claim.url,
        url_expires_at=claim.url_expires_at,
        mime_type=claim.declared_mime_type,
        sha256=claim.declared_sha256,
        size=claim.declared_size,
    )


def _completed(found: Found, claim: Claim) -> Found:
    """A look-up's answer, with what only the webhook declared."""
    return msgspec.structs.replace(
        found,
        mime_type=found.mime_type or claim.declared_mime_type,
        sha256=found.sha256 or claim.declared_sha256,
        size=claim.declared_size if found.size is None else found.size,
    )


def _attempt(exchange: Exchange, judged: Verdict, worker: str | None, recipe: str) -> Attempt:
    return Attempt(
        at=exchange.at,
        operation=exchange.operation,
        declared_method=exchange.declared_method,
        wire_method=exchange.wire_method,
        host=exchange.host,
        peer_address=exchange.peer_address,
        status=exchange.status,
        graph_code=exchange.graph_code,
        graph_subcode=exchange.graph_subcode,
        trace_id=exchange.trace_id,
        outcome=judged.outcome,
        duration_s=exchange.duration_s,
        recipe=recipe,
        detail=exchange.detail,
        server=exchange.server,
        worker=worker,
        api_version=exchange.api_version,
        fresh=exchange.fresh,
        after_s=exchange.retry_after_s if exchange.retry_after_s is not None else exchange.regain_s,
        usage_percent=exchange.usage_percent,
    )


def _no_token(now: float) -> PutBack:
    """The credential was removed a moment ago; the number has another one by now, or will have."""
    return PutBack(now + _NO_TOKEN_AGAIN_S)


def broken(claim: Claim, error: Exception, *, now: float) -> Outcomes:
    """The ending after a mistake of our own: try again, for a mistake must not cost a file."""
    del claim
    reason = f"Penstock made a mistake with this file ({type(error).__name__}); it will try again."
    return Outcomes(RetryLater(now + _BROKEN_AGAIN_S, Outcome.LOCAL, reason))
