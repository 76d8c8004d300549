"""``penstock bench``: how fast and how large on this machine, each figure beside a floor of the same run.

It needs no instance and touches none: every process and every file is its own, in a folder that is removed at the end.
Thin words around ``bench``; how a figure is taken is told in ``docs/benchmarks.md``.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import click

from penstock.cli import showing, words
from penstock.cli.commands import Family

Facts = dict[str, Any]
Told = Callable[[int, int], None]

_FOLDER = Path("penstock-data")

_json = click.option("--json", "json_", is_flag=True, help="Answer as JSON.")
_folder = click.option(
    "--folder",
    metavar="PATH",
    type=click.Path(file_okay=False, path_type=Path),
    default=_FOLDER,
    help="Where the files of the run are made and removed again, on the disk to be measured.",
    show_default=True,
)
_concurrency = click.option("--concurrency", type=click.IntRange(1, 1_024), default=64, help="Downloads at once.")


def _rounds(default: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(
        "--rounds", type=click.IntRange(1, 100), default=default, show_default=True, help="Windows of each side."
    )


_store = click.option(
    "--store",
    type=click.Choice(["sqlite", "postgres"]),
    default="sqlite",
    show_default=True,
    help="Where the record is kept; PostgreSQL is a server of the run's own.",
)
_processes = click.option(
    "--processes",
    type=click.IntRange(1, 64),
    multiple=True,
    help="Of either side, on PostgreSQL; may be given several times.  [default: 1, 2]",
)


def _so_many(store: str, processes: tuple[int, ...]) -> tuple[int, ...]:
    """With how many processes of either side to measure. Raises UsageError: SQLite has one writer."""
    if store == "sqlite" and set(processes) - {1}:
        raise click.UsageError("on SQLite one process is everything: give --store postgres, or leave --processes out")
    return tuple(dict.fromkeys(processes)) or ((1,) if store == "sqlite" else (1, 2))


def _size(default_kb: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(
        "--file-kb", type=click.IntRange(1, 102_400), default=default_kb, show_default=True, help="Size of each file."
    )


@click.group(cls=Family)
def bench() -> None:
    """Measure this machine against a floor. Best on a machine that does nothing else."""


@bench.command()
@_rounds(5)
@click.option("--webhooks", type=click.IntRange(50, 1_000_000), default=10_000, show_default=True, help="In a window.")
@click.option("--connections", type=click.IntRange(1, 1_024), default=64, show_default=True, help="From Meta at once.")
@click.option(
    "--kind",
    "kinds",
    type=click.Choice(["image", "text"]),
    multiple=True,
    default=["image", "text"],
    show_default=True,
    help="What each webhook brings; the first one's ratios are the part's.",
)
@_store
@_processes
@_folder
@_json
def receive(
    rounds: int,
    webhooks: int,
    connections: int,
    kinds: tuple[str, ...],
    store: str,
    processes: tuple[int, ...],
    folder: Path,
    json_: bool,
) -> None:
    """The door: durable before the 200, against a door that stores nothing."""
    from penstock.bench import receive as part

    options = part.Options(
        rounds=rounds,
        webhooks=webhooks,
        connections=connections,
        kinds=tuple(dict.fromkeys(kinds)),
        store=store,
        processes=_so_many(store, processes),
    )
    _run("windows", lambda told: part.measure(options, folder, told), json_)


@bench.command()
@_rounds(5)
@click.option("--files", type=click.IntRange(10, 1_000_000), default=3_000, show_default=True, help="In a window.")
@_size(64)
@_concurrency
@click.option("--tls", is_flag=True, help="Over TLS, as Meta's servers are.")
@_store
@_processes
@_folder
@_json
def fetch(
    rounds: int,
    files: int,
    file_kb: int,
    concurrency: int,
    tls: bool,
    store: str,
    processes: tuple[int, ...],
    folder: Path,
    json_: bool,
) -> None:
    """The fetcher, against a bare loop that looks up, downloads, hashes, writes and fsyncs the same files."""
    from penstock.bench import fetch as part

    options = part.Options(
        rounds=rounds,
        files=files,
        size_bytes=file_kb * 1_024,
        concurrency=concurrency,
        tls=tls,
        store=store,
        processes=_so_many(store, processes),
    )
    _run("windows", lambda told: part.measure(options, folder, told), json_)


@bench.command()
@click.option("--downloads", type=click.IntRange(1, 1_000), default=200, show_default=True, help="Open at once.")
@_size(16_384)
@click.option(
    "--pause-ms",
    type=click.FloatRange(0, 10_000),
    default=25,
    show_default=True,
    help="Of the slow disk, at each write.",
)
@_folder
@_json
def memory(downloads: int, file_kb: int, pause_ms: float, folder: Path, json_: bool) -> None:
    """Memory of open downloads: large bodies over TLS, all open at once, into a slow disk."""
    from penstock.bench import memory as part

    options = part.Options(downloads=downloads, size_bytes=file_kb * 1_024, pause_ms=pause_ms)
    _run("files", lambda told: part.measure(options, folder, told), json_)


@bench.command()
@_rounds(20)
@click.option("--files", type=click.IntRange(10, 1_000_000), default=300, show_default=True, help="In a window.")
@_size(64)
@_concurrency
@_folder
@_json
def check(rounds: int, files: int, file_kb: int, concurrency: int, folder: Path, json_: bool) -> None:
    """Which share of the fetcher's CPU time the check of every request takes: with it and without it, in turn."""
    from penstock.bench import check as part

    options = part.Options(rounds=rounds, files=files, size_bytes=file_kb * 1_024, concurrency=concurrency)
    _run("windows", lambda told: part.measure(options, folder, told), json_)


