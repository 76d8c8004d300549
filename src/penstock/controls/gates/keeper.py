"""Keeps the gates at hand: looked at twice a second, asked before every claim and every request, counted as they open.

What a gate with an opening lets through is shared out over the live fetchers by ``core.slots``; which gates are in
front of an item says ``core.gate``. When the ledger cannot be read the last view goes on counting. It sets no gate.
Plugged into the fetcher's socket by ``wiring``.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence

import structlog

from penstock.core import outage, slots
from penstock.core.errors import PenstockError
from penstock.core.gate import BREAKER, HOPS, TRICKLE, Board, Gate, Hosts
from penstock.core.lanes import Lane, Ways
from penstock.core.slots import ALONE, NOWHERE, Flow, Place
from penstock.core.work import Claim
from penstock.flow.sockets import Permit, Wait
from penstock.ledger.book import Ledger
from penstock.ledger.steering import Mark

_log = structlog.get_logger()

_EVERY_S = 0.5  # a gate works everywhere within a second
_AGAIN_S = 1.0  # how soon an item that met a gate on its way may be claimed again
_GO_ON = Permit()
_PROBE = Permit(probe=True)


class GateKeeper:
    """The gates of this moment. ``start`` it before use, ``stop`` it after.

    ``hosts`` says where each operation's requests may go, unless the ledger knows. ``me`` is this process among those
    that fetch; without it nobody else does. ``changed`` is called when the gates are not what they were.
    """

    def __init__(self, ledger: Ledger, *, hosts: Hosts | None = None, me: str | None = None) -> None:
        self._ledger = ledger
        self._hosts = ledger.hosts if hosts is None else hosts
        self._me = me
        self._place = ALONE if me is None else NOWHERE
        self._reading = asyncio.Lock()
        self._mark: Mark | None = None
        self._board = Board((), self._hosts)
        self._flows: dict[int, Flow] = {}  # of each gate that lets something through
        self._before: dict[Lane, tuple[int, ...]] = {}  # the gates in front of lanes that were asked about
        self._known_until = float("inf")  # when one of them ends by itself
        self._tickets: dict[tuple[int, int], dict[int, bool]] = {}  # of each claim: the gates it may pass; has passed
        self._task: asyncio.Task[None] | None = None
        self.changed: Callable[[], None] = lambda: None

    async def start(self) -> None:
        """Look at the gates, and go on looking."""
        await self.refresh()
        self._task = asyncio.create_task(self._keep(), name="gates")

    async def stop(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def refresh(self) -> None:
        """Look at the gates and the fetchers now."""
        async with self._reading:  # a slow look must not bring older gates back
            now = await self._ledger.now()
            look = await self._ledger.steering.look(self._mark, now=now)
            self._share(look.fetchers, now)
            if look.gates is not None:
                self._mark = look.mark
                self._take(look.gates, now)

    # -- what the fetcher asks --------------------------------------------------------------

    def ways(self, lanes: Sequence[Lane], now: float) -> Ways:
        """What is open of the lanes. A file needs every hop, so the gates of any are in front of its lane."""
        if not self._board.gates:
            return Ways(lanes)
        if now >= self._known_until:
            self._forget(now)
        is_open: list[Lane] = []
        narrow: dict[Lane, tuple[int, ...]] = {}
        left: dict[int, int] = {}
        waited_for: set[int] = set()
        for lane in lanes:
            gates = self._gates_before(lane, now)
            for number in gates:
                if number not in left:
                    left[number] = self._left(number, now)
            dry = [number for number in gates if left[number] < 1]
            if not dry:
                is_open.append(lane)
                if gates:
                    narrow[lane] = gates
            elif all(number in self._flows for number in dry):
                waited_for.update(dry)
        again_at = min((slots.next_at(self._flows[number], self._place) for number in waited_for), default=None)
        return Ways(is_open, narrow, left, again_at)

    def claimed(self, claims: Sequence[Claim], now: float) -> None:
        """Each of these may pass the gates before its lane; that is counted now, so that no more are claimed."""
        for claim in claims:
            lane = Lane(claim.workspace_id, claim.number_id, claim.kind, *_names(claim))
            gates = [number for number in self._gates_before(lane, now) if number in self._flows]
            if gates:
                self._tickets[claim.id, claim.fence] = dict.fromkeys(gates, False)
                for number in gates:
                    self._left(number, now)
                    self._flows[number] = slots.used(self._flows[number])

    def admit(self, claim: Claim, operation: str, now: float, *, host: str | None = None) -> Permit | Wait:
        """Whether a request may be sent.

        A look-up needs the gates of the download, too: while that is shut, it would only wear out Graph and its URL.
        """
        if not self._board.gates:
            return _GO_ON
        facts = dict(zip(("workspace", "app", "credential", "number"), _names(claim), strict=True), kind=claim.kind)
        here = self._board.before(facts, (operation,), now, host=host)
        ahead = self._board.before(facts, HOPS[HOPS.index(operation) + 1 :], now) if operation in HOPS else []
        if not here and not ahead:
            return _GO_ON
        key = claim.id, claim.fence
        held = self._tickets.get(key, {})
        missing = {gate.id for gate in (*here, *ahead)} - held.keys()
        if any(gate.opening == 0 for gate in (*here, *ahead)) or any(self._left(number, now) < 1 for number in missing):
            return Wait(now + _AGAIN_S)
        for number in missing:
            self._flows[number] = slots.used(self._flows[number])
        self._tickets[key] = {**held, **dict.fromkeys(missing, False), **{gate.id: True for gate in here}}
        return _PROBE if any(map(_is_probed, here)) else _GO_ON

    def ended(self, claim: Claim) -> None:
        """What a claim was counted for and did not pass, another one may."""
        for number, passed in self._tickets.pop((claim.id, claim.fence), {}).items():
            if not passed and number in self._flows:
                self._flows[number] = slots.given_back(self._flows[number], self._place)

    # -- what is known ----------------------------------------------------------------------

    def _share(self, fetchers: Sequence[str], now: float) -> None:
        """Which part of the openings is ours from now on."""
        if self._me is None:
            return
        place = Place(fetchers.index(self._me), len(fetchers)) if self._me in fetchers else NOWHERE
        if place != self._place:
            self._flows = {number: slots.until(flow, now, self._place) for number, flow in self._flows.items()}
            self._place = place

    def _take(self, gates: Sequence[Gate], now: float) -> None:
        """Other gates than before."""
        board = Board(gates, self._hosts)
        flows = {}
        for gate in gates:
            if gate.opening:
                flow = self._flows.get(gate.id)
                flow = slots.begin(gate.opening, now) if flow is None else slots.until(flow, now, self._place)
                flows[gate.id] = slots.changed(flow, gate.opening, self._place)
        if board.places() != self._board.places():
            self._before = {}
        differ = board.gates != self._board.gates
        self._board, self._flows = board, flows
        self._known_until = board.next_end(now)
        if differ:
            self.changed()

    def _forget(self, now: float) -> None:
        """A gate has ended by itself."""
        self._before = {}
        self._known_until = self._board.next_end(now)

    def _gates_before(self, lane: Lane, now: float) -> tuple[int, ...]:
        gates = self._before.get(lane)
        if gates is None:
            facts: Mapping[str, str] = dict(zip(Lane._fields[2:], lane[2:], strict=True))
            gates = self._before[lane] = tuple(gate.id for gate in self._board.before(facts, HOPS, now))
        return gates

    def _left(self, number: int, now: float) -> int:
        """How many items a gate lets through now."""
        flow = self._flows.get(number)
        if flow is None:
            return 0
        flow = self._flows[number] = slots.until(flow, now, self._place)
        return flow.hand

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_S)
            try:
                await self.refresh()
            except PenstockError as error:
                _log.log(outage.level(error), "gates.stale", reason=str(error))


def _names(claim: Claim) -> tuple[str, str, str, str]:
    return claim.workspace, claim.app, claim.credential, claim.phone_number_id


def _is_probed(gate: Gate) -> bool:
    """Whether what passes this gate is to show how upstream is."""
    return gate.owner == BREAKER and gate.opening is not None and gate.opening < TRICKLE
