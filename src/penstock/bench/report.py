"""What a part found, for people: a small table and sentences that say what the ratio means. Pure.

Called by ``cli.bench``.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

Facts = dict[str, Any]

_MIB = 1_048_576
_MET = {True: "met", False: "not met"}


class Report(NamedTuple):
    """A table and what to say below it."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    sentences: Sequence[str]


def of(facts: Facts) -> Report:
    """The report of a part's facts."""
    report = _PARTS[facts["part"]](facts)
    said = list(report.sentences)
    if (server := facts.get("server")) is not None:
        said.append(f"PostgreSQL {server['version']} on {server['filesystem']}.")
    return report._replace(sentences=[*said, machine(facts["machine"])])


def machine(facts: Facts) -> str:
    """The machine in one line."""
    return (
        f"{facts['cores']} cores ({facts['cpu']}), {facts['filesystem']}, fsync {facts['fsync_ms']['p50']} ms "
        f"(p99 {facts['fsync_ms']['p99']} ms), load before {facts['load_before']}; penstock {facts['penstock']}, "
        f"Python {facts['python']}, SQLite {facts['sqlite']}, aiohttp {facts['aiohttp']}, uvicorn {facts['uvicorn']}, "
        f"Linux {facts['kernel']}"
    )


def _receive(facts: Facts) -> Report:
    rows: list[list[str]] = []
    sentences = []
    for label, found in _blocks(facts):
        for kind in facts["sizes"]["kinds"]:
            rows += _compared(found[kind], ours="durable", label=f"{label}{kind}, {found[kind]['body_bytes']} bytes: ")
        wall, cpu = found["ratios"]["wall"], found["ratios"]["cpu"]
        sentences.append(
            f"{_with(label)}ith every webhook on the disk before its 200, the door takes {_percent(wall)} as many as "
            f"one that keeps nothing (target {_percent(wall, 'target')}: {_MET[wall['met']]}), and the keeping leaves "
            f"{_percent(cpu)} of a webhook's CPU time to all else (target {_percent(cpu, 'target')}: "
            f"{_MET[cpu['met']]})."
        )
        sentences += _of_server(found[facts["sizes"]["kinds"][0]]["durable"], facts, "webhook")
    return Report(_COMPARED, rows, sentences)


def _fetch(facts: Facts) -> Report:
    rows: list[list[str]] = []
    sentences = []
    for label, found in _blocks(facts):
        rows += _compared(found, ours="penstock", label=label)
        wall, cpu = found["ratios"]["wall"], found["ratios"]["cpu"]
        sentences.append(
            f"{label}Penstock fetches {_percent(wall)} as many files as a bare loop that keeps no record "
            f"(target {_percent(wall, 'target')}: {_MET[wall['met']]}), and the bare work is {_percent(cpu)} of "
            f"the CPU time of a file (target {_percent(cpu, 'target')}: {_MET[cpu['met']]})."
        )
        sentences += _of_server(found["penstock"], facts, "file")
    if (ceiling := facts["upstream"]["ceiling_pairs_per_s"]) is not None:
        sentences.append(f"The upstream gives the cheapest client {ceiling:.0f} files a second.")
    return Report(_COMPARED, rows, sentences)


def _blocks(facts: Facts) -> Sequence[tuple[str, Facts]]:
    """What was compared, each with how many processes of either side, if that was asked."""
    if "by_processes" not in facts:
        return [("", facts)]
    return [(f"{number} process{'es' * (number != '1')}: ", found) for number, found in facts["by_processes"].items()]


def _with(label: str) -> str:
    """The beginning of a sentence that goes on with the rest of "with"."""
    return f"{label}w" if label else "W"


def _of_server(ours: Facts, facts: Facts, what: str) -> list[str]:
    """What the database server used itself, which is in no ratio."""
    if "server" not in facts:
        return []
    each_us = ours["server_cpu_s_per_1000"]["median"] * 1_000
    return [f"PostgreSQL itself used {each_us:.0f} µs of CPU time for each {what}; that is in no CPU ratio."]


