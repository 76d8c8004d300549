"""``penstock bench gates``: fifteen minutes of trouble at the look-up, with our breaker, with none, with classic ones.

In virtual time, where the same machines decide as in an instance, beside the simulations that the breaker was designed
by; then for a minute or two each in real time, a whole instance beside a simulated Meta. Called by ``cli.bench``.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from penstock.bench import installation, machine, virtual
from penstock.bench.policies import POLICIES
from penstock.bench.processes import child
from penstock.bench.ratios import Facts
from penstock.bench.rounds import Steps, Told
from penstock.bench.virtual import Trouble

BAD = (0.3, 0.6, 0.9, 1.0)
REAL = (0.3, 0.6, 1.0)
_DISK_BYTES = 200_000_000
_FIGURES = ("within_60_s", "p50_s", "p99_s", "attempts_per_s", "failures_per_s", "longest_queue", "opens", "drained_s")

# The same traffic and fleet in the simulations that came before, mean of four seeds, in the order of _FIGURES.
REFERENCE: Mapping[tuple[float, str], Sequence[float]] = {
    (0.3, "ours"): (1.00, 0.0, 6.0, 13.63, 3.65, 25, 0.00, 0.0),
    (0.3, "no gate"): (1.00, 0.0, 6.0, 13.63, 3.65, 25, 0.00, 0.0),
    (0.3, "50 % of 100"): (0.83, 0.2, 229.5, 11.51, 3.19, 2102, 4.25, 57.8),
    (0.3, "5 in a row"): (0.48, 92.9, 824.0, 4.56, 1.40, 6634, 9.25, 147.0),
    (0.6, "ours"): (0.98, 0.0, 102.4, 23.60, 13.82, 126, 0.00, 33.0),
    (0.6, "no gate"): (0.98, 0.0, 102.4, 23.60, 13.82, 126, 0.00, 33.0),
    (0.6, "50 % of 100"): (0.41, 195.5, 940.2, 0.31, 0.29, 9432, 4.25, 242.0),
    (0.6, "5 in a row"): (0.41, 194.2, 923.8, 0.26, 0.26, 9398, 2.75, 238.0),
    (0.9, "ours"): (0.43, 150.5, 895.2, 5.79, 5.24, 8547, 1.50, 192.8),
    (0.9, "no gate"): (0.74, 1.2, 789.0, 57.15, 50.48, 2890, 0.00, 106.2),
    (0.9, "50 % of 100"): (0.41, 193.2, 929.4, 0.18, 0.27, 9418, 1.00, 235.8),
    (0.9, "5 in a row"): (0.41, 188.2, 928.0, 0.16, 0.26, 9387, 1.00, 234.2),
    (1.0, "ours"): (0.43, 167.2, 918.0, 0.33, 0.43, 9087, 1.00, 203.8),
    (1.0, "no gate"): (0.47, 86.8, 972.0, 59.12, 57.98, 7939, 0.00, 159.0),
    (1.0, "50 % of 100"): (0.41, 197.2, 929.8, 0.18, 0.28, 9478, 1.00, 236.8),
    (1.0, "5 in a row"): (0.41, 192.0, 928.5, 0.16, 0.26, 9383, 1.00, 234.0),
}


class Options(msgspec.Struct, frozen=True):
    """The size of the part."""

    seeds: int = 2
    minutes: float = 15.0  # of trouble, in virtual time
    seconds: float = 45.0  # of trouble, in real time; 0 leaves real time out
    calm_s: float = 8.0
    per_s: float = 10.0
    pause_ms: float = 200.0  # of the fleet, before each answer in real time


async def measure(options: Options, parent: Path, told: Told) -> Facts:
    """Run the part; everything that was measured. Raises Unreachable when this machine cannot."""
    with installation.own_folder(parent) as folder:
        machine.must_have(folder, disk_bytes=_DISK_BYTES)
        facts: Facts = {"part": "gates", "machine": machine.described(folder), "sizes": msgspec.structs.asdict(options)}
        facts["warnings"] = machine.warnings(facts["machine"])
        real = REAL if options.seconds else ()
        steps = Steps(len(BAD) * len(POLICIES) * options.seeds + len(real), told)
        facts["virtual"] = [_virtual(options, bad, policy, steps) for bad in BAD for policy in POLICIES]
        facts["real"] = []
        for bad in real:
            facts["real"].append(await _real(options, bad, folder))
            steps()
    facts["gates"] = [*_judged_virtual(facts["virtual"]), *_judged_real(facts["real"])]
    return facts


def _virtual(options: Options, bad: float, policy: str, steps: Callable[[], None]) -> Facts:
    """One policy beside one fleet: the mean of its runs."""
    heals_s = options.minutes * 60.0
    runs = []
    for seed in range(options.seeds):
        trouble = Trouble(bad, heals_s=heals_s, arrivals_s=2 * heals_s, per_s=options.per_s)
        runs.append(msgspec.structs.asdict(virtual.run(POLICIES[policy](), trouble, seed)))
        steps()
    mean = {name: _mean([each[name] for each in runs]) for name in runs[0]}
    worst = {name: max(each[name] for each in runs) for name in ("lost", "doubled")}
    reference = dict(zip(_FIGURES, REFERENCE[bad, policy], strict=True))
    return {"bad": bad, "policy": policy, **mean, **worst, "reference": reference}


async def _real(options: Options, bad: float, folder: Path) -> Facts:
    """A whole instance, in real time."""
    with installation.round_folder(folder, f"bad-{bad:g}") as own:
        async with child("troubled", {"folder": str(own), "pause_s": options.pause_ms / 1_000}, folder=own) as process:
            trial = {
                "bad": bad,
                "calm_s": options.calm_s,
                "trouble_s": options.seconds,
                "after_s": 2 * options.seconds + 60.0,
                "per_s": options.per_s,
            }
            return await process.ask("run", trial=trial)


def _judged_virtual(rows: Sequence[Facts]) -> list[Facts]:
    ours = {row["bad"]: row for row in rows if row["policy"] == "ours"}
    none, most, all_of_it = ours[0.3], ours[0.6], ours[1.0]
    return [
        _at_least("virtual, 30 % bad, delivered within 60 s", none["within_60_s"], 0.995),
        _at_most("virtual, 30 % bad, gates", none["opens"], 0),
        _at_least("virtual, 60 % bad, delivered within 60 s", most["within_60_s"], 0.95),
        _at_most("virtual, 100 % bad, calls per second while shut", all_of_it["calls_per_s_shut"], 0.5),
        _at_most("virtual, 100 % bad, s from healing to more than probes", all_of_it["back_s"], 15.0),
        _at_most("virtual, files lost or doubled", sum(row["lost"] + row["doubled"] for row in rows), 0),
    ]


def _judged_real(rows: Sequence[Facts]) -> list[Facts]:
    if not rows:
        return []
    none, most, all_of_it = rows
    return [
        _at_least("real, 30 % bad, delivered within 60 s", none["within_60_s"], 1.0),
        _at_most("real, 30 % bad, gates", none["trips"], 0),
        _at_least("real, 60 % bad, delivered within 60 s", most["within_60_s"], 0.95),
        _at_most("real, 100 % bad, calls per second while shut", all_of_it["calls_per_s_shut"], 0.5),
        _at_most("real, 100 % bad, s from healing to more than probes", all_of_it["back_s"], 15.0),
        _at_most("real, 100 % bad, live files while drained, times as long", _times(all_of_it), 2.0),
        _at_most("real, files lost or doubled", sum(row["lost"] + row["doubled"] for row in rows), 0),
        _at_least("real, audits that hold", sum(row["audit_ok"] for row in rows), len(rows)),
    ]


def _times(row: Facts) -> float | None:
    """How many times as long as on a good day a new file takes while the backlog is drained."""
    if row["live_p50_s"] is None or row["normal_p50_s"] is None or row["drained_s"] is None:
        return None
    return round(float(row["live_p50_s"]) / float(row["normal_p50_s"]), 2)


def _at_most(name: str, value: float | None, target: float) -> Facts:
    return {"gate": name, "value": value, "target": f"≤ {target:g}", "met": value is not None and value <= target}


def _at_least(name: str, value: float | None, target: float) -> Facts:
    return {"gate": name, "value": value, "target": f"≥ {target:g}", "met": value is not None and value >= target}


def _mean(values: Sequence[float | None]) -> float | None:
    known = [each for each in values if each is not None]
    return round(statistics.fmean(known), 4) if known else None
