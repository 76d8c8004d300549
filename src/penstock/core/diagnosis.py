"""Diagnosis: which dimension of an attempt, or which conjunction of up to three, separates the failing from the good.

The rows are split in two halves, alike in outcomes. On one half the set of values is chosen whose rate of failure
stands out most; on the other half the rule is scored by how much likelier it makes what happened than one rate for all
does. A rule scored on rows that did not choose it is an e-value whatever the number of its values, so a dimension of a
thousand tenants gains nothing by its size (universal inference; Wasserman, Ramdas and Balakrishnan, 2020). Rules that
match the same failures cannot be told apart by data: all are returned, what is nearest to a cause first. Below its
threshold it is silent. No clock and no randomness of its own. Called by ``controls.watch``.
"""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

Clauses = tuple[tuple[str, frozenset[str]], ...]  # sorted by dimension

_BEAM = 4
_DEPTH = 3
_KEPT = 30  # candidates of each round that are remembered
_LEAST_ROWS, _LEAST_FAILURES = 4, 2
_PRICE = 1.5  # nats for a further clause, times the logarithm of the number of dimensions
_NEAR_NATS, _NEAR_SHARE = 3.0, 0.12  # so near to the best rule another one may be the same
_SAME_ROWS, _SAME_FAILURES = 0.8, 0.9  # Jaccard
_LOOKED_AT = 14
_LEAST_P = 1e-4


class Shuffler(Protocol):
    """Chance, as ``random.Random`` has it."""

    def shuffle(self, places: list[int], /) -> None:
        """Bring these into any order."""


class Row(NamedTuple):
    """One attempt: its dimensions by name, and whether it failed."""

    dimensions: Mapping[str, str]
    failed: bool


class Symptom(NamedTuple):
    """What failing attempts show, and explains nothing: a status for instance."""

    name: str
    value: str
    failures: int  # that show it
    outcomes: int  # failing or not


class Rule(msgspec.Struct, frozen=True):
    """Attempts whose dimensions all have one of these values. ``evidence`` in nats."""

    clauses: dict[str, tuple[str, ...]]
    evidence: float
    failures: int  # that the rule matches
    outcomes: int


class Diagnosis(msgspec.Struct, frozen=True):
    """What separates the failing attempts from the good ones."""

    rule: Rule
    also: tuple[Rule, ...]  # indistinguishable from it
    failures: int  # of all rows
    outcomes: int


def least_evidence(dimensions: int) -> float:
    """Below so many nats nothing is said: the best of many rules always looks like something."""
    return math.log(20 * max(1, dimensions))


def diagnose(rows: Sequence[Row], priors: Mapping[str, float], *, rng: Shuffler) -> Diagnosis | None:
    """The rule that explains the failures best, or None when none is good enough. ``rng`` splits the halves."""
    table = _Table(rows, [name for name in priors if any(name in row.dimensions for row in rows)])
    ranked = table.search(rng)
    if not ranked or ranked[0].evidence < least_evidence(len(priors)):
        return None
    same = table.same_as_the_first(ranked, priors)
    shown = [table.shown(found) for found in same]
    return Diagnosis(shown[0], tuple(shown[1:]), table.failed.bit_count(), len(rows))


class _Found(NamedTuple):
    evidence: float
    clauses: Clauses
    mask: int  # the rows that it matches, a bit each