def _memory(facts: Facts) -> Report:
    each = facts["mib_each"]
    rows = [
        ["idle", f"{facts['idle_bytes'] / _MIB:.1f} MiB"],
        ["at its peak", f"{facts['peak_bytes'] / _MIB:.1f} MiB"],
        ["afterwards", f"{facts['after_bytes'] / _MIB:.1f} MiB"],
        ["bodies open at once", str(facts["open_at_once"])],
        ["per open download", f"{each['value']:.2f} MiB"],
    ]
    sentence = (
        f"An open download of {facts['sizes']['size_bytes'] / _MIB:.3g} MiB costs {each['value']:.2f} MiB while the "
        f"disk is too slow for it (target at most {each['target']:g} MiB: {_MET[each['met']]})."
    )
    return Report(["MEMORY OF THE FETCHING PROCESS", "MEASURED"], rows, [sentence])


def _check(facts: Facts) -> Report:
    share, alone = facts["share"], facts["alone"]
    rows = [[side, *_side(facts[side])] for side in ("checked", "unchecked")]
    look_up, download = alone["check_us"]
    turns = (
        f"The check of every request takes {_percent(share)} of the fetcher's CPU time ({_percent(share, 'min')} to "
        f"{_percent(share, 'max')}; target at most {_percent(share, 'target')}: {_MET[share['met']]})."
    )
    by_itself = (
        f"Timed alone it takes {look_up:.1f} µs at a look-up and {download:.1f} µs at a download, which is "
        f"{alone['share'] * 100:.1f} % of a file."
    )
    return Report(("", "PER SECOND", "CPU S/1000"), rows, [turns, by_itself])


def _answer(facts: Facts) -> Report:
    rows = [
        [
            side,
            f"{facts[side]['p50_ms']:.1f} ms",
            f"{facts[side]['p99_ms']:.1f} ms",
            f"{facts[side]['max_ms']:.1f} ms",
            f"{facts[side]['fetched_per_s']:.0f}",
            f"{facts[side]['busy_cores']:.2f}",
        ]
        for side in ("idle", "busy")
    ]
    busy, idle = facts["busy"], facts["idle"]
    sentence = (
        f"At {facts['sizes']['rate_per_s']:g} webhooks a second, 99 of 100 are answered within {busy['p99_ms']:.1f} ms "
        f"while downloads take the whole machine, and within {idle['p99_ms']:.1f} ms when there is nothing else to do."
    )
    return Report(["", "P50", "P99", "MAX", "FILES/S", "BUSY CORES"], rows, [sentence])


def _claim(facts: Facts) -> Report:
    rows, sentences = [], []
    for store, found in facts["stores"].items():
        for name, label in (("spread", "all lanes"), ("one_lane_shut", "one lane, shut")):
            rows += [
                [
                    f"{store}, {label}",
                    f"{size['waiting']:,}",
                    f"{size['wall_ms']:.1f} ms",
                    f"{size['cpu_ms']:.1f} ms",
                    f"{size['visited']:,} {size['visited_what']}",
                    f"{size['gate_ms']:.1f} ms",
                ]
                for size in found[name]
            ]
        worst = max(each["ratio"] for each in found["growth"].values())
        growth_met, gate = all(each["met"] for each in found["growth"].values()), found["gate"]
        sentences.append(
            f"{store}: with {max(facts['sizes']['sizes']):,} files waiting no figure of a claim is more than "
            f"{worst:.2f} times that of {min(facts['sizes']['sizes']):,} (target {_GROWTH:g}: {_MET[growth_met]}); "
            f"a gate is set in {gate['ms']:.1f} ms (target {gate['target']:g} ms: {_MET[gate['met']]})."
        )
    return Report(("CLAIM FROM", "WAITING", "TIME", "CPU", "LOOKED AT", "SETTING A GATE"), rows, sentences)


def _fair(facts: Facts) -> Report:
    rows = [
        [
            label,
            f"{facts[side]['median_s']:.3f} s",
            f"{facts[side]['p90_s']:.3f} s",
            f"{facts[side]['max_s']:.3f} s",
            f"{facts[side]['dumped_attached_per_s']:.0f}",
        ]
        for side, label in (("alone", "without the archive"), ("beside", "beside it"))
    ]
    ratio, sizes = facts["ratio"], facts["sizes"]
    sentence = (
        f"While one workspace has {sizes['dumped']:,} files waiting, those of {sizes['others']} others are attached "
        f"after {ratio['value']:.2f} times as long as without (target at most {ratio['target']:g}: "
        f"{_MET[ratio['met']]})."
    )
    return Report(("FROM ARRIVAL TO ATTACHED", "MEDIAN", "P90", "MAX", "OF THE ARCHIVE/S"), rows, [sentence])


