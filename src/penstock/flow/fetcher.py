"""The fetching step: takes what is due from open lanes, looks it up, downloads it, judges, records.

One turn serves one claim, from its lease to its ending; the ending, its attempts and its event are one transaction of
the ledger. A crash anywhere leaves a lease that runs out, and the file is fetched again to one attachment. It decides
nothing about failures (``core.verdict`` and ``core.retry`` do) and knows no HTTP. Started and stopped by ``wiring``.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable

import msgspec
import structlog

from penstock.adapters.blobs.port import Blobs
from penstock.adapters.graph.port import Graph
from penstock.core import ids, lanes
from penstock.core.budget import WINDOW_S, Limit
from penstock.core.errors import PenstockError, Unreachable
from penstock.core.work import Attached, Attempt, Claim, Ending, Expired, Failed, Outcome, PutBack, RetryLater
from penstock.flow.budgets import Budgets
from penstock.flow.lanes import Lanes
from penstock.flow.leases import Leases
from penstock.flow.registry import Registry
from penstock.flow.sockets import Gates, NoGates, NoWitness, OneRecipe, Recipes, Tracer, Witness
from penstock.flow.turn import Outcomes, Turn, broken
from penstock.ledger.book import Ledger

_log = structlog.get_logger()

_POLL_S = 1.0  # another process may have put something to work
_BATCH = 50  # items of one claim at most: a claim holds up the other writers
_GATHER_S = 0.01  # under load, slots that come free within this time are claimed for together
_BUSY_SHARE = 8  # … unless an eighth of all slots is free already
_AT_ONCE_S = 0.01
_STORE_AGAIN_S = 1.0
_WORKER_LETTERS = 64  # of a name that is kept with every attempt
_EVENTS: dict[type[Ending], str] = {
    Attached: "media.attached",
    RetryLater: "media.delayed",
    Expired: "media.expired",
    Failed: "media.failed",
}
GRACE_S = 5.0  # what is in flight may end by itself for so long when the process is asked to stop


class Standing(msgspec.Struct, frozen=True):
    """What a fetcher is at, and what it has done so far."""

    slots: int
    in_use: int
    claimed: int
    lost: int  # leases that were lost while it worked


class Fetcher:
    """Fetches up to ``concurrency`` files at once, of one workspace ``most_of_one`` at most.

    While ``files_away`` nothing is taken on, for nothing could be kept; ``wake`` it when they are back.
    Without that limit some room is kept for others where several workspaces are served (``core.lanes.most_of_one``).
    """

    def __init__(
        self,
        ledger: Ledger,
        registry: Registry,
        graph: Graph,
        blobs: Blobs,
        *,
        owner: str,
        concurrency: int,
        most_of_one: int | None = None,
        gates: Gates | None = None,
        recipes: Recipes | None = None,
        witness: Witness | None = None,
        tracer: Tracer | None = None,
        look_up_limit: Limit | None = None,
        changed: Callable[[], None] = lambda: None,
        files_away: Callable[[], bool] = lambda: False,
        jitter: Callable[[], float] = random.random,
        grace_s: float = GRACE_S,
    ) -> None:
        self._ledger = ledger
        self._registry = registry
        self._owner = owner
        self._concurrency = concurrency
        self._witness = witness or NoWitness()
        self._changed = changed
        self._files_away = files_away
        self._budgets, self._limit = Budgets(), look_up_limit
        self._gates = gates or NoGates()
        self._turn = Turn(
            graph,
            blobs,
            self._gates,
            jitter=jitter,
            budgets=self._budgets,
            worker=owner[:_WORKER_LETTERS],
            recipes=recipes or OneRecipe(graph, limit=look_up_limit),
            tracer=tracer,
        )
        self._lanes = Lanes(ledger, gates, most_of_one=lambda: most_of_one or self._kept_free())
        self._leases = Leases(ledger, owner, lanes=self._lanes)
        self._turns: dict[asyncio.Task[None], Claim] = {}
        self._wake = asyncio.Event()
        self._freed = asyncio.Event()
        self._grace_s = grace_s
        self._stopping = False
        self._main: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to claim."""
        if await self._limits_look_ups():
            since = await self._ledger.now() - WINDOW_S
            self._budgets.remember(await self._ledger.counts.failed_look_ups(since=since))
        self._leases.start(lost=self._give_up)
        self._main = asyncio.create_task(self._keep_claiming(), name="fetcher")

    async def _limits_look_ups(self) -> bool:
        """Whether failing look-ups of a number count, by the settings or by a recipe."""
        if self._limit is not None:
            return True
        given = [row.recipe.parameters for row in await self._ledger.recipes.versions()]
        return any(each.error_budget or each.graph_url for each in given)

    async def stop(self) -> None:
        """Claim nothing more, let what is in flight end for a few seconds, put the rest back unspent."""
        self._stopping = True
        self.wake()
        self._freed.set()
        if self._main is not None:
            await self._main
        if self._turns:
            await asyncio.wait(self._turns, timeout=self._grace_s)
        for task in self._turns:
            task.cancel()
        if self._turns:
            await asyncio.wait(self._turns)
        await self._leases.stop()

    def wake(self) -> None:
        """Something new is waiting."""
        self._wake.set()

    def standing(self) -> Standing:
        """What it is at."""
        return Standing(self._concurrency, len(self._turns), self._leases.claimed, self._leases.lost)

    # -- claiming ---------------------------------------------------------------------------

    async def _keep_claiming(self) -> None:
        while not self._stopping:
            try:
                await self._fill()
            except Unreachable as error:
                _log.debug("fetcher.store_unavailable", reason=str(error))
                await self._pause(_STORE_AGAIN_S)
            except Exception:  # noqa: BLE001 -- a mistake of ours: what waits is not lost, and the rest can be fetched
                _log.exception("fetcher.failed")
                await self._pause(_STORE_AGAIN_S)

    async def _fill(self) -> None:
        """Take as much as there are free slots for; wait when there are none, or nothing is due."""
        if self._files_away():
            self._wake.clear()
            await self._pause(_POLL_S)
            return
        free = self._concurrency - len(self._turns)
        if free < 1:
            self._freed.clear()
            await self._freed.wait()
            return
        if self._turns and (self._lanes.limited or free * _BUSY_SHARE < self._concurrency):
            await asyncio.sleep(_GATHER_S)
            free = self._concurrency - len(self._turns)
        self._wake.clear()
        limit = min(free, _BATCH)
        claims = await self._leases.claim(limit)
        for claim in claims:
            task = asyncio.create_task(self._serve(claim), name=f"fetch {claim.id}")
            self._turns[task] = claim
            task.add_done_callback(self._over)
        if len(claims) < limit:
            await self._pause(max(_AT_ONCE_S, self._lanes.idle_s(await self._ledger.now())))

    def _kept_free(self) -> int | None:
        """How many downloads one workspace may have at once, so that there is room for the others."""
        return lanes.most_of_one(self._concurrency, workspaces=self._registry.workspaces())

    async def _wake_for(self, ending: Ending) -> None:
        """Claim in time for an item that is due again before anybody would look."""
        if isinstance(ending, PutBack | RetryLater):
            left_s = ending.due_at - await self._ledger.now()
            if left_s < _POLL_S:
                asyncio.get_running_loop().call_later(max(0.0, left_s), self._wake.set)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), seconds)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._gates.ended(self._turns.pop(task))
        self._freed.set()
        if self._lanes.limited:  # its workspace may have another one
            self._wake.set()

    def _give_up(self, claim: Claim) -> None:
        """The lease of a claim was lost: whatever it brings would be dropped."""
        for task, served in self._turns.items():
            if served.id == claim.id and served.fence == claim.fence:
                task.cancel()

    # -- one claim --------------------------------------------------------------------------

    async def _serve(self, claim: Claim) -> None:
        """From the claim to its ending."""
        try:
            try:
                outcomes = await self._run(claim)
            except asyncio.CancelledError:
                outcomes = Outcomes(PutBack(await self._ledger.now()))
            recorded = self._leases.held(claim) and await self._record(claim, outcomes)
        finally:
            self._leases.drop(claim)
        if recorded:
            await self._wake_for(outcomes.ending)
            self._tell(claim, outcomes)

    async def _run(self, claim: Claim) -> Outcomes:
        token = self._registry.token(claim.credential_id)
        try:
            return await self._turn.take(claim, token, clock=self._ledger.now)
        except Exception as error:  # noqa: BLE001 -- a mistake of ours must not cost a file
            _log.exception("fetcher.turn_failed", media=ids.encode(ids.Kind.MEDIA, claim.id))
            return broken(claim, error, now=await self._ledger.now())

    async def _record(self, claim: Claim, outcomes: Outcomes) -> bool:
        """Write the ending; while the store takes nothing, keep trying for as long as the lease is ours."""
        while self._leases.held(claim):
            try:
                now = await self._ledger.now()
                return await self._ledger.queue.settle(claim, outcomes.ending, outcomes.attempts, now=now)
            except Unreachable as error:
                if self._stopping:
                    return False  # the lease runs out, and the file is fetched again
                _log.debug("fetcher.store_unavailable", reason=str(error))
                await asyncio.sleep(_STORE_AGAIN_S)
            except PenstockError as error:
                _log.error("fetcher.not_recorded", reason=str(error), media=ids.encode(ids.Kind.MEDIA, claim.id))
                return False
        return False

    def _tell(self, claim: Claim, outcomes: Outcomes) -> None:
        """Tell the witness, the log and the open pages."""
        for attempt in outcomes.attempts:
            self._witness.attempted(claim, attempt)
            if attempt.outcome is Outcome.CONTRACT:
                _alarm(claim, attempt)
        self._witness.ended(claim, outcomes.ending)
        if isinstance(outcomes.ending, PutBack):
            _log.debug("media.put_back", media=ids.encode(ids.Kind.MEDIA, claim.id), due_at=outcomes.ending.due_at)
            return  # nothing happened to the file
        self._changed()
        _log.log(
            self._level(outcomes.ending),
            _EVENTS[type(outcomes.ending)],
            media=ids.encode(ids.Kind.MEDIA, claim.id),
            workspace=claim.workspace,
            kind=claim.kind,
            attempts=len(outcomes.attempts),
            **_reason(outcomes.ending),
        )

    def _level(self, ending: Ending) -> int:
        """How loudly an ending is logged: when files are away, each is one of many, and that is told."""
        return logging.DEBUG if _outcome(ending) is Outcome.LOCAL and self._files_away() else logging.INFO


def _alarm(claim: Claim, attempt: Attempt) -> None:
    """A request of ours was not what it should have been. Whoever watches the log should be woken by the first one."""
    _log.error(
        "contract.violated",
        media=ids.encode(ids.Kind.MEDIA, claim.id),
        operation=attempt.operation,
        declared_method=attempt.declared_method,
        wire_method=attempt.wire_method,
        reason=attempt.detail,
        recipe=attempt.recipe,
    )


def _outcome(ending: Ending) -> Outcome | None:
    return ending.outcome if isinstance(ending, RetryLater) else None


def _reason(ending: Ending) -> dict[str, object]:
    known = msgspec.structs.asdict(ending)
    return {key: str(known[key]) for key in ("outcome", "reason") if key in known}
