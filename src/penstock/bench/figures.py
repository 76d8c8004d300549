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
            for kind in facts["sizes"]["kinds"]:
                yield from _ratios(f"receive, {kind}", facts[kind]["ratios"], where)
        case "fetch":
            yield from _ratios("fetch", facts["ratios"], where)
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
            ratio = facts["ratio"]
            target = f"≤ {ratio['target']:g}"
            yield _row("fair, median beside an archive", f"{ratio['value']:.2f}", "", target, ratio, where)
        case "gates":
            yield from _gates(facts["gates"], where)
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


def _gates(gates: Sequence[Facts], where: Sequence[str]) -> Iterator[str]:
    for each in gates:
        value = "none" if each["value"] is None else f"{each['value']:g}"
        yield _row(f"gates, {each['gate']}", value, "", each["target"], each, where)


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
