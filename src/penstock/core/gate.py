"""The gate: the one primitive that steers the flow, and which of several gates counts for an item.

A gate lets so many items of its scope through in a second: none when it is shut, any number when it is wide open. It
never fails or discards anything: what stands before a shut gate waits. Nothing here keeps time or counts items; that
is for those who ask. Used by the ledger, the fetcher, ``controls.gates`` and whoever shows why an item is held.
"""

from collections.abc import Mapping, Sequence

import msgspec

OPERATOR = "operator"  # a person
AUTOMATIC = frozenset({"breaker", "auth", "throttle", "flag"})  # what an operator may overrule
SCOPES = ("host", "operation", "app", "workspace", "credential", "number", "kind")


class Gate(msgspec.Struct, frozen=True):
    """One gate as it is set. Times are epoch seconds."""

    id: int
    scope: dict[str, str]  # facts that an item must have, e.g. {"credential": "token-a"}; {} is everything
    opening: float | None  # items per second: 0 = shut, None = wide open
    owner: str  # "operator", or one of AUTOMATIC
    by: str
    why: str
    since: float
    until: float | None  # None: until somebody takes it away
    override_automatic: bool  # an operator says that automatic gates do not count in this scope


def covers(gate: Gate, facts: Mapping[str, str]) -> bool:
    """Whether an item with these facts is in the gate's scope. A fact that nobody knows yet is in no scope."""
    return all(facts.get(name) == value for name, value in gate.scope.items())


def in_force(gate: Gate, now: float) -> bool:
    """Whether the gate counts at ``now``."""
    return gate.until is None or gate.until > now


def opening(gates: Sequence[Gate], facts: Mapping[str, str], now: float) -> Gate | None:
    """The gate that counts for an item with these facts; None when the way is wide open.

    The smallest opening wins, whoever set it, unless an operator said that automatic gates do not count for the item.
    Of equal ones a person's is named before a machine's, since it is the one that stays.
    """
    standing = [gate for gate in gates if in_force(gate, now) and covers(gate, facts)]
    if not standing:
        return None
    if any(gate.override_automatic and gate.owner == OPERATOR for gate in standing):
        standing = [gate for gate in standing if gate.owner not in AUTOMATIC]
    narrow = [(gate.opening, gate.owner != OPERATOR, gate.id, gate) for gate in standing if gate.opening is not None]
    return min(narrow)[3] if narrow else None
