"""One alert target's post: what it has not been told of yet is told it, in order, until it has taken it.

Each target has its own, with its own place in the events and its own patience, so none waits for another. Where it
stands is kept in the ledger after every alert: whoever leads next goes on there, and at most one alert is told twice,
under the same id. What is told when is ``core.announcing``'s. Run by ``alerting``.
"""

import asyncio
import random
from collections.abc import Callable

import msgspec
import structlog

from penstock.adapters.notify.port import Reply, Target
from penstock.core import announcing, outage
from penstock.core.alert import REPEATED, Alert
from penstock.core.announcing import CLOSED, GIVE_UP, UPDATED, Telling
from penstock.core.errors import PenstockError
from penstock.core.incident import Incident
from penstock.ledger.alerts import TargetState
from penstock.ledger.book import Ledger

_log = structlog.get_logger()

_AT_ONCE = 500
_PATIENCE_S = 30.0  # senders have limits of their own; this one is for mistakes
_AGAIN_S = 1.0
_DEBUG, _WARNING = 10, 30  # of the log


class Delivery:
    """The post of one target, for the time of one lead. ``link`` makes the address of an incident."""

    def __init__(
        self,
        ledger: Ledger,
        target: Target,
        *,
        link: Callable[[int], str],
        rng: random.Random,
        every_s: float = 1.0,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._ledger = ledger
        self._target = target
        self._link = link
        self._rng = rng
        self._every_s = every_s
        self._patience_s = patience_s
        self._state: TargetState | None = None
        self._taken: Telling | None = None  # and not written down yet
        self._last = 0  # the newest event when it was refused last
        self._repeated_at: float | None = None
        self._ending = False
        self.telling = False  # something is on its way, and not written down yet

    def end(self) -> None:
        """Begin nothing more."""
        self._ending = True

    async def run(self) -> None:
        """Deliver until cancelled, or ended."""
        while not self._ending:
            try:
                pause_s = await self.turn()
            except PenstockError as error:
                _log.log(outage.level(error), "alerts.store_unavailable", target=self._name, reason=str(error))
                pause_s = _AGAIN_S
            except Exception:  # noqa: BLE001 -- a mistake of ours: files are fetched meanwhile, and other targets told
                _log.exception("alerts.failed", target=self._name)
                pause_s = _AGAIN_S
            await asyncio.sleep(pause_s)

    async def turn(self) -> float:
        """Tell one thing, if there is one and the target may be asked; how long nothing is to be done then."""
        now = await self._ledger.now()
        state = self._state = self._state or await self._ledger.alerts.target(self._target.id)
        if state is None:  # it is named no longer, by whoever leads now
            return self._every_s
        if self._taken is not None:
            await self._write_down(state, self._taken, now)
            return 0.0
        events = await self._ledger.incidents.new_events(after=state.position, limit=_AT_ONCE)
        if not events:
            await self._repeat(state, now)
            return self._every_s
        if not self._due(state, events[-1].id, now):
            return self._every_s
        rows = {id_: await self._ledger.incidents.get(id_) for id_ in {event.incident_id for event in events}}
        states = {id_: row.state for id_, row in rows.items()}
        plan = announcing.plan(events, state.heard, states, position=state.position)
        if plan.telling is None:
            await self._move(state, plan.passed, state.heard)
            return self._every_s if len(events) < _AT_ONCE else 0.0
        self._last = events[-1].id
        self.telling = True
        try:
            await self._tell(state, plan.telling, rows[plan.telling.event.incident_id], now)
        finally:
            self.telling = False
        return 0.0

    def _due(self, state: TargetState, newest: int, now: float) -> bool:
        """Whether the target may be asked. One that refuses for good is asked again when there is something new."""
        if state.next_at is None or now >= state.next_at:
            return True
        return state.lasting and self._last not in {0, newest}

    async def _tell(self, state: TargetState, telling: Telling, row: Incident, now: float) -> None:
        reply = await self._send(self._alert(state, telling, row), now)
        now = await self._ledger.now()
        word, number = telling.word, telling.event.id
        if reply.taken:
            self._taken = telling  # if the ledger is away now, it is written down when it is back, and not told again
            await self._write_down(state, telling, now)
            _log.info("alerts.told", target=self._name, incident=row.id, told=word, number=number)
            return
        attempts = state.attempts + 1
        if reply.unfit and attempts >= GIVE_UP:
            _log.error(
                "alerts.passed_over", target=self._name, incident=row.id, told=word, number=number, reason=reply.said
            )
            await self._move(state, telling.event.id, telling.heard, passed_over=1)
            return
        wait_s = announcing.wait_s(attempts, jitter=self._rng.random(), lasting=reply.lasting, asked_s=reply.after_s)
        _log.log(
            _WARNING if attempts == 1 or reply.lasting else _DEBUG,  # a target that is away is one line
            "alerts.not_taken",
            target=self._name,
            incident=row.id,
            told=word,
            number=number,
            reason=reply.said,
            attempts=attempts,
            again_in_s=round(wait_s, 1),
        )
        await self._ledger.alerts.refused(
            state.id,
            after=state.position,
            attempts=attempts,
            error=reply.said,
            lasting=reply.lasting,
            next_at=now + wait_s,
            now=now,
        )
        self._state = None

    async def _write_down(self, state: TargetState, telling: Telling, now: float) -> None:
        await self._move(state, telling.event.id, telling.heard, told_at=now)
        self._taken = None

    async def _move(
        self,
        state: TargetState,
        position: int,
        heard: frozenset[int],
        *,
        told_at: float | None = None,
        passed_over: int = 0,
    ) -> None:
        """Be past an event. When somebody else was quicker, what they left is read anew."""
        await self._ledger.alerts.advance(
            state.id, after=state.position, position=position, heard=heard, told_at=told_at, passed_over=passed_over
        )
        self._state = None

    async def _repeat(self, state: TargetState, now: float) -> None:
        """Tell again what stands, to a target that forgets what it is not told again."""
        every_s = self._target.notifier.repeats_s
        if every_s is None or self._repeated_at is None or now - self._repeated_at < every_s:
            self._repeated_at = now if self._repeated_at is None else self._repeated_at
            return
        self._repeated_at = now
        for id_ in sorted(state.heard):
            row = await self._ledger.incidents.get(id_)
            alert = Alert(
                id=f"{state.origin}-{state.id[:6]}-{id_}-again",
                key=key_of(state.origin, id_),
                event=UPDATED,
                kind=REPEATED,
                at=now,
                text="It goes on.",
                incident=row,
                url=self._link(id_),
            )
            reply = await self._send(alert, now)
            if not reply.taken:
                _log.debug("alerts.not_repeated", target=self._name, incident=id_, reason=reply.said)
                return

    async def _send(self, alert: Alert, now: float) -> Reply:
        try:
            async with asyncio.timeout(self._patience_s):
                return await self._target.notifier.send(alert, now=now)
        except TimeoutError:
            return Reply(False, "does not answer in time")
        except Exception as error:  # noqa: BLE001 -- a mistake of ours; its text may hold what must not be logged
            return Reply(False, f"could not be told, by a mistake of Penstock's own ({type(error).__name__})")

    def _alert(self, state: TargetState, telling: Telling, row: Incident) -> Alert:
        if telling.word != CLOSED and row.state == "closed":  # it is told as it was, and closed by the next alert
            row = msgspec.structs.replace(row, state="open", closed_at=None)
        event = telling.event
        return Alert(
            id=f"{state.origin}-{state.id[:6]}-{event.id}",
            key=key_of(state.origin, row.id),
            event=telling.word,
            kind=event.kind,
            at=event.at,
            text=event.text,
            incident=row,
            url=self._link(row.id),
        )

    @property
    def _name(self) -> str:
        return self._target.name


def key_of(origin: str, incident: int | str) -> str:
    """The key of an incident at every target."""
    return f"penstock-{origin}-{incident}"
