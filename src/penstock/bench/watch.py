"""``penstock bench watch``: how soon the watch speaks and how often for nothing, beside figures of a reference.

The detector and the diagnosis are the real ones; the traffic is simulated, so nothing of the machine is in the figures.
The reference figures were taken with simulations of their own, with one stream; ours are taken with one stream for the
comparison, and with as many as an installation has. Called by ``cli.bench``.
"""

import itertools
import math
import random
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from penstock.bench import burn, installation, machine, watching
from penstock.bench.ratios import Facts
from penstock.bench.rounds import Steps, Told

TARGET = 1.3  # times the reference
STREAMS = 10
NAMED_TARGET = 95  # of a hundred runs
# Median and p95 of the outcomes to the alarm at 30 % failing: (rate, workspaces).
REFERENCE: Mapping[tuple[float, int], tuple[float, float]] = MappingProxyType(
    {
        (1, 1): (23, 43),
        (1, 5): (23, 44),
        (1, 20): (22, 40),
        (1, 1_000): (13, 23),
        (10, 1): (75, 153),
        (10, 5): (68, 119),
        (10, 20): (24, 46),
        (10, 1_000): (15, 26),
    }
)
ALARMS_REFERENCE = 1.3  # the most that the reference rings for nothing in thirty days


class Options(msgspec.Struct, frozen=True):
    """The size of the part."""

    rates: tuple[float, ...] = (1, 10, 100)
    workspaces: tuple[int, ...] = (1, 5, 20, 1_000)
    failing: tuple[float, ...] = (0.30, 0.05)
    runs: int = 200  # of each delay
    days: float = 30
    months: int = 2  # of so many days, for false alarms; at 100 a second one
    seeds: int = 100  # of the diagnosis
    quiet_runs: int = 200
    seed: int = 7


async def measure(options: Options, parent: Path, told: Told) -> Facts:
    """Run the part; everything that was found."""
    cases = list(itertools.product(options.rates, options.workspaces))
    steps = Steps(len(cases) * (len(options.failing) + 1) + len(options.rates) + 2, told)
    with installation.own_folder(parent) as folder:
        described = machine.described(folder)
    facts: Facts = {"part": "watch", "machine": described, "sizes": msgspec.structs.asdict(options), "warnings": []}
    facts["delays"] = [
        _told(steps, _delays(options, rate, workspaces, failing))
        for rate, workspaces in cases
        for failing in options.failing
    ]
    facts["false_alarms"] = [_told(steps, _quiet(options, rate, workspaces)) for rate, workspaces in cases]
    facts["burn_rate"] = [_told(steps, _classic(options, rate)) for rate in options.rates]
    facts["diagnosis"] = _diagnosis(options, steps)
    judged = (*facts["delays"], *facts["false_alarms"], facts["diagnosis"])
    facts["met"] = all(each["met"] is not False for each in judged)
    return facts


def _told(steps: Steps, facts: Facts) -> Facts:
    steps()
    return facts


def _delays(options: Options, rate: float, workspaces: int, failing: float) -> Facts:
    facts: Facts = {"rate_per_s": rate, "workspaces": workspaces, "failing": failing}
    runs = options.runs if failing > 0.1 else max(10, options.runs // 4)
    for name, streams, bursts in (("", 1, False), ("_with_bursts", 1, True), ("_all_streams", STREAMS, False)):
        rng = random.Random(options.seed)
        found = [
            watching.delay(rng, rate=rate, workspaces=workspaces, failing=failing, streams=streams, bursts=bursts)
            for _ in range(runs)
        ]
        facts[f"outcomes{name}"] = _quantiles([each.outcomes for each in found])
        facts[f"seconds{name}"] = _quantiles([each.seconds for each in found])
        facts[f"onset_error_s{name}"] = _quantiles([each.onset_error_s for each in found])
    known = REFERENCE.get((rate, workspaces)) if failing == 0.30 else None
    facts["reference"] = None if known is None else {"median": known[0], "p95": known[1]}
    facts["met"] = None if known is None else facts["outcomes"]["median"] <= TARGET * known[0]
    return facts


def _quiet(options: Options, rate: float, workspaces: int) -> Facts:
    months = options.months if rate < 100 else 1
    facts: Facts = {"rate_per_s": rate, "workspaces": workspaces, "months": months}
    for name, bursts in (("calm", False), ("with_bursts", True)):
        rng = random.Random(options.seed)
        rang = [
            watching.false_alarms(
                rng, rate=rate, workspaces=workspaces, days=options.days, bursts=bursts, streams=STREAMS
            )
            for _ in range(months)
        ]
        facts[name] = sum(rang) / months * 30 / options.days
    facts["met"] = facts["with_bursts"] <= TARGET * ALARMS_REFERENCE
    return facts


def _classic(options: Options, rate: float) -> Facts:
    rows = []
    for failing, slo in itertools.product(options.failing, (0.99, 0.995)):
        rng = random.Random(options.seed)
        found = [
            burn.delay_s(rng, rate=rate, before=watching.BASELINE, after=failing, slo=slo, until_s=6 * 3_600)
            for _ in range(max(5, options.runs // 10))
        ]
        rows.append({"failing": failing, "slo": slo, "seconds": _quantiles(found)})
    return {"rate_per_s": rate, "rows": rows}


def _diagnosis(options: Options, steps: Steps) -> Facts:
    by_failures = []
    for failures in (5, 10, 20, 40, 100):
        runs = [watching.incident(random.Random(seed), failures=failures) for seed in range(options.seeds)]
        by_failures.append(
            {
                "failures": failures,
                "claimed": sum(each.claimed for each in runs) * 100 / len(runs),
                "cause": sum(each.cause for each in runs) * 100 / len(runs),
                "servers": sum(each.servers for each in runs) * 100 / len(runs),
            }
        )
    steps()
    claims = sum(watching.quiet(random.Random(seed)) for seed in range(options.quiet_runs))
    steps()
    met = by_failures[-1]["cause"] >= NAMED_TARGET and claims == 0
    return {"by_failures": by_failures, "quiet_runs": options.quiet_runs, "quiet_claims": claims, "met": met}


def _quantiles(values: list[float]) -> dict[str, Any]:
    shares = {"median": watching.middle(values), "p95": watching.middle(values, 0.95)}
    return {name: None if math.isinf(value) else round(value, 1) for name, value in shares.items()}
