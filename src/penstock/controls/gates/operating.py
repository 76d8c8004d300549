"""What an operator does to gates: names are checked, a gate is set or taken away, and then it is said what that costs.

The gate comes first: counting what stands behind it may take a second, and nobody should wait for that. Effects on the
flow come by the keeper, within a second. Called by ``penstock gate`` and ``web.api.gates``.
"""

import math

import msgspec

from penstock.controls import scopes
from penstock.core import expiry
from penstock.core.errors import NotFound, WrongUse
from penstock.core.expiry import Expiring
from penstock.core.gate import OPERATOR, Gate
from penstock.ledger.book import Ledger


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants of the gate of a scope."""

    scope: dict[str, str]
    by: str
    why: str
    opening: float | None = None  # items per second
    until: float | None = None
    override_automatic: bool = False


class Opened(msgspec.Struct, frozen=True):
    """What opening a gate led to."""

    gate: Gate | None  # the operator's, where it stays with an opening or overrules the automatic ones
    still: tuple[Gate, ...]  # others that narrow or shut the same scope, or everything


class Operating:
    """Gates by hand. The hosts that may be named are those that the ledger was opened for."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def shut(self, order: Order) -> Gate:
        """Shut the operator's gate of a scope, or narrow it to an opening. Raises WrongUse or NotFound."""
        now = await self._checked(order)
        return await self._set(order, 0.0 if order.opening is None else order.opening, now)

    async def open(self, order: Order) -> Opened:
        """Take the operator's gate of a scope away, or let it stay with an opening, or over the automatic ones.

        Raises WrongUse, or NotFound when there is none and nothing was said that would make one.
        """
        now = await self._checked(order)
        stays = order.opening is not None or order.override_automatic
        if order.opening == 0:
            raise WrongUse("an opening of 0 is a shut gate: use `penstock gate shut`")
        if order.until is not None and not stays:
            raise WrongUse("opening takes the gate away for good: an end goes with a rate or with overriding")
        gate = await self._set(order, order.opening, now) if stays else None
        removed = stays or await self._ledger.gates.open(
            order.scope, owner=OPERATOR, by=order.by, why=scopes.reason(order.why), now=now
        )
        active = await self._ledger.gates.active(now=now)
        still = tuple(
            each
            for each in active
            if each.opening is not None and each.scope in (order.scope, {}) and (gate is None or each.id != gate.id)
        )
        if not removed:
            others = f"; {_named(still[0])} stands" if still else ""
            raise NotFound(f"no operator's gate stands on {expiry.scope_name(order.scope)}{others}")
        return Opened(gate, still)

    async def cost(self, gate: Gate) -> tuple[Expiring, str]:
        """What waits in a gate's scope now, and in a sentence what of it expires before the gate opens."""
        found = await self._ledger.counts.in_scope(gate.scope, until=gate.until)
        now = await self._ledger.now()
        return found, expiry.cost(found, opening=gate.opening, now=now, until=gate.until)

    async def _checked(self, order: Order) -> float:
        """The time, once everything that can be wrong with an order was looked at."""
        scopes.reason(order.why)
        if order.opening is not None and not (math.isfinite(order.opening) and order.opening >= 0):
            raise WrongUse("an opening is a number of files per second, 0 or more")
        now = await self._ledger.now()
        if order.until is not None and order.until <= now:
            raise WrongUse("the end of this gate is over already: it must be in the future")
        gates = await self._ledger.gates.active(now=now)
        if not any(gate.scope == order.scope for gate in gates):  # what was removed meanwhile must open again
            await scopes.check(self._ledger, order.scope)
        return now

    async def _set(self, order: Order, opening: float | None, now: float) -> Gate:
        id_ = await self._ledger.gates.shut(
            order.scope,
            owner=OPERATOR,
            by=order.by,
            why=scopes.reason(order.why),
            now=now,
            opening=opening,
            until=order.until,
            override_automatic=order.override_automatic,
        )
        return next(gate for gate in await self._ledger.gates.active(now=now) if gate.id == id_)


def _named(gate: Gate) -> str:
    owner = "" if gate.owner == OPERATOR else f"{gate.owner}'s "
    return f"the {owner}gate of {expiry.scope_name(gate.scope)}"