def _gates(facts: Facts) -> Report:
    rows = [
        [
            f"{row['bad'] * 100:.0f} % bad, {row['policy']}",
            *(_beside(row, name, form) for name, form in _GATE_COLUMNS.values()),
        ]
        for row in facts["virtual"]
    ]
    sentences = ["In brackets: the simulations that the breaker was designed by, with the same traffic and fleet."]
    for row in facts["real"]:
        gate = f"{row['trips']} gates" if row["trips"] != 1 else "1 gate"
        sentences.append(
            f"In real time, {row['bad'] * 100:.0f} % bad: {row['within_60_s'] * 100:.1f} % of {row['files']} files "
            f"within 60 s, {gate}, {row['lost']} lost, {row['doubled']} doubled."
        )
    for each in facts["gates"]:
        value = "none" if each["value"] is None else f"{each['value']:g}"
        sentences.append(f"{each['gate']}: {value} (target {each['target']}: {_MET[each['met']]})")
    return Report(("FIFTEEN MINUTES OF TROUBLE", *_GATE_COLUMNS), rows, sentences)


def _beside(row: Facts, name: str, form: str) -> str:
    """A figure, and what it was in the simulation."""
    return f"{row[name]:{form}} ({row['reference'][name]:{form}})"


_GATE_COLUMNS: Mapping[str, tuple[str, str]] = {
    "WITHIN 60 S": ("within_60_s", ".2f"),
    "P99 S": ("p99_s", ".0f"),
    "ATTEMPTS/S": ("attempts_per_s", ".1f"),
    "FAILURES/S": ("failures_per_s", ".1f"),
    "QUEUE": ("longest_queue", ".0f"),
    "DRAINED S": ("drained_s", ".0f"),
    "OPENS": ("opens", ".1f"),
}
_GROWTH = 2.0
_COMPARED = ("", "PER SECOND", "CPU S/1000", "WALL RATIO", "CPU RATIO")


def _watch(facts: Facts) -> Report:
    rows = [
        [
            f"{each['rate_per_s']:g}/s, {each['workspaces']} workspaces, {each['failing']:.0%} failing",
            _pair(each["outcomes"]),
            "-" if each["reference"] is None else _pair(each["reference"]),
            _pair(each["outcomes_all_streams"]),
            _pair(each["seconds_all_streams"]),
            _pair(each["onset_error_s_all_streams"]),
        ]
        for each in facts["delays"]
    ]
    most = max(each["with_bursts"] for each in facts["false_alarms"])
    named = facts["diagnosis"]["by_failures"][-1]
    burnt = max(row["seconds"]["median"] or 0 for each in facts["burn_rate"] for row in each["rows"])
    sentences = [
        f"It rings for nothing {most:g} times in thirty days at most, with bursts of dead files in the traffic.",
        f"At {named['failures']} failures the cause is named in {named['cause']:g} % of the runs.",
        f"Of {facts['diagnosis']['quiet_runs']} quiet runs {facts['diagnosis']['quiet_claims']} claim anything.",
        f"Burn-rate windows need up to {burnt:.0f} s for the same. All targets: {_MET[facts['met']]}.",
    ]
    return Report(_WATCHED, rows, sentences)