class _Table:
    """The rows as bits: for each value of each dimension the rows that have it."""

    def __init__(self, rows: Sequence[Row], names: Sequence[str]) -> None:
        self.names = names
        self.all = (1 << len(rows)) - 1
        bits: dict[str, dict[str, list[int]]] = {name: {} for name in names}
        failed = bytearray(len(rows))
        for at, row in enumerate(rows):
            failed[at] = row.failed
            for name in names:
                if (value := row.dimensions.get(name)) is not None:
                    bits[name].setdefault(value, []).append(at)
        self.failed = _mask(at for at, bad in enumerate(failed) if bad)
        self.values = {name: {value: _mask(places) for value, places in found.items()} for name, found in bits.items()}

    def search(self, rng: Shuffler) -> list[_Found]:
        """Every rule that was met, best first."""
        half = self._half(rng)
        scored: dict[tuple[str, ...], list[_Found]] = {}
        for fit, score in ((half, self.all & ~half), (self.all & ~half, half)):
            self._beam(fit, score, scored)
        price = _PRICE * math.log(max(2, len(self.names)))
        ranked = []
        for dimensions, found in scored.items():
            scores = [each.evidence for each in found[:2]] + [0.0] * (2 - len(found[:2]))
            evidence = _log_mean_exp(scores) - price * (len(dimensions) - 1)
            ranked.append(found[0]._replace(evidence=evidence))
        return sorted(ranked, key=lambda found: -found.evidence)

    def same_as_the_first(self, ranked: Sequence[_Found], priors: Mapping[str, float]) -> list[_Found]:
        """The best rule and those that data cannot tell from it, what is nearest to a cause first."""
        top = ranked[0]
        near = max(_NEAR_NATS, _NEAR_SHARE * abs(top.evidence))
        same = [
            each
            for each in ranked[:_LOOKED_AT]
            if each.evidence >= top.evidence - near
            and _jaccard(each.mask, top.mask) >= _SAME_ROWS
            and _jaccard(each.mask & self.failed, top.mask & self.failed) >= _SAME_FAILURES
        ]
        return sorted(same, key=lambda each: (sum(priors[name] for name, _ in each.clauses), -each.evidence))

    def shown(self, found: _Found) -> Rule:
        """A rule as it is told to others."""
        clauses = {name: tuple(sorted(values)) for name, values in found.clauses}
        failures = (found.mask & self.failed).bit_count()
        return Rule(clauses, round(found.evidence, 2), failures, found.mask.bit_count())

    # -- the search -------------------------------------------------------------------------

    def _half(self, rng: Shuffler) -> int:
        """Half of the failed rows and half of the others."""
        half = 0
        for group in (self.failed, self.all & ~self.failed):
            places = _places(group)
            rng.shuffle(places)
            half |= _mask(iter(places[: len(places) // 2]))
        return half

    def _beam(self, fit: int, score: int, scored: dict[tuple[str, ...], list[_Found]]) -> None:
        """Rules chosen on ``fit`` and scored on ``score``, a clause longer each round."""
        front: list[_Found] = [_Found(0.0, (), self.all)]
        pooled = (self.failed & fit).bit_count() / max(1, fit.bit_count())
        for _ in range(_DEPTH):
            candidates: list[_Found] = []
            for rule in front:
                candidates += self._longer(rule, fit, score, pooled)
            candidates.sort(key=lambda each: -each.evidence)
            for each in candidates[:_KEPT]:
                scored.setdefault(tuple(name for name, _ in each.clauses), []).append(each)
            front = candidates[:_BEAM]

    def _longer(self, rule: _Found, fit: int, score: int, pooled: float) -> list[_Found]:
        inside = fit & rule.mask
        if inside.bit_count() < _LEAST_ROWS or (inside & self.failed).bit_count() < _LEAST_FAILURES:
            return []
        used = {name for name, _ in rule.clauses}
        found = []
        for name in self.names:
            if name in used:
                continue
            values = self._stand_out(name, inside, pooled)
            if values:
                mask = rule.mask & self._any_of(name, values)
                clauses = tuple(sorted((*rule.clauses, (name, values))))
                found.append(_Found(self._evidence(mask, fit, score), clauses, mask))
        return found

    def _stand_out(self, name: str, inside: int, pooled: float) -> frozenset[str] | None:
        """The values whose rate of failure is highest, cut where two rates explain the rows best; None without two."""
        counted = []
        for value, mask in self.values[name].items():
            rows = (mask & inside).bit_count()
            if rows:
                counted.append(((mask & inside & self.failed).bit_count(), rows, value))
        if len(counted) < 2:
            return None
        counted.sort(key=lambda each: (-(each[0] + 2 * pooled) / (each[1] + 2), each[2]))
        all_failed, all_rows = sum(each[0] for each in counted), sum(each[1] for each in counted)
        best, cut = -math.inf, 0
        for place, (failed, rows) in enumerate(itertools.accumulate(((k, n) for k, n, _ in counted), _added), start=1):
            if place == len(counted):
                break
            rate_in = (failed + 0.5) / (rows + 1)
            rate_out = (all_failed - failed + 0.5) / (all_rows - rows + 1)
            if rate_in <= rate_out:
                continue
            gain = _likelihood(failed, rows, rate_in) + _likelihood(all_failed - failed, all_rows - rows, rate_out)
            if gain > best:
                best, cut = gain, place
        return frozenset(value for _, _, value in counted[:cut]) or None

    def _any_of(self, name: str, values: frozenset[str]) -> int:
        mask = 0
        for value in values:
            mask |= self.values[name][value]
        return mask

    def _evidence(self, mask: int, fit: int, score: int) -> float:
        """How much likelier the other half is under the rule's two rates than under its own best single rate."""
        likelihood = 0.0
        for part in (mask, self.all & ~mask):
            rate = ((part & fit & self.failed).bit_count() + 0.5) / ((part & fit).bit_count() + 1)
            likelihood += _likelihood((part & score & self.failed).bit_count(), (part & score).bit_count(), rate)
        failed, rows = (score & self.failed).bit_count(), score.bit_count()
        return likelihood - _likelihood(failed, rows, failed / max(1, rows))


def symptoms(rows: Sequence[Row], names: Sequence[str]) -> list[Symptom]:
    """What failing attempts show most, the most telling first."""
    counts: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        for name in names:
            if (value := row.dimensions.get(name)) is not None:
                both = counts.setdefault((name, value), [0, 0])
                both[0] += row.failed
                both[1] += 1
    found = [Symptom(name, value, failed, rows_) for (name, value), (failed, rows_) in counts.items() if failed]
    return sorted(found, key=lambda each: (-each.failures * each.failures / each.outcomes, names.index(each.name)))


def _added(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] + other[0], one[1] + other[1]


def _likelihood(failed: int, rows: int, rate: float) -> float:
    rate = min(max(rate, _LEAST_P), 1 - _LEAST_P)
    return failed * math.log(rate) + (rows - failed) * math.log(1 - rate)


def _log_mean_exp(values: Sequence[float]) -> float:
    top = max(values)
    return top + math.log(sum(math.exp(value - top) for value in values) / len(values))


def _jaccard(one: int, other: int) -> float:
    return (one & other).bit_count() / max(1, (one | other).bit_count())


def _mask(places: Iterable[int]) -> int:
    bits = bytearray()
    for place in places:
        byte = place >> 3
        if byte >= len(bits):
            bits.extend(bytes(byte - len(bits) + 1))
        bits[byte] |= 1 << (place & 7)
    return int.from_bytes(bits, "little")


def _places(mask: int) -> list[int]:
    data = mask.to_bytes((mask.bit_length() + 7) // 8, "little")
    return [at * 8 + bit for at, byte in enumerate(data) if byte for bit in range(8) if byte >> bit & 1]
