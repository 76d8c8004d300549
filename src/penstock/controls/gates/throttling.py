"""The throttle at work: shows ``core.throttle`` what was tried, and sets the gates of the apps and numbers it names.

A growing opening is written in steps that matter, since every change goes into the audit log. It decides nothing. One
of the controls of ``controls.rounds``.
"""

from collections.abc import Sequence

import structlog

from penstock.core.gate import Gate
from penstock.core.seen import Seen
from penstock.core.throttle import Scope, Standing, Throttle
from penstock.ledger.book import Ledger

_log = structlog.get_logger()

OWNER = "throttle"
_STANDS_S = 900.0  # a gate that nobody looks after any more is gone after this
_RENEW_S = 300.0
_STEP = 1.25  # an opening that grew by less than this is not worth an entry
_OVER = "No request to slow down for a while: no gate is needed any more."


class ThrottleGates:
    """The gates of apps and numbers that upstream asked to slow down."""

    def __init__(self, ledger: Ledger) -> None:
        self._gates = ledger.gates
        self._machine: Throttle | None = None

    async def look(self, seen: Sequence[Seen], now: float) -> None:
        """Show the machine what was tried, and make the gates what they should be."""
        standing = await self._standing(now)
        if self._machine is None:
            self._machine = Throttle()
            for scope, gate in standing.items():
                self._machine.resume(scope, Standing(gate.opening or 0.0, gate.why), now)
        for each in seen:
            self._machine.saw(each)
        wanted = self._machine.tick(now)
        for scope in standing.keys() - wanted.keys():
            await self._gates.open(dict([scope]), owner=OWNER, by=OWNER, why=_OVER, now=now)
            _log.info("throttle.opened", scope=dict([scope]))
        for scope, should in wanted.items():
            await self._set(scope, standing.get(scope), should, now)

    async def _standing(self, now: float) -> dict[Scope, Gate]:
        gates = await self._gates.active(now=now)
        return {scope: gate for gate in gates if gate.owner == OWNER for scope in gate.scope.items()}

    async def _set(self, scope: Scope, gate: Gate | None, should: Standing, now: float) -> None:
        until = None if gate is None else gate.until
        if gate is not None and until is not None and until - now > _RENEW_S and _near(gate, should):
            return
        if until is None or until - now <= _RENEW_S:
            until = now + _STANDS_S
        await self._gates.shut(
            dict([scope]), owner=OWNER, by=OWNER, why=should.why, now=now, opening=should.opening, until=until
        )
        if gate is None:
            _log.warning("throttle.set", scope=dict([scope]), opening=should.opening, why=should.why)


def _near(gate: Gate, should: Standing) -> bool:
    """Whether the gate is what it should be, nearly: never wider, and not much narrower."""
    if gate.why != should.why or gate.opening is None:
        return False
    return gate.opening <= should.opening <= gate.opening * _STEP or gate.opening == should.opening
