"""``penstock bench rollouts``: how soon a bad candidate is taken back, and how long a good one takes to everybody.

The guard and the stages are the real ones; the traffic is simulated, so nothing of the machine is in the figures.
Beside them stand usual judges in the same traffic, and the times of the simulation that the guard was designed by.
Called by ``cli.bench``.
"""

import math
import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import msgspec

from penstock.bench import installation, machine, staged
from penstock.bench.ratios import Facts
from penstock.bench.rounds import Steps, Told
from penstock.bench.staged import NORMAL, Caught, Course
from penstock.core.staging import ROLLED_BACK

TARGET = 1.3  # times the reference, or what the arithmetic predicts
SHARES = (0.01, 0.05, 0.20)
FAILING = (0.30, 0.05, 0.02)
# Median seconds to the rollback, and which part of the runs: (share, failing).
REFERENCE: Mapping[tuple[float, float], tuple[float, float]] = MappingProxyType(
    {
        (0.01, 0.30): (124, 100),
        (0.01, 0.05): (1_448, 100),
        (0.01, 0.02): (4_935, 44),
        (0.05, 0.30): (29, 100),
        (0.05, 0.05): (317, 100),
        (0.05, 0.02): (1_835, 100),
        (0.20, 0.30): (12, 100),
        (0.20, 0.05): (118, 100),
        (0.20, 0.02): (584, 100),
    }
)
_JUDGES = ("guard", "flagger", "argo")


class Options(msgspec.Struct, frozen=True):
    """The size of the part."""

    runs: int = 200  # of each row
    until_s: float = 7_200.0
    seed: int = 5


async def measure(options: Options, parent: Path, told: Told) -> Facts:
    """Run the part; everything that was found."""
    steps = Steps(len(SHARES) * (len(FAILING) + 2) + 3 + 4, told)
    with installation.own_folder(parent) as folder:
        described = machine.described(folder)
    facts: Facts = {"part": "rollouts", "machine": described, "sizes": msgspec.structs.asdict(options), "warnings": []}
    facts["bad"] = [_bad(options, share, failing, steps) for share in SHARES for failing in FAILING]
    facts["healthy"] = [
        _healthy(options, share, outage=outage, steps=steps) for share in SHARES for outage in (False, True)
    ]
    facts["by_workspace"] = [
        _by_workspace(options, stage, failing, steps) for stage in ("1", "25") for failing in (0.30, NORMAL)
    ]
    facts["promoted"] = [
        _promoted(options, normal, outage=outage, steps=steps)
        for normal, outage in ((0.0, False), (NORMAL, False), (NORMAL, True))
    ]
    rows = (*facts["bad"], *facts["healthy"], *facts["by_workspace"], *facts["promoted"])
    facts["met"] = all(each["met"] is not False for each in rows)
    return facts


def _bad(options: Options, share: float, failing: float, steps: Callable[[], None]) -> Facts:
    """A candidate that fails so often, at a share."""
    runs = options.runs if failing > 0.1 else max(4, options.runs // 4)
    rows = [
        staged.caught(rng, share=share, failing=failing, outage=False, until_s=options.until_s)
        for rng in _chances(options, runs)
    ]
    steps()
    median_s, part = REFERENCE[share, failing]
    facts = {"share": share, "failing": failing, "runs": runs, **_judged(rows), **_touched(rows)}
    facts["reference"] = {"median_s": median_s, "rolled_back_percent": part}
    found = facts["guard"]["median_s"]
    facts["met"] = (
        None if failing < 0.1 else facts["guard"]["rolled_back_percent"] == 100 and found <= TARGET * median_s
    )
    return facts


def _healthy(options: Options, share: float, *, outage: bool, steps: Callable[[], None]) -> Facts:
    """A candidate that fails as often as the others, for two hours; in some, everybody fails for ten minutes."""
    rows = [
        staged.caught(rng, share=share, failing=NORMAL, outage=outage, until_s=options.until_s)
        for rng in _chances(options, options.runs)
    ]
    steps()
    facts = {"share": share, "outage": outage, "runs": options.runs, **_judged(rows), **_touched(rows)}
    facts["met"] = facts["guard"]["rolled_back_percent"] == 0
    return facts


def _by_workspace(options: Options, stage: str, failing: float, steps: Callable[[], None]) -> Facts:
    """Whole workspaces on one side, of very different sizes, and bursts of failures that belong to one of them."""
    runs = max(4, options.runs // 2)
    rows = [
        staged.by_workspace(rng, stage=stage, failing=failing, until_s=options.until_s / 4)
        for rng in _chances(options, runs)
    ]
    steps()
    facts: Facts = {"stage": stage, "failing": failing, "runs": runs, "guard": _times([row.guard_s for row in rows])}
    facts |= _touched(rows)
    facts["met"] = facts["guard"]["rolled_back_percent"] == 0 if failing == NORMAL else None
    return facts


def _promoted(options: Options, normal: float, *, outage: bool, steps: Callable[[], None]) -> Facts:
    """A healthy candidate on its whole way."""
    rows: list[Course] = [
        staged.course(rng, failing=normal, normal=normal, outage=outage) for rng in _chances(options, options.runs)
    ]
    steps()
    reached = [row.promoted_s for row in rows if math.isfinite(row.promoted_s)]
    predicted = staged.predicted_s(normal)
    mean = statistics.mean(reached) if reached else math.inf
    rolled_back = sum(row.ended == ROLLED_BACK for row in rows)
    return {
        "failing": normal,
        "outage": outage,
        "runs": options.runs,
        "promoted_percent": 100 * len(reached) / len(rows),
        "rolled_back": rolled_back,
        "predicted_s": round(predicted),
        "mean_s": None if math.isinf(mean) else round(mean),
        "median_s": round(statistics.median(reached)) if reached else None,
        "stages_s": {
            stage: round(statistics.mean(row.stages_s[stage] for row in rows if stage in row.stages_s))
            for stage in ("1", "5", "25")
            if any(stage in row.stages_s for row in rows)
        },
        "met": rolled_back == 0 and (outage or mean <= TARGET * predicted),
    }


def _chances(options: Options, runs: int) -> list[random.Random]:
    return [random.Random(options.seed * 100_003 + number) for number in range(runs)]


def _judged(rows: Sequence[Caught]) -> Facts:
    return {name: _times([getattr(row, f"{name}_s") for row in rows]) for name in _JUDGES}


def _touched(rows: Sequence[Caught]) -> Facts:
    """How many files the candidate had to do with until the guard rolled back, and how many of them failed."""
    return {
        "files": statistics.median(row.files for row in rows),
        "failures": statistics.median(row.failures for row in rows),
    }


def _times(values: Sequence[float]) -> Facts:
    over = [value for value in values if math.isfinite(value)]
    return {
        "rolled_back_percent": round(100 * len(over) / len(values), 1),
        "median_s": round(statistics.median(over), 1) if over else None,
    }