@bench.command()
@_rounds(3)
@click.option("--seconds", type=click.FloatRange(0.2, 3_600), default=10, show_default=True, help="Length of a window.")
@click.option("--rate", type=click.FloatRange(1, 5_000), default=100, show_default=True, help="Webhooks in a second.")
@_size(64)
@_concurrency
@_folder
@_json
def answer(rounds: int, seconds: float, rate: float, file_kb: int, concurrency: int, folder: Path, json_: bool) -> None:
    """How long a webhook's answer takes while downloads saturate the machine, beside the idle figure."""
    from penstock.bench import answer as part

    options = part.Options(
        rounds=rounds, seconds=seconds, rate_per_s=rate, size_bytes=file_kb * 1_024, concurrency=concurrency
    )
    _run("windows", lambda told: part.measure(options, folder, told), json_)


@bench.command()
@click.option(
    "--size",
    "sizes",
    type=click.IntRange(1_000, 100_000_000),
    multiple=True,
    default=[1_000, 100_000, 1_000_000],
    show_default=True,
    help="Files that wait; the last one is compared with the first one.",
)
@click.option("--claims", type=click.IntRange(1, 10_000), default=30, show_default=True, help="That are timed.")
@click.option(
    "--store",
    "stores",
    type=click.Choice(["sqlite", "postgres"]),
    multiple=True,
    default=["sqlite", "postgres"],
    show_default=True,
    help="Where the files wait.",
)
@_folder
@_json
def claim(sizes: tuple[int, ...], claims: int, stores: tuple[str, ...], folder: Path, json_: bool) -> None:
    """A fair claim from a thousand lanes, with a thousand files waiting and with a million."""
    from penstock.bench import claim as part

    options = part.Options(sizes=tuple(sorted(set(sizes))), rounds=claims, stores=tuple(dict.fromkeys(stores)))
    _run("sizes", lambda told: part.measure(options, folder, told), json_)


@bench.command()
@click.option("--dumped", type=click.IntRange(1, 10_000_000), default=100_000, show_default=True, help="Files of one.")
@click.option("--others", type=click.IntRange(1, 1_000), default=9, show_default=True, help="Workspaces beside it.")
@click.option("--seconds", type=click.IntRange(1, 3_600), default=30, show_default=True, help="Length of each side.")
@click.option(
    "--pause-ms",
    type=click.FloatRange(0, 10_000),
    default=200,
    show_default=True,
    help="Of the upstream, before each answer.",
)
@_size(16)
@_concurrency
@_store
@_folder
@_json
def fair(
    dumped: int,
    others: int,
    seconds: int,
    pause_ms: float,
    file_kb: int,
    concurrency: int,
    store: str,
    folder: Path,
    json_: bool,
) -> None:
    """What others feel of a workspace that dumps its archive: from a file's arrival until it is attached."""
    from penstock.bench import fair as part

    options = part.Options(
        dumped=dumped,
        others=others,
        seconds=seconds,
        pause_ms=pause_ms,
        size_bytes=file_kb * 1_024,
        concurrency=concurrency,
        store=store,
    )
    _run("sides", lambda told: part.measure(options, folder, told), json_)


