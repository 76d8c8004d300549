"""The breakers at work: shows every operation's breaker what was tried, and sets the gates that they want.

A breaker's own memory is the gate that stands and the tail of the attempts, so the next leader of the watch goes on
where this one stopped. Every change of a gate goes into the audit log with its evidence. It decides nothing: that is
``core.breaker``. One of the controls of ``controls.rounds``.
"""

from collections.abc import Sequence

import msgspec
import structlog

from penstock.core.breaker import Breaker, Intent, tried
from penstock.core.gate import HOPS, Gate
from penstock.core.operation import DOWNLOAD
from penstock.core.seen import Seen
from penstock.core.token_gates import TokenGates
from penstock.core.work import Outcome
from penstock.ledger.book import Ledger

_log = structlog.get_logger()

OWNER = "breaker"
STANDS_S = 900.0  # a gate that nobody looks after any more is gone after this
_RENEW_S = 300.0  # … so it is prolonged when it has less than this


class Breakers:
    """A breaker for each operation that a file needs, and the gates that they own."""

    def __init__(self, ledger: Ledger) -> None:
        self._gates = ledger.gates
        self._breakers: dict[str, Breaker] = {}
        self._tokens = TokenGates()  # whether refused tokens are upstream's fault

    async def look(self, seen: Sequence[Seen], now: float) -> None:
        """Show the breakers what was tried, and make the gates what they should be."""
        if not self._breakers:
            standing = await self._standing(now)
            self._breakers = {name: Breaker(name, born_at=now) for name in HOPS}
            self._adopt(standing)
        for each in seen:
            self._tokens.saw(each)
        self._tokens.tick(now)
        for each in seen:
            if (breaker := self._breakers.get(each.operation)) is not None:
                breaker.saw(tried(self._as_upstreams(each)))
        standing = await self._standing(now)
        self._adopt(standing)
        for name, breaker in self._breakers.items():
            await self._apply(breaker.tick(now), [gate for gate in standing if _operation_of(gate) == name], now)

    def _as_upstreams(self, seen: Seen) -> Seen:
        """A refusal of many tokens at once is upstream's fault, and counts as such."""
        if not self._tokens.blames_upstream(seen):
            return seen
        return msgspec.structs.replace(seen, outcome=Outcome.UPSTREAM)

    async def _standing(self, now: float) -> list[Gate]:
        return [gate for gate in await self._gates.active(now=now) if gate.owner == OWNER]

    def _adopt(self, standing: Sequence[Gate]) -> None:
        """A gate that stands and that no breaker of ours knows of: somebody else set it, who leads no more."""
        for gate in standing:
            breaker = self._breakers.get(_operation_of(gate))
            if breaker is not None and breaker.flows:
                breaker.resume(gate)

    async def _apply(self, intent: Intent | None, standing: Sequence[Gate], now: float) -> None:
        """Take away what should not stand, and set what should."""
        for gate in standing:
            if intent is None or gate.scope != intent.scope:
                why = "Files get through again, as many as come: no gate is needed any more."
                await self._gates.open(gate.scope, owner=OWNER, by=OWNER, why=why, now=now)
                _log.info("breaker.opened", scope=gate.scope)
        if intent is None:
            return
        stands = next((gate for gate in standing if gate.scope == intent.scope), None)
        until = None if stands is None else stands.until
        if until is None or until - now < _RENEW_S:
            until = now + STANDS_S
        wanted = intent.opening, intent.why, until
        if stands is not None and (stands.opening, stands.why, stands.until) == wanted:
            return
        await self._gates.shut(
            intent.scope, owner=OWNER, by=OWNER, why=intent.why, now=now, opening=intent.opening, until=until
        )
        if stands is None or stands.why != intent.why:
            _log.warning("breaker.set", scope=intent.scope, opening=intent.opening, why=intent.why)


def _operation_of(gate: Gate) -> str:
    """The operation whose breaker a gate belongs to. Graph is one host; a gate on a host is about files."""
    return gate.scope.get("operation", DOWNLOAD.name if "host" in gate.scope else "")
