"""What load balancers and monitoring ask: is it alive, can it store right now, what are the figures.

Readiness is a real durable write, shared by all who ask within a second; figures are read every few seconds at most,
and so rarely that counting a large ledger takes a twentieth of the time. Open to everybody: no names, no ids. Called by
``app`` and the API's status.
"""

import asyncio

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from penstock.core.errors import PenstockError, Unreachable
from penstock.ledger.book import Ledger
from penstock.ledger.counts import Backlog
from penstock.ledger.rows import Tally
from penstock.web.metrics import Metrics
from penstock.web.metrics.installation import Standing
from penstock.web.problems import note

_READY_FOR_S = 1.0
_WRITE_WITHIN_S = 5.0
_FIGURES_FOR_S = 3.0
_COUNTING_SHARE = 20  # counting takes one part of so many
_INCIDENTS = 1_000
_EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


class Figures(msgspec.Struct, frozen=True):
    """How many files stand where."""

    tallies: list[Tally]
    backlog: Backlog


class Health:
    """Liveness, readiness and figures of one application."""

    def __init__(self, ledger: Ledger, metrics: Metrics, *, counting: bool = True) -> None:
        self._ledger = ledger
        self._counts_all = counting
        self._metrics = metrics
        self._asking = asyncio.Lock()
        self._counting = asyncio.Lock()
        self._asked_at = self._count_at = float("-inf")
        self._why: str | None = None
        self._figures: Figures | None = None

    def routes(self) -> list[Route]:
        """Where it is asked."""
        return [Route("/healthz", self._live), Route("/readyz", self._ready), Route("/metrics", self._measured)]

    async def cannot_store(self) -> str | None:
        """Why nothing can be stored right now; None when something can."""
        async with self._asking:
            if _now() - self._asked_at >= _READY_FOR_S:
                self._why = await self._try()
                self._asked_at = _now()
            return self._why

    async def figures(self) -> Figures:
        """The figures of the last few seconds. Raises what the ledger raises."""
        async with self._counting:
            began = _now()
            if self._figures is None or began >= self._count_at:
                counts = self._ledger.counts
                self._figures = Figures(await counts.tallies(), await counts.backlog())
                self._count_at = _now() + max(_FIGURES_FOR_S, _COUNTING_SHARE * (_now() - began))
            return self._figures

    async def _standing(self) -> Standing:
        """How the whole installation stands. Raises what the ledger raises."""
        ledger, now = self._ledger, await self._ledger.now()
        figures = await self.figures()
        try:
            head = await ledger.audit_log.head()
        except Unreachable:
            raise
        except PenstockError:  # a log that somebody broke keeps nobody from seeing the rest
            head = None
        return Standing(
            tallies=figures.tallies,
            backlog=figures.backlog,
            gates=await ledger.gates.active(now=now),
            incidents=await ledger.incidents.latest(only_open=True, limit=_INCIDENTS),
            alerts=await ledger.alerts.targets(),
            head=head,
            roles=[str(each["role"]) for each in await ledger.processes.alive(now=now)],
        )

    async def _try(self) -> str | None:
        try:
            async with asyncio.timeout(_WRITE_WITHIN_S):
                await self._ledger.can_store()
        except TimeoutError:
            return f"a small write took more than {_WRITE_WITHIN_S:.0f} s"
        except PenstockError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 -- whoever asks must get an answer, and it is no
            note("ready.failed", error)
            return "something went wrong inside Penstock; its log names the place"
        return None

    async def _live(self, _request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def _ready(self, _request: Request) -> Response:
        why = await self.cannot_store()
        if why is None:
            return PlainTextResponse("ok\n")
        return PlainTextResponse(f"cannot store: {why}\n", 503, {"Retry-After": "5"})

    async def _measured(self, _request: Request) -> Response:
        if self._counts_all:
            try:
                self._metrics.installation.read(await self._standing())
            except Exception as error:  # noqa: BLE001 -- the other figures are still worth having
                note("metrics.unreadable", error)
                self._metrics.installation.unreadable()
        return Response(self._metrics.text(), headers={"Content-Type": _EXPOSITION})


def _now() -> float:
    return asyncio.get_running_loop().time()
