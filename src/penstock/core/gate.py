"""The gate: the one primitive that steers the flow, and which of several gates count for an item.

A gate lets so many items of its scope through in a second: none when it is shut, any number when it is wide open. It
never fails or discards anything: what stands before a shut gate waits. Nothing here keeps time or counts items; that
is ``core.slots`` and those who ask. Used by the ledger, ``controls.gates`` and whoever shows why an item is held.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import msgspec

from penstock.core.operation import DOWNLOAD, LOOK_UP

OPERATOR = "operator"  # a person
BREAKER = "breaker"
AUTOMATIC = frozenset({BREAKER, "auth", "throttle", "flag"})  # what an operator may overrule
PROBERS = frozenset({BREAKER, "auth"})  # who lets one through now and then, to see how upstream is
SCOPES = ("host", "operation", "app", "workspace", "credential", "number", "kind")
HOPS = (LOOK_UP.name, DOWNLOAD.name)  # what a file needs, in this order
TRICKLE = 1.0  # items per second; of the breaker, what is below is a probe

_NEVER = float("inf")

Hosts = Mapping[str, Collection[str]]  # by operation: where its requests may go, whole names and suffixes with a dot


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
    """Whether an item with these facts is in the gate's scope."""
    return within(gate.scope, facts)


def within(scope: Mapping[str, str], facts: Mapping[str, str]) -> bool:
    """Whether these facts are in a scope. A fact that nobody knows yet is in no scope."""
    for name, value in scope.items():
        fact = facts.get(name)
        if fact != value and not (name == "host" and fact is not None and _below(fact, value)):
            return False
    return True


def in_force(gate: Gate, now: float) -> bool:
    """Whether the gate counts at ``now``."""
    return gate.until is None or gate.until > now


def holds(gate: Gate) -> bool:
    """Whether what waits behind the gate is held: it is shut, or lets no more through than asks how upstream is."""
    if gate.opening is None:
        return False
    return gate.opening == 0 or (gate.owner in PROBERS and gate.opening < TRICKLE)


def counting(gates: Iterable[Gate], facts: Mapping[str, str], now: float) -> list[Gate]:
    """The gates that an item with these facts has to pass, all of them; none when the way is wide open.

    Automatic ones are left out where an operator said that they do not count.
    """
    standing = [gate for gate in gates if in_force(gate, now) and covers(gate, facts)]
    if any(gate.override_automatic and gate.owner == OPERATOR for gate in standing):
        standing = [gate for gate in standing if gate.owner not in AUTOMATIC]
    return [gate for gate in standing if gate.opening is not None]


def narrowest(gates: Iterable[Gate]) -> Gate | None:
    """The one of several gates that decides: the smallest opening, whoever set it.

    Of equal ones a person's is named before a machine's, since it is the one that stays.
    """
    return min((gate for gate in gates if gate.opening is not None), key=_rank, default=None)


def opening(gates: Sequence[Gate], facts: Mapping[str, str], now: float) -> Gate | None:
    """The gate that decides about an item with these facts; None when the way is wide open."""
    return narrowest(counting(gates, facts, now))


class Board:
    """The gates that are set, at hand by what they name: of thousands, an item meets those that could be its own.

    ``hosts`` says where each operation's requests may go. Which of these it will be is not known before a look-up, so
    a gate on any of them counts until then.
    """

    def __init__(self, gates: Iterable[Gate] = (), hosts: Hosts | None = None) -> None:
        self.gates = {gate.id: gate for gate in gates}
        self._by_scope: defaultdict[tuple[str, str], list[Gate]] = defaultdict(list)
        self._everywhere: list[Gate] = []  # what is not found by one whole name
        named = set()
        for gate in self.gates.values():
            host = gate.scope.get("host", "")
            if len(gate.scope) == 1 and not host.startswith("."):
                self._by_scope[next(iter(gate.scope.items()))].append(gate)
            else:
                self._everywhere.append(gate)
            if host:
                named.add(host)
        self._reached = {
            operation: sorted(host for host in named if _may_be(host, where))
            for operation, where in (hosts or {}).items()
        }

    def before(
        self, facts: Mapping[str, str], operations: Iterable[str], now: float, *, host: str | None = None
    ) -> list[Gate]:
        """The gates that an item has to pass for requests of these operations, each once, in the order of their ids.

        ``host`` is where a request goes, once that is known.
        """
        if not self.gates:
            return []
        found: dict[int, Gate] = {}
        for operation in operations:
            for way in self._ways({**facts, "operation": operation}, operation, host):
                found.update((gate.id, gate) for gate in counting(self._candidates(way), way, now))
        return [found[number] for number in sorted(found)]

    def holding(self, facts: Mapping[str, str], now: float) -> Gate | None:
        """The shut gate that holds an item, or None. A file needs every hop, so a gate of any holds it."""
        return narrowest(gate for gate in self.before(facts, HOPS, now) if holds(gate))

    def next_end(self, now: float) -> float:
        """When the first of the gates that are in force ends by itself; infinity when none does."""
        ends = (gate.until for gate in self.gates.values() if gate.until is not None)
        return min((end for end in ends if end > now), default=_NEVER)

    def places(self) -> list[tuple[object, ...]]:
        """Where gates stand, however wide each is open: boards with the same places are met by the same items."""
        return [
            (gate.id, gate.scope, gate.owner, gate.until, gate.override_automatic, gate.opening is None)
            for gate in self.gates.values()
        ]

    def _ways(self, known: dict[str, str], operation: str, host: str | None) -> Iterator[Mapping[str, str]]:
        """What is known of a request before it is made, once for each host that somebody's gate is on."""
        if host is not None:
            yield {**known, "host": host}
            return
        yield known
        for reached in self._reached.get(operation, ()):
            yield {**known, "host": reached}

    def _candidates(self, facts: Mapping[str, str]) -> Iterator[Gate]:
        yield from self._everywhere
        for fact in facts.items():
            yield from self._by_scope.get(fact, ())


def _rank(gate: Gate) -> tuple[float, bool, int]:
    return (0.0 if gate.opening is None else gate.opening, gate.owner != OPERATOR, gate.id)


def _below(host: str, suffix: str) -> bool:
    return suffix.startswith(".") and host.endswith(suffix)


def _may_be(host: str, where: Collection[str]) -> bool:
    """Whether a request that goes to one of these places may go to a host, or to one below it."""
    return any(host == place or _below(host, place) or _below(place, host) for place in where)
