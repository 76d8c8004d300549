"""One claim's way to its file: budget, gate, look-up, gate, download, verdict; one fresh look-up when a URL has died.

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
from penstock.core.work import Attached, Attempt, Claim, Ending, Outcome, PutBack, RetryLater
from penstock.flow.budgets import Budgets
from penstock.flow.sockets import Gates, Wait

RECIPE = "standard/1"
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
    ) -> None:
        self._graph = graph
        self._blobs = blobs
        self._gates = gates
        self._budgets = budgets or Budgets()
        self._jitter = jitter
        self._worker = worker

    async def take(self, claim: Claim, token: str | None, *, clock: Clock) -> Outcomes:
        """The whole way of one claim. Raises nothing that upstream or the disk did."""
        if token is None:
            return Outcomes(_no_token(await clock()))
        way = _Way(claim, token, _hint(claim, self._graph, await clock()))
        while True:
            ending = await self._look_up(way, clock) if way.found is None else await self._download(way, clock)
            if ending is not None:
                return Outcomes(ending, tuple(way.attempts))

    async def _look_up(self, way: "_Way", clock: Clock) -> Ending | None:
        """Ask Graph where the bytes are; None when it said."""
        number, exchange, now = way.claim.phone_number_id, None, await clock()
        if (again_at := self._budgets.take(number, now)) is not None:
            return PutBack(again_at)
        try:
            passed = self._gates.admit(way.claim, operation.LOOK_UP.name, now)
            if isinstance(passed, Wait):
                return PutBack(passed.until)
            exchange, found = await self._graph.look_up(way.claim.media_id, token=way.token, probe=passed.probe)
        finally:
            self._budgets.settle(number, exchange)
        judged = self._judge(way, exchange, await clock())
        if found is not None and judged.outcome is Outcome.DELIVERED:
            way.found, way.looked_up = _completed(found, way.claim), True
            return None
        return self._next(way, judged, await clock(), keep_url=False)

    async def _download(self, way: "_Way", clock: Clock) -> Ending | None:
        """Bring the bytes; None when the URL was dead and a fresh one is worth asking for."""
        found = way.found
        assert found is not None
        web = hosts.read(found.url)
        passed = self._gates.admit(
            way.claim, operation.DOWNLOAD.name, await clock(), host=None if web is None else web.host
        )
        if isinstance(passed, Wait):
            return PutBack(passed.until)
        exchange, received = await self._bytes(way.claim, found, way.token, probe=passed.probe)
        judged = self._judge(way, exchange, await clock())
        if received is not None and judged.outcome is Outcome.DELIVERED:
            content_type = sniff.content_type(received.head, found.mime_type)
            return Attached(received.size, received.sha256, content_type)
        if judged.fresh_url and not way.looked_up:
            way.found = None
            return None
        return self._next(way, judged, await clock(), keep_url=not judged.fresh_url)

    async def _bytes(self, claim: Claim, found: Found, token: str, *, probe: bool) -> tuple[Exchange, Received | None]:
        """Download into a blob, durable when this returns with what was received."""
        async with self._blobs.upload(blobkey.key(claim.id), sha256=found.sha256) as upload:
            exchange, received = await self._graph.download(
                found.url, token=token, write=upload.write, sha256=found.sha256, size=found.size, probe=probe
            )
            if received is None:
                return exchange, None
            try:
                await upload.commit()
            except OSError as error:
                detail = f"the file could not be written: {error.strerror or type(error).__name__}"
                return msgspec.structs.replace(exchange, trouble=Trouble.LOCAL, detail=detail), None
            return exchange, received

    def _judge(self, way: "_Way", exchange: Exchange, now: float) -> Verdict:
        claim = way.claim
        judged = verdict.judge(exchange, now=now, received_at=claim.received_at, deadline=claim.deadline)
        way.attempts.append(_attempt(exchange, judged, self._worker))
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
        self.attempts: list[Attempt] = []


def _hint(claim: Claim, graph: Graph, now: float) -> Found | None:
    """Where the webhook or the last look-up said the bytes are, if that is still good for something."""
    if claim.url is None or claim.url_expires_at is None or claim.url_expires_at < now + _URL_MARGIN_S:
        return None
    if not graph.may_download(claim.url):
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


def _attempt(exchange: Exchange, judged: Verdict, worker: str | None) -> Attempt:
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
        recipe=RECIPE,
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
