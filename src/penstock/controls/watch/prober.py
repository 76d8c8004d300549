"""Sends what the watch itself asks of upstream: a known file uploaded and fetched, and one request several times.

Each request has a connection of its own, and asks the gates and, where look-ups have one, an error budget before it.
None is an attempt at anybody's file: none is recorded, counted or retried here. When something is sent decides
``core.probing``; ``probing`` says so and hears the results. Started by ``wiring`` where the watch is.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Protocol

import structlog

from penstock.adapters.graph.port import Graph, Uploads
from penstock.core import outage, probing, repeated, verdict
from penstock.core.budget import Limit
from penstock.core.errors import NotFound, PenstockError
from penstock.core.exchange import Exchange, Found, Received
from penstock.core.gate import Board
from penstock.core.operation import DOWNLOAD
from penstock.core.probing import FILE, Known
from penstock.core.verdict import Verdict
from penstock.core.work import Outcome
from penstock.flow.budgets import Budgets
from penstock.flow.registry import Registry
from penstock.ledger.book import Ledger
from penstock.ledger.probes import Target

_log = structlog.get_logger()

Job = Callable[[], Coroutine[None, None, None]]

_BUDGET_SHARE = 3  # where failing look-ups are punished, probes use up a third of what a number has


class Declared(Graph, Uploads, Protocol):
    """A way to Graph by which every request is built as it is declared."""


class Prober:
    """``graph`` gives the way that files take now; ``declared`` is for what must not depend on how they are fetched."""

    def __init__(
        self,
        ledger: Ledger,
        registry: Registry,
        graph: Callable[[], Graph],
        *,
        declared: Declared,
        limit: Limit | None = None,
    ) -> None:
        self._ledger = ledger
        self._registry = registry
        self._graph = graph
        self._declared = declared
        self._budgets = Budgets()
        self._limit = None if limit is None else Limit(max(1, limit.most // _BUDGET_SHARE), limit.window_s)
        self._jobs: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Nothing is sent before somebody asks for it."""

    async def stop(self) -> None:
        """Break off what is under way."""
        for job in self._jobs:
            job.cancel()
        if self._jobs:
            await asyncio.wait(self._jobs)

    @property
    def punished(self) -> bool:
        """Whether upstream is known to punish a number whose look-ups fail."""
        return self._limit is not None

    def begin(self, job: Job) -> None:
        """Let something go on in the background. What goes wrong in it is logged."""
        task = asyncio.create_task(_logged(job), name="probe")
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)

    def has_token(self, target: Target) -> bool:
        """Whether anything can be sent for it."""
        return self._registry.token(target.credential_id) is not None

    async def opening(self, target: Target, operations: Iterable[str]) -> float:
        """How many requests of these operations a second the gates let a probe make now."""
        now = await self._ledger.now()
        board = Board(await self._ledger.gates.active(now=now), self._ledger.hosts)
        return probing.narrowest(board.before(target.facts, operations, now))

    async def upload(self, target: Target) -> tuple[Exchange, str | None]:
        """Upload the known file; its media id."""
        return await self._declared.upload(
            FILE, phone_number_id=target.phone_number_id, token=self._token(target.credential_id)
        )

    async def fetch(self, target: Target, known: Known, *, as_declared: bool = False) -> list[Exchange]:
        """Look the known file up and download it: both exchanges, or the first one when that said no.

        Nothing is sent, and the list is empty, while the budget of the number is used up.
        """
        graph = self._declared if as_declared else self._graph()
        exchange, found = await self._look_up(graph, target, known.media_id)
        if exchange is None or found is None:
            return [] if exchange is None else [exchange]
        downloaded, _ = await self._download(graph, target, found, known)
        return [exchange, downloaded]

    async def repeat(
        self,
        target: Target,
        media_id: str,
        known: Known | None,
        operation: str,
        *,
        judge: Callable[[Exchange], Verdict],
    ) -> list[repeated.Answer]:
        """The same request several times, as declared: a look-up, or of the known file a download."""
        answers = []
        for nth in range(repeated.TIMES):
            if nth:
                await asyncio.sleep(repeated.EVERY_S)
            if operation == DOWNLOAD.name and known is not None:
                exchanges: Sequence[Exchange] = await self.fetch(target, known, as_declared=True)
            else:
                exchange, _ = await self._look_up(self._declared, target, media_id)
                exchanges = [] if exchange is None else [exchange]
            asked = next((each for each in exchanges if each.operation == operation), None)
            if asked is not None:
                answers.append(_answer(asked, judge(asked).outcome))
        return answers

    # -- the requests -----------------------------------------------------------------------

    async def _look_up(self, graph: Graph, target: Target, media_id: str) -> tuple[Exchange | None, Found | None]:
        number, exchange = target.phone_number_id, None
        if self._budgets.take(number, await self._ledger.now(), self._limit) is not None:
            return None, None
        try:
            exchange, found = await graph.look_up(media_id, token=self._token(target.credential_id), probe=True)
        finally:
            self._budgets.settle(number, exchange, self._limit)
        return exchange, found

    async def _download(
        self, graph: Graph, target: Target, found: Found, known: Known
    ) -> tuple[Exchange, Received | None]:
        """Fetch the file and throw it away; size and hash must be those of what was uploaded."""
        return await graph.download(
            found.url,
            token=self._token(target.credential_id),
            write=_thrown_away,
            sha256=known.sha256,
            size=known.size,
            probe=True,
        )

    def _token(self, credential_id: int) -> str:
        token = self._registry.token(credential_id)
        if token is None:  # removed a moment ago; a request without one would be a violation, and not ours
            raise NotFound("the token of the number that is probed was removed")
        return token


def judged(exchange: Exchange, known: Known | None, *, now: float) -> Verdict:
    """The verdict on a request of the watch's own."""
    if known is None:
        return verdict.judge(exchange, now=now, received_at=now, deadline=now + probing.LIVES_S)
    return verdict.judge(exchange, now=now, received_at=known.uploaded_at, deadline=known.dies_at)


def _answer(exchange: Exchange, outcome: Outcome) -> repeated.Answer:
    return repeated.Answer(
        outcome=outcome,
        duration_s=round(exchange.duration_s, 4),
        status=exchange.status,
        graph_code=exchange.graph_code,
        peer_address=exchange.peer_address,
        server=exchange.server,
        trace_id=exchange.trace_id,
    )


async def _thrown_away(chunk: bytes) -> None:
    del chunk


async def _logged(job: Job) -> None:
    try:
        await job()
    except PenstockError as error:
        _log.log(outage.level(error), "probe.unavailable", reason=str(error))
    except Exception:  # noqa: BLE001 -- a mistake of ours: files are fetched all the same
        _log.exception("probe.job_failed")
