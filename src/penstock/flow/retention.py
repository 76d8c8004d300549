"""Throws away what no workspace wishes to keep any longer, now and then, a few rows at a time.

A leader does it, so that the work is done once; two who do it at once harm nothing. Each table is walked through by
row, past what cannot be due yet. On PostgreSQL it also makes the weeks of the table of attempts ahead, and drops the
weeks of which nothing is kept. Bytes of files that are erased are deleted here, whoever erased them. Started by
``wiring`` in a watcher.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol

import msgspec
import structlog

from penstock.adapters.blobs.port import Attic
from penstock.core import keeping, trace
from penstock.core.errors import PenstockError
from penstock.core.keeping import Keep
from penstock.core.walk import Walk
from penstock.flow.discarding import discard
from penstock.flow.leading import Lead
from penstock.ledger.book import Ledger
from penstock.ledger.erasing import first_status
from penstock.ledger.keeping import Age

_log = structlog.get_logger()

ROLE = "retention"
_FIRST_S = 60.0  # after the start, when there is more important work
_EVERY_S = 600.0
_BYTES_EVERY_S = 10.0  # an erasure may have left bytes to be deleted
_AGAIN_S = 3_600.0  # what may not go yet is looked at again after so long
_SETTLED_S = 120.0  # rows so young may still get neighbours below them
_BREATH_S = 0.05  # between two steps, for everybody else

_PAGE = 1_000
_STEP = {"bodies": 20, "messages": 20, "files": 50, "attempts": 200, "events": 200}  # rows of one transaction
_STEP_BYTES = 1 << 18  # of bodies that are read in one step, unless a single one is larger


class Thrown(msgspec.Struct, frozen=True):
    """What a round threw away."""

    bodies: int = 0
    messages: int = 0
    files: int = 0
    attempts: int = 0
    events: int = 0
    statuses: int = 0
    exchanges: int = 0  # of traces
    parts: int = 0
    bytes_of: int = 0  # files whose bytes were deleted

    def plus(self, **more: int) -> "Thrown":
        """With some counts raised."""
        return msgspec.structs.replace(self, **{name: getattr(self, name) + count for name, count in more.items()})


class _Look(Protocol):
    def __call__(self, *, after: int, last: int | None, limit: int) -> Awaitable[list[Age]]: ...


class Retention:
    """Rounds of throwing away, while it leads. ``breath_s`` is left to others between two steps."""

    def __init__(
        self,
        ledger: Ledger,
        blobs: Attic,
        *,
        owner: str,
        first_s: float = _FIRST_S,
        every_s: float = _EVERY_S,
        breath_s: float = _BREATH_S,
    ) -> None:
        self._ledger = ledger
        self._store = ledger.keeping
        self._blobs = blobs
        self._lead = Lead(ledger, ROLE, owner=owner)
        self._first_s = first_s
        self._every_s = every_s
        self._breath_s = breath_s
        self._walks = {what: Walk() for what in _STEP}
        self._wishes: dict[int, Keep] = {}
        self._thrown = Thrown()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to wait for the first time."""
        self._task = asyncio.create_task(self._keep(), name="retention")

    async def stop(self) -> None:
        """Leave it as it is; the next round goes on."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            await self._lead.leave()

    async def round(self) -> Thrown:
        """Throw away everything that is due. Raises Unreachable or OSError when a store cannot be asked."""
        self._thrown = Thrown()
        wishes = await self._store.wishes()
        if wishes != self._wishes:
            self._wishes = wishes
            for walk in self._walks.values():
                walk.reset()
        await self._ledger.partitions.make_ahead(now=await self._ledger.now())
        if self._wished("attempts"):
            await self._drop_weeks()
            await self._walk("attempts", self._store.attempts, self._due_attempt)
        if self._wished("files"):
            await self._walk("files", self._store.files, self._due("files"))
        if self._wished("messages"):
            await self._walk("messages", self._store.messages, self._due("messages"))
            await self._walk("events", self._store.events, self._due("messages"))
            await self._old_statuses()
        if self._wished("bodies"):
            await self._walk("bodies", self._store.bodies, self._due_body)
        await self._old_exchanges()
        self._thrown = self._thrown.plus(bytes_of=await discard(self._ledger, self._blobs))
        return self._thrown

    # -- now and then -----------------------------------------------------------------------

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        round_at = loop.time() + self._first_s
        while True:
            await asyncio.sleep(min(_BYTES_EVERY_S, max(0.0, round_at - loop.time())))
            try:
                if not await self._lead.ours():
                    continue
                if loop.time() >= round_at:
                    round_at = loop.time() + self._every_s
                    _tell(await self.round())
                elif done := await discard(self._ledger, self._blobs):
                    _log.info("retention.bytes_deleted", files=done)
            except (PenstockError, OSError) as error:
                _log.warning("retention.put_off", reason=getattr(error, "strerror", None) or str(error))
                round_at = min(round_at, loop.time() + _BYTES_EVERY_S)
            except Exception:  # noqa: BLE001 -- a mistake of ours: what is left over waits for the next round
                _log.exception("retention.failed")

    # -- one table ----------------------------------------------------------------------------

    async def _walk(self, what: str, look: _Look, due_at: Callable[[Age], float]) -> None:
        """Go through a table where something may be due."""
        walk = self._walks[what]
        while True:
            now = await self._ledger.now()
            after, last = walk.next(now=now)
            page = await look(after=after, last=last, limit=_PAGE)
            whole = len(page) < _PAGE
            if last is None:
                page = _settled(page, now)
                if not page:
                    return
            going = [age for age in page if due_at(age) <= now and not age.pinned]
            stay = await self._throw(what, going) if going else 0
            kept = [max(due_at(age), now + _AGAIN_S) if age.pinned else due_at(age) for age in page]
            next_at = min((at for at in kept if at > now), default=float("inf"))
            end = last if last is not None and whole else page[-1].id
            walk.looked(after, end, due_at=min(next_at, now + _AGAIN_S) if stay else next_at)
            if last is None and whole:
                return

    async def _throw(self, what: str, ages: Sequence[Age]) -> int:
        """Throw rows away, step by step; how many could not go."""
        stay = 0
        for step in _steps(ages, most=_STEP[what]):
            now = await self._ledger.now()
            if what == "bodies":
                gone = await self._store.throw_bodies(step, now=now)
                stay += len(step) - gone
                self._count(bodies=gone)
            elif what == "messages":
                buried = await self._store.throw_messages(step, now=now)
                stay += buried.left
                self._count(messages=buried.messages, files=buried.files)
            elif what == "files":
                gone = await self._store.throw_files(step, now=now)
                stay += len(step) - gone
                self._count(files=gone)
            elif what == "attempts":
                gone = await self._store.throw_attempts(step)
                stay += len(step) - gone
                self._count(attempts=gone)
            else:
                gone = await self._store.throw_events(step)
                stay += len(step) - gone
                self._count(events=gone)
            await asyncio.sleep(self._breath_s)
        return stay

    async def _old_statuses(self) -> None:
        """Statuses go as the messages do: they have no rows of their own to walk by."""
        for number_id, workspace in sorted((await self._store.numbers()).items()):
            days = self._wishes[workspace].messages if workspace in self._wishes else None
            if days is None:
                continue
            before = await self._ledger.now() - days * keeping.DAY_S
            place = first_status(number_id)
            while True:
                old, further = await self._store.statuses(place, before=before, limit=_PAGE)
                if old:
                    self._count(statuses=await self._store.throw_statuses(old))
                    await asyncio.sleep(self._breath_s)
                if further is None:
                    break
                place = further

    async def _old_exchanges(self) -> None:
        """What traces have kept goes after some days, or when the attempts do that it tells of."""
        now = await self._ledger.now()
        longest = now - trace.KEPT_DAYS * trace.DAY_S
        before = {
            workspace: max(longest, now - (keep.attempts or trace.KEPT_DAYS) * trace.DAY_S)
            for workspace, keep in self._wishes.items()
        }
        while gone := await self._ledger.traces.throw(before, traces_before=longest, limit=_STEP["attempts"]):
            self._count(exchanges=gone)
            await asyncio.sleep(self._breath_s)

    async def _drop_weeks(self) -> None:
        """Drop whole weeks of attempts once nobody wishes to keep any of them."""
        longest = self._longest("attempts")
        if longest is not None:
            before = await self._ledger.now() - longest * keeping.DAY_S
            self._count(parts=len(await self._ledger.partitions.drop(before=before)))

    # -- when something is due ----------------------------------------------------------------

    def _due(self, what: str) -> Callable[[Age], float]:
        def due_at(age: Age) -> float:
            return keeping.body_due_at(age.began_at, self._of(age.workspaces, what))

        return due_at

    def _due_body(self, age: Age) -> float:
        """A body of nobody is kept as long as the one who wishes it longest would keep it."""
        if not age.bytes:
            return float("-inf")  # it was the newest one, and is empty
        return keeping.body_due_at(age.began_at, self._of(age.workspaces or self._wishes, "bodies"))

    def _due_attempt(self, age: Age) -> float:
        """Where weeks are dropped whole, the attempts of those who keep them longest go with their week."""
        wishes = list(self._of(age.workspaces, "attempts"))
        if self._ledger.profile == "cluster" and self._longest("attempts") in wishes:
            return float("inf")
        return keeping.body_due_at(age.began_at, wishes)

    def _of(self, workspaces: Iterable[int], what: str) -> Iterable[int | None]:
        return (self._wishes[each].of(what) if each in self._wishes else None for each in workspaces)

    def _wished(self, what: str) -> bool:
        return any(keep.of(what) is not None for keep in self._wishes.values())

    def _longest(self, what: str) -> int | None:
        """For how many days the one keeps it who keeps it longest; None = for good."""
        wishes = [keep.of(what) for keep in self._wishes.values()]
        return None if None in wishes else max((days for days in wishes if days is not None), default=None)

    def _count(self, **more: int) -> None:
        self._thrown = self._thrown.plus(**more)


def _settled(page: list[Age], now: float) -> list[Age]:
    """The rows up to the first one that is so young that others may still come to stand before it."""
    for place, age in enumerate(page):
        if age.began_at > now - _SETTLED_S:
            return page[:place]
    return page


def _steps(ages: Sequence[Age], *, most: int) -> Iterable[list[Age]]:
    """So many at a time, and not too many bytes."""
    step: list[Age] = []
    weight = 0
    for age in ages:
        if step and (len(step) == most or weight + age.bytes > _STEP_BYTES):
            yield step
            step, weight = [], 0
        step.append(age)
        weight += age.bytes
    if step:
        yield step


def _tell(thrown: Thrown) -> None:
    counts = {name: count for name, count in msgspec.structs.asdict(thrown).items() if count}
    if counts:
        _log.info("retention.done", **counts)
