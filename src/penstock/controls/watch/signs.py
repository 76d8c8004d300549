"""The watch's other half: looks for what failures do not show, at the door, at what waits, and at the feed.

Cheap questions every few seconds, from indexes whatever waits. All that is to be fetched is counted only when there is
more than the first some hundred show, and then so rarely that it takes a hundredth of the time. It decides nothing: the
signs are ``core.ages`` and ``core.doors``, their memory ``core.vitals``. One of the controls of ``controls.rounds``.
"""

import time
from collections.abc import Sequence

from penstock.controls.watch.notices import Notices, told_already
from penstock.core import ages, doors, silence
from penstock.core.ages import Lot
from penstock.core.detector import FAMILIES, Key
from penstock.core.operation import DOWNLOAD
from penstock.core.seen import Seen
from penstock.core.silence import ANY, HOUR_S, Silence
from penstock.core.vitals import Sign
from penstock.core.work import Outcome
from penstock.ledger.book import Ledger

KEYS = frozenset(
    {
        ages.OVERDUE,
        ages.DEADLINE,
        ages.NO_SUCCESS,
        ages.STUCK,
        doors.SILENT,
        doors.NUMBER_SILENT,
        doors.SIGNATURE,
        doors.UNKNOWN_NUMBER,
        doors.UNREAD,
    }
)
FAILING = frozenset({*FAMILIES.values(), Outcome.CONTRACT.value})  # the classes of incidents of attempts that fail
_EVERY_S = 5.0
_ARRIVALS_EVERY_S = 30.0
_AGAIN_S = 600.0
_RARELY = 100  # times as long as counting everything took, until it is done again
_OPEN = 1_000
_UNREAD = 100  # so many are counted


class Signs:
    """What it knows besides the incidents dies with the lead, and the next leader counts from its own beginning."""

    def __init__(
        self, ledger: Ledger, *, every_s: float = _EVERY_S, arrivals_every_s: float = _ARRIVALS_EVERY_S
    ) -> None:
        self._ledger = ledger
        self._every_s = every_s
        self._arrivals_every_s = arrivals_every_s
        self._notices = Notices(ledger, KEYS.__contains__)
        self._begun = False
        self._look_at = self._arrivals_at = self._count_at = float("-inf")
        self._lots: Sequence[Lot] = ()
        self._succeeded_at = 0.0
        self._attempts = 0  # since then
        self._arrivals = _Arrivals(ledger)

    async def look(self, seen: Sequence[Seen], now: float) -> None:
        """See what was tried, and look around when it is time."""
        if not self._begun:
            self._begun, self._succeeded_at = True, now
            about = await self._notices.begin(now)
            await self._arrivals.begin(about, now)
        for each in seen:
            self._attempts += 1
            if each.operation == DOWNLOAD.name and each.outcome is Outcome.DELIVERED:
                self._succeeded_at, self._attempts = max(self._succeeded_at, each.at), 0
        if now - self._look_at < self._every_s:
            return
        self._look_at = now
        signs = [*await self._of_files(now), *await self._of_doors(now)]
        if now - self._arrivals_at >= self._arrivals_every_s:
            self._arrivals_at = now
            signs += await self._arrivals.signs(now)
        await self._notices.look(signs, now)

    async def _of_files(self, now: float) -> list[Sign]:
        lots = await self._waiting(now)
        covered = told_already(await self._ledger.incidents.latest(only_open=True, limit=_OPEN), FAILING)
        fetchers = await alive(self._ledger, "fetcher", now)
        return [
            ages.overdue(lots, now, covered=covered or self._notices.is_open(ages.NO_SUCCESS)),
            ages.deadline(lots, now),
            ages.no_success(
                lots,
                now,
                succeeded_at=self._succeeded_at,
                fetchers=fetchers,
                attempts=self._attempts,
                covered=covered,
            ),
            ages.stuck(await self._ledger.vitals.unstamped_since(), now),
        ]

    async def _waiting(self, now: float) -> Sequence[Lot]:
        """What is to be fetched: all of it, as it stood when it was counted last if that is much."""
        head, complete = await self._ledger.vitals.head(now=now)
        if complete:
            self._lots = ()
            return head
        if now >= self._count_at:
            began, self._count_at = time.perf_counter(), now + _AGAIN_S  # should it be left behind
            self._lots = await self._ledger.vitals.every_lot(now=now)
            self._count_at = now + max(self._every_s, _RARELY * (time.perf_counter() - began))
        return self._lots

    async def _of_doors(self, now: float) -> list[Sign]:
        bodies, last_at = await self._ledger.vitals.unread()
        return [
            doors.signature(await self._ledger.vitals.doors(now=now), now),
            doors.unknown(await self._ledger.vitals.strays(), now),
            doors.unread(bodies, last_at, now, at_least=bodies >= _UNREAD),
        ]


class _Arrivals:
    """Whether arrivals are silent, against the habits of the weeks before."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._silence = Silence()
        self._last: dict[int, float] = {}
        self._names: dict[int, str] = {}
        self._hour: int | None = None
        self._known_from = 0
        self._masks: dict[int, dict[int, int]] = {}
        self._says: dict[int, float] = {}

    async def begin(self, about: dict[Key, frozenset[str]], now: float) -> None:
        """Go on with the silences that an earlier leader found."""
        if not about.keys() & {doors.SILENT, doors.NUMBER_SILENT}:
            return
        await self._refresh(now)
        named = about.get(doors.NUMBER_SILENT, frozenset())
        for stream, at in self._last.items():
            if (stream == ANY and doors.SILENT in about) or self._names.get(stream) in named:
                self._silence.resume(stream, at)

    async def signs(self, now: float) -> list[Sign]:
        """How arrivals stand."""
        await self._refresh(now)
        gaps = self._silence.look(self._last, self._habit, now)
        everything = next((gap.since for gap in gaps if gap.stream == ANY), None)
        receivers = await alive(self._ledger, "receiver", now)
        well = not self._silence.doubtful(ANY, len(self._last))
        found = [doors.silent(everything, now, receivers=receivers, well=well)]
        if everything is None and well:
            numbers = {self._names[gap.stream]: gap.since for gap in silence.silent_numbers(gaps, self._names)}
            found.append(doors.number_silent(numbers, now))
        return found

    def _habit(self, stream: int) -> float:
        if stream not in self._says:
            assert self._hour is not None
            masks = self._masks.get(stream, {})
            self._says[stream] = silence.habit(masks, self._hour, known_from=self._known_from)
        return self._says[stream]

    async def _refresh(self, now: float) -> None:
        """What came lately; with every hour the habits of that hour."""
        vitals, hour = self._ledger.vitals, int(now // HOUR_S)
        routes = (await self._ledger.provisioning.snapshot()).routes
        self._names = {route.number_id: route.phone_number_id for route in routes}
        if hour == self._hour:
            self._last |= await vitals.last_arrivals(now=now, hours=1)
        else:
            await vitals.forget(now=now)
            self._hour, self._says = hour, {}
            self._last = await vitals.last_arrivals(now=now)
            first = await vitals.first_hour()
            self._known_from = hour if first is None else first
            self._masks = await vitals.arrived(silence.needed(hour, known_from=self._known_from))
        self._last = {stream: at for stream, at in self._last.items() if stream == ANY or stream in self._names}


async def alive(ledger: Ledger, role: str, now: float) -> int:
    """How many processes of a role were seen lately."""
    processes = await ledger.processes.alive(now=now)
    return sum(role in (roles := str(each["role"]).split(",")) or "all" in roles for each in processes)
