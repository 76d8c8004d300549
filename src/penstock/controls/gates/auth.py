"""Dead tokens at work: shows ``core.token_gates`` what was tried, and sets the gates of the credentials that it names.

Files of a credential with a shut gate wait; text, and everybody else's files, go on. A new token opens the gate within
a second and makes what waited due at once. Every change goes into the audit log. It decides nothing. One of the
controls of ``controls.rounds``.
"""

from collections.abc import Mapping, Sequence

import structlog

from penstock.core.gate import Gate
from penstock.core.seen import Seen
from penstock.core.token_gates import Standing, TokenGates, told
from penstock.core.work import Outcome
from penstock.ledger.book import Ledger

_log = structlog.get_logger()

OWNER = "auth"
_NEW_TOKEN = "It has a new token."  # noqa: S105 -- a sentence
_ACCEPTED = "WhatsApp accepts the token again."
_UPSTREAM = "WhatsApp refuses the tokens of several credentials at once: the fault is its own."


class AuthGates:
    """The gates of credentials."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._machine: TokenGates | None = None
        self._blamed = False

    async def look(self, seen: Sequence[Seen], now: float) -> None:
        """Show the machine what was tried, and make the gates what they should be."""
        standing = await self._standing(now)
        if self._machine is None:
            self._machine = TokenGates()
            for credential, gate in standing.items():
                self._machine.resume(credential, Standing(gate.opening or 0.0, gate.why), gate.since)
            self._machine.known(await self._ledger.renewal.changes())
        machine = self._machine
        renewed = machine.renewed(await self._ledger.renewal.changes()) if machine.in_trouble() else []
        for each in seen:
            machine.saw(each)
        wanted = machine.tick(now)
        await self._tell(machine, now)
        await self._apply(standing, wanted, set(renewed), now)

    async def _standing(self, now: float) -> dict[str, Gate]:
        gates = await self._ledger.gates.active(now=now)
        return {gate.scope["credential"]: gate for gate in gates if gate.owner == OWNER and "credential" in gate.scope}

    async def _apply(
        self, standing: Mapping[str, Gate], wanted: Mapping[str, Standing], renewed: set[str], now: float
    ) -> None:
        gates = self._ledger.gates
        for credential in standing:
            if credential in wanted:
                continue
            why = _NEW_TOKEN if credential in renewed else _UPSTREAM if self._blamed else _ACCEPTED
            await gates.open({"credential": credential}, owner=OWNER, by=OWNER, why=why, now=now)
            due = await self._ledger.renewal.hurry(credential, now=now)
            _log.info("auth.opened", credential=credential, why=why, due=due)
        for credential, should in wanted.items():
            gate = standing.get(credential)
            if gate is not None and (gate.opening, gate.why) == (should.opening, should.why):
                continue
            await gates.shut(
                {"credential": credential}, owner=OWNER, by=OWNER, why=should.why, now=now, opening=should.opening
            )
            if gate is None:
                _log.warning("auth.shut", credential=credential, why=should.why)

    async def _tell(self, machine: TokenGates, now: float) -> None:
        """Say once that tokens are refused which are not dead, and once that it is over: then what waits is due."""
        if machine.upstream_at_fault == self._blamed:
            return
        self._blamed = machine.upstream_at_fault
        if self._blamed:
            _log.warning("auth.upstream_at_fault", credentials=told(machine.in_trouble()), why=_UPSTREAM)
        else:
            due = await self._ledger.queue.hurry(Outcome.AUTH, now=now)
            _log.info("auth.upstream_recovered", due=due)
