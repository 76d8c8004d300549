"""Turns the JSON of some runs into the lines of ``docs/benchmarks.md``: ``python -m penstock.bench.figures FILE…``.

It only writes down what was measured, one row per figure, with the machine below. Run by hand, on a quiet machine.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from penstock.bench import report
from penstock.bench.ratios import Facts

_HEAD = "| figure | measured | range | target | | command | date |\n|---|---|---|---|---|---|---|"


def rows(facts: Facts) -> Iterator[str]:
    """The rows of one run."""
    where = (f"`{facts['command']}`", facts["at"][:10])
    match facts["part"]:
        case "receive":
            yield from _receive(facts, where)
        case "fetch":
            yield from _fetch(facts, where)
        case "memory":
            each = facts["mib_each"]
            yield _row(
                "memory, MiB per open download", f"{each['value']:.2f}", "", f"≤ {each['target']:g}", each, where
            )
        case "check":
            share = facts["share"]
            between = f"{share['min'] * 100:.1f} to {share['max'] * 100:.1f}"
            target = f"≤ {share['target'] * 100:g}"
            yield _row("check, % of the fetcher's CPU", f"{share['median'] * 100:.1f}", between, target, share, where)
        case "answer":
            yield from _answers(facts, where)
        case "claim":
            yield from _claims(facts["stores"], where)
        case "fair":
            yield from _fair(facts, where)
        case "gates":
            yield from _gates(facts["gates"], where)
        case "watch" | "watch-cost" | "rollouts" as part:
            yield from {"watch": _watch, "watch-cost": _watch_cost, "rollouts": _rollouts}[part](facts, where)
        case part:
            raise ValueError(f"there is no part {part}")


def _ratios(name: str, ratios: Facts, where: Sequence[str]) -> Iterator[str]:
    for which, label in (("wall", "throughput"), ("cpu", "CPU")):
        found = ratios[which]
        spread = f"{found['min']:.2f} to {found['max']:.2f}"
        target = f"≥ {found['target']:g}"
        yield _row(f"{name}, {label} ratio", f"{found['median']:.2f}", spread, target, found, where)


def _answers(facts: Facts, where: Sequence[str]) -> Iterator[str]:
    for side in ("idle", "busy"):
        p99, rounds = facts[side]["p99_ms"], facts[side]["p99_ms_of_rounds"]
        spread = f"{min(rounds):.1f} to {max(rounds):.1f}"
        yield _row(f"answer, 99th percentile {side}, ms", f"{p99:.1f}", spread, "", {}, where)


def _watch(facts: Facts, where: Sequence[str]) -> Iterator[str]:
    for each in facts["delays"]:
        if (known := each["reference"]) is None:
            continue
        name = f"watch, outcomes to the alarm, {each['rate_per_s']:g}/s of {each['workspaces']} workspaces"
        target = f"≤ 1.3 x {known['median']:g}"
        yield _row(name, f"{each['outcomes']['median']:g}", f"p95 {each['outcomes']['p95']:g}", target, each, where)
    for each in facts["false_alarms"]:
        name = f"watch, false alarms in 30 days, {each['rate_per_s']:g}/s of {each['workspaces']} workspaces"
        yield _row(name, f"{each['with_bursts']:g}", f"calm {each['calm']:g}", "", each, where)
    found = facts["diagnosis"]
    last = found["by_failures"][-1]
    yield _row(f"watch, % named at {last['failures']} failures", f"{last['cause']:g}", "", "≥ 95", found, where)


def _rollouts(facts: Facts, where: Sequence[str]) -> Iterator[str]:
    for each in facts["bad"]:
        name = f"rollouts, {each['failing']:.0%} failing at {each['share']:.0%}, seconds until it is taken back"
        target = "" if each["met"] is None else f"≤ 1.3 x {each['reference']['median_s']:g}"
        found = each["guard"]
        value = "never" if found["median_s"] is None else f"{found['median_s']:g}"
        yield _row(name, value, f"{found['rolled_back_percent']:g} % of the runs", target, each, where)
    wrong = max(each["guard"]["rolled_back_percent"] for each in facts["healthy"])
    judged = {"met": wrong == 0}
    yield _row("rollouts, % of healthy ones taken back, an outage or not", f"{wrong:g}", "", "0", judged, where)
    for each in facts["promoted"]:
        name = f"rollouts, {each['failing']:.1%} failing{', an outage' if each['outage'] else ''}, minutes to everybody"
        value = "never" if each["mean_s"] is None else f"{each['mean_s'] / 60:.0f}"
        target = "" if each["outage"] else f"≤ 1.3 x {each['predicted_s'] / 60:.0f}"
        yield _row(name, value, "", target, each, where)


def _gates(gates: Sequence[Facts], where: Sequence[str]) -> Iterator[str]:
    for each in gates:
        value = "none" if each["value"] is None else f"{each['value']:g}"
        yield _row(f"gates, {each['gate']}", value, "", each["target"], each, where)


def _receive(facts: Facts, where: Sequence[str]) -> Iterator[str]:
    for label, found in _blocks(facts):
        for kind in facts["sizes"]["kinds"]:
            name = f"receive, {label}{kind}"
            yield from _ratios(name, found[kind]["ratios"], where)
            yield from _of_server(name, found[kind].get("durable"), facts, where)


def _fetch(facts: Facts, where: Sequence[str]) -> Iterator[str]:
    for label, found in _blocks(facts):
        name = f"fetch, {label}".removesuffix(", ")
        yield from _ratios(name, found["ratios"], where)
        yield from _of_server(name, found.get("penstock"), facts, where)


def _fair(facts: Facts, where: Sequence[str]) -> Iterator[str]:
    ratio = facts["ratio"]
    on = "" if facts.get("store", "sqlite") == "sqlite" else f"{facts['store']}, "
    target = f"≤ {ratio['target']:g}"
    yield _row(f"fair, {on}median beside an archive", f"{ratio['value']:.2f}", "", target, ratio, where)


def _blocks(facts: Facts) -> Iterator[tuple[str, Facts]]:
    """What was compared, and what goes before its name."""
    if "by_processes" not in facts:
        yield "", facts
        return
    for number, found in facts["by_processes"].items():
        yield f"{facts['store']}, {number} process{'es' * (number != '1')}, ", found


def _of_server(name: str, ours: Facts | None, facts: Facts, where: Sequence[str]) -> Iterator[str]:
    """What the database server used itself, which is in no ratio."""
    if ours is not None and "server" in facts:
        used = {which: value * 1_000 for which, value in ours["server_cpu_s_per_1000"].items()}
        spread = f"{used['min']:.0f} to {used['max']:.0f}"
        yield _row(f"{name}, PostgreSQL's own CPU, µs each", f"{used['median']:.0f}", spread, "", {}, where)


def _watch_cost(facts: Facts, where: Sequence[str]) -> Iterator[str]:
    share, alone, grown = facts["share"], facts["alone"], facts["memory"]["grown_mib"]
    between = f"{share['min'] * 100:.1f} to {share['max'] * 100:.1f}"
    target = f"≤ {share['target'] * 100:g}"
    yield _row("watch, % of the fetcher's CPU", f"{share['median'] * 100:.1f}", between, target, share, where)
    yield _row("watch, timed alone, % of a file's CPU", f"{alone['share'] * 100:.1f}", "", target, alone, where)
    target = f"≤ {grown['target']:g}"
    yield _row(
        f"watch, MiB more after {facts['memory']['times']} times the traffic",
        f"{grown['value']:.1f}",
        "",
        target,
        grown,
        where,
    )


def _claims(stores: Facts, where: Sequence[str]) -> Iterator[str]:
    for store, found in stores.items():
        for name, growth in found["growth"].items():
            target = f"≤ {growth['target']:g}"
            yield _row(f"claim, {store}, {name}, growth", f"{growth['ratio']:.2f}", "", target, growth, where)
        gate = found["gate"]
        target = f"≤ {gate['target']:g}"
        yield _row(f"claim, {store}, setting a gate, ms", f"{gate['ms']:.1f}", "", target, gate, where)


def _row(figure: str, measured: str, spread: str, target: str, judged: Facts, where: Sequence[str]) -> str:
    met = {True: "met", False: "**not met**", None: ""}[judged.get("met")]
    return "| " + " | ".join([figure, measured, spread, target, met, *where]) + " |"


def main(paths: Sequence[str]) -> None:
    """Print the table and the machine."""
    runs: list[Facts] = [json.loads(Path(path).read_text("utf-8")) for path in paths]
    lines = [_HEAD, *(row for run in runs for row in rows(run)), "", f"Machine: {report.machine(runs[0]['machine'])}."]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