@bench.command()
@click.option("--runs", type=click.IntRange(4, 10_000), default=200, show_default=True, help="Of each delay.")
@click.option("--days", type=click.FloatRange(1, 365), default=30, show_default=True, help="Quiet ones, simulated.")
@click.option("--seeds", type=click.IntRange(1, 10_000), default=100, show_default=True, help="Of the diagnosis.")
@click.option("--cost", is_flag=True, help="What it costs the fetcher instead, and whether its memory grows.")
@_rounds(5)
@click.option("--files", type=click.IntRange(10, 1_000_000), default=3_000, show_default=True, help="In a window.")
@click.option(
    "--attempts", type=click.IntRange(1_000, 10_000_000), default=50_000, show_default=True, help="Of the memory."
)
@_folder
@_json
def watch(
    runs: int, days: float, seeds: int, cost: bool, rounds: int, files: int, attempts: int, folder: Path, json_: bool
) -> None:
    """How soon the watch rings and names the cause, and how often for nothing, in simulated time; or what it costs."""
    from penstock.bench import watch as part
    from penstock.bench import watch_cost

    if cost:
        asked = watch_cost.Options(rounds=rounds, files=files, attempts=attempts)
        _run("windows", lambda told: watch_cost.measure(asked, folder, told), json_)
        return

    options = part.Options(runs=runs, days=days, seeds=seeds, quiet_runs=2 * seeds)
    _run("cases", lambda told: part.measure(options, folder, told), json_)


@bench.command()
@click.option(
    "--seeds", type=click.IntRange(1, 100), default=2, show_default=True, help="Runs in virtual time of each."
)
@click.option(
    "--seconds",
    type=click.FloatRange(0, 3_600),
    default=45,
    show_default=True,
    help="Of trouble in real time; 0 leaves real time out.",
)
@_folder
@_json
def gates(seeds: int, seconds: float, folder: Path, json_: bool) -> None:
    """A fleet in trouble: our breaker beside none and beside classic ones, in virtual time and in real time."""
    from penstock.bench import gates as part

    options = part.Options(seeds=seeds, seconds=seconds)
    _run("runs", lambda told: part.measure(options, folder, told), json_)


@bench.command()
@click.option("--runs", type=click.IntRange(4, 10_000), default=200, show_default=True, help="Of each row.")
@_folder
@_json
def rollouts(runs: int, folder: Path, json_: bool) -> None:
    """How soon a bad recipe is taken back, and how long a good one takes to everybody; in simulated time."""
    from penstock.bench import rollouts as part

    options = part.Options(runs=runs)
    _run("rows", lambda told: part.measure(options, folder, told), json_)


def _run(what: str, measure: Callable[[Told], Awaitable[Facts]], json_: bool) -> None:
    with showing.Progress(f"{what} measured") as progress:

        async def whole() -> Facts:
            return await measure(progress)

        facts: Facts = {"at": words.utc(time.time()), "command": _command()}
        facts |= asyncio.run(whole())
    if json_:
        showing.as_json(facts)
        return
    from penstock.bench import report

    told = report.of(facts)
    showing.table(told.columns, told.rows, empty="", right=told.columns[1:])
    for sentence in told.sentences:
        showing.line(sentence)
    for sentence in facts["warnings"]:
        showing.note(f"note: {sentence}")


def _command() -> str:
    """The command as it was given, so that a figure can be taken again; without the folder, which is this machine's."""
    context = click.get_current_context()
    said = [context.command_path]
    for parameter in context.command.params:
        name = str(parameter.name)
        given = context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
        if not given or name in {"folder", "json_"}:
            continue
        value = context.params.get(name)
        values = value if isinstance(value, tuple) else (value,)
        said += [parameter.opts[0] if each is True else f"{parameter.opts[0]} {each}" for each in values]
    return " ".join(said)