def _rollouts(facts: Facts) -> Report:
    rows = [
        [
            f"fails {each['failing']:.0%}, {each['share']:.0%} of the traffic",
            *(_back(each[judge]) for judge in ("guard", "flagger", "argo")),
            f"{each['reference']['median_s']:g} s",
            f"{each['files']:g}, {each['failures']:g} failed",
        ]
        for each in facts["bad"]
    ]
    rows += [
        [
            f"healthy{', everybody fails for ten minutes' if each['outage'] else ''}, {each['share']:.0%}",
            *(_back(each[judge]) for judge in ("guard", "flagger", "argo")),
            "0 %",
            "-",
        ]
        for each in facts["healthy"]
    ]
    rows += [
        [
            f"fails {each['failing']:.2g} of 1, whole workspaces, stage {each['stage']} %",
            *(_back(each["guard"]), "-", "-", "-"),
            f"{each['files']:g}, {each['failures']:g} failed",
        ]
        for each in facts["by_workspace"]
    ]
    sentences = [
        f"A healthy candidate{', through an outage of ten minutes,' if each['outage'] else ''} where "
        f"{each['failing']:.1%} fail reaches everybody after {_minutes(each['mean_s'])} "
        f"(arithmetic: {_minutes(each['predicted_s'])}) in {each['promoted_percent']:g} % of {each['runs']} runs; "
        f"{each['rolled_back']} were rolled back."
        for each in facts["promoted"]
    ]
    return Report(_ROLLED_OUT, rows, [*sentences, f"All targets: {_MET[facts['met']]}."])


def _back(facts: Facts) -> str:
    """Which part of the runs was rolled back, and after how long."""
    part = f"{facts['rolled_back_percent']:g} %"
    return part if facts["median_s"] is None else f"{part}, {facts['median_s']:g} s"


def _minutes(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds / 60:.0f} min"


def _watch_cost(facts: Facts) -> Report:
    share, alone, memory = facts["share"], facts["alone"], facts["memory"]
    rows = [[side, *_side(facts[side])] for side in ("watched", "unwatched")]
    grown = memory["grown_mib"]
    in_turn = (
        f"The watch takes {_percent(share)} of the fetcher's CPU time ({_percent(share, 'min')} to "
        f"{_percent(share, 'max')}; target at most {_percent(share, 'target')}: {_MET[share['met']]})."
    )
    by_itself = (
        f"Timed alone it takes {alone['attempt_us']:.1f} µs for an attempt, which is {alone['share'] * 100:.1f} % of a "
        f"file ({_MET[alone['met']]})."
    )
    size = (
        f"After {memory['attempts']} attempts its process has {memory['first_mib']:.1f} MiB, after {memory['times']} "
        f"times as many {memory['last_mib']:.1f} MiB: it has grown by {grown['value']:.1f} MiB (target at most "
        f"{grown['target']:g} MiB: {_MET[grown['met']]})."
    )
    return Report(("", "PER SECOND", "CPU S/1000"), rows, [in_turn, by_itself, size])


def _pair(facts: Facts) -> str:
    return " / ".join("never" if facts[name] is None else f"{facts[name]:g}" for name in ("median", "p95"))


_ROLLED_OUT = ("CANDIDATE", "GUARD", "FLAGGER-LIKE", "ARGO-LIKE", "REFERENCE", "FILES IT TOUCHED")
_WATCHED = ("TO THE ALARM, MEDIAN / P95", "OUTCOMES", "REFERENCE", "ALL STREAMS", "SECONDS", "ONSET OFF BY, S")

_PARTS: Mapping[str, Callable[[Facts], Report]] = {
    "receive": _receive,
    "fetch": _fetch,
    "memory": _memory,
    "check": _check,
    "answer": _answer,
    "claim": _claim,
    "fair": _fair,
    "watch": _watch,
    "watch-cost": _watch_cost,
    "gates": _gates,
    "rollouts": _rollouts,
}


def _compared(facts: Facts, *, ours: str, label: str = "") -> list[list[str]]:
    return [
        [label + ours, *_side(facts[ours]), _ratio(facts["ratios"]["wall"]), _ratio(facts["ratios"]["cpu"])],
        [label + "floor", *_side(facts["floor"]), "1", "1"],
    ]


def _side(facts: Facts) -> list[str]:
    speed, cpu = facts["per_s"], facts["cpu_s_per_1000"]
    return [
        f"{speed['median']:.0f} ({speed['min']:.0f}-{speed['max']:.0f})",
        f"{cpu['median']:.3f} ({cpu['min']:.3f}-{cpu['max']:.3f})",
    ]


def _ratio(facts: Facts) -> str:
    return f"{facts['median']:.2f} ({facts['min']:.2f}-{facts['max']:.2f})"


def _percent(facts: Facts, which: str = "median") -> str:
    return f"{facts[which] * 100:.1f} %"
