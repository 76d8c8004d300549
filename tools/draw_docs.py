"""Draws what the documentation takes from the source: states, settings, commands, faults, metrics, events of the log.

``make docs`` writes the files anew; without ``--write`` it changes nothing and fails when a file is not what the source
says. A drawn part stands between two marks; everything else of a file is written by hand. Also run by a house test.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penstock.core.classes import Rule

DOCS = Path(__file__).resolve().parents[1] / "docs"
BEGIN = "<!-- drawn from the source by `make docs`: do not edit -->"
END = "<!-- end of the drawn part -->"
_VERDICT = ("tried again", "whose fault", "a person reads")


def states() -> Iterator[str]:
    """The life of a media item, from the one table of transitions."""
    from penstock.core.media import TRANSITIONS, State, Step

    steps_between: dict[tuple[State, State], list[Step]] = defaultdict(list)
    for (state, step), following in TRANSITIONS.items():
        steps_between[state, following].append(step)
    leaving = {state for state, _ in TRANSITIONS}
    erasing = {state for state, step in TRANSITIONS if step is Step.ERASE}

    yield "```mermaid"
    yield "stateDiagram-v2"
    yield f"  [*] --> {next(iter(State))}"
    for (state, following), steps in steps_between.items():
        if following is not State.ERASED:
            yield f"  {state} --> {following}: {', '.join(steps)}"
    yield "```"
    yield ""
    if erasing == set(State) - {State.ERASED}:
        yield f"The diagram leaves out *{Step.ERASE}*, which leads from every state to {State.ERASED}."
        yield ""
    yield "| from | step | to |"
    yield "|---|---|---|"
    for (state, step), following in TRANSITIONS.items():
        yield f"| {state} | {step} | {following} |"
    yield ""
    yield f"Nothing leaves: {', '.join(state for state in State if state not in leaving)}."


def settings() -> Iterator[str]:
    """Every setting with its default."""
    from penstock.settings.model import described

    yield "| setting | default | what it is for |"
    yield "|---|---|---|"
    for each in described():
        yield f"| `{each['name']}` | {each['default']} | {each['meaning']} |"


def commands() -> Iterator[str]:
    """Every command with its arguments and options."""
    import click

    from penstock.cli.main import root

    def below(group: click.Group, path: str) -> Iterator[str]:
        context = click.Context(group, info_name=path)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            if isinstance(command, click.Group):
                if command.invoke_without_command:
                    yield from one(command, f"{path} {name}")
                yield from below(command, f"{path} {name}")
            else:
                yield from one(command, f"{path} {name}")

    def one(command: click.Command, path: str) -> Iterator[str]:
        context = click.Context(command, info_name=path)
        given = [p.make_metavar(context) for p in command.params if isinstance(p, click.Argument)]
        yield f"### `{' '.join([path, *given])}`"
        yield ""
        yield " ".join((command.help or "").split())
        yield ""
        shown = [
            option.get_help_record(context)
            for option in command.params
            if isinstance(option, click.Option) and option.name not in {"help", "config", "debug"}
        ]
        records = [record for record in shown if record is not None]
        for names, meaning in records:
            yield f"- `{names}` {' '.join(meaning.split())}".rstrip()
        if records:
            yield ""

    yield from below(root, "penstock")


def faults() -> Iterator[str]:
    """Every fault of the simulator, every Graph code, every status, and what no server can do."""
    for title, part in (
        ("Faults of the simulated platform", _catalogue),
        ("Graph codes", _codes),
        ("Statuses without a code", _statuses),
        ("What no server of the catalogue does", _troubles),
    ):
        yield from (f"## {title}", "", *part(), "")


def metrics() -> Iterator[str]:
    """Every metric with its labels."""
    from penstock.web.metrics.catalogue import CATALOGUE, Teller

    told_by, order = "", list(Teller)
    for metric in sorted(CATALOGUE.values(), key=lambda each: order.index(each.told_by)):
        if metric.told_by != told_by:
            told_by = metric.told_by
            yield from ("", f"## Told by {told_by}", "", *_head("metric", "kind", "meaning", "labels"))
        labels = "<br>".join(f"`{name}`: {says}" for name, says in metric.labels.items())
        yield _row(f"`{metric.name}`", metric.kind, metric.meaning, labels)


def logs() -> Iterator[str]:
    """Every event of the log, as the source says it."""
    events = import_module("log_events").events  # beside this file
    told: dict[str, tuple[set[str], set[str], set[str]]] = {}
    for event in events():
        levels, facts, modules = told.setdefault(event.name, (set(), set(), set()))
        levels |= {event.level} - {""}
        facts |= set(event.facts)
        modules |= {event.module}
    yield from _head("event", "level", "facts", "said by")
    for name, (levels, facts, modules) in sorted(told.items()):
        yield _row(f"`{name}`", ", ".join(sorted(levels)) or "depends", ", ".join(sorted(facts)), _ticked(modules))


def _ticked(names: set[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _catalogue() -> Iterator[str]:
    from penstock.demo.faults import EXPECTED, operation, verdict
    from penstock.simulator.catalogue import CATALOGUE

    yield from _head("fault", "hop", "what the server does", "what is met", "class", "state", *_VERDICT)
    for name, fault in CATALOGUE.items():
        for hop in fault.hops:
            seen = EXPECTED[name, hop]
            judged = verdict(seen, hop)
            met = _met(seen.status, seen.code, seen.subcode, seen.trouble)
            if operation(seen, hop) != operation(EXPECTED["ok", hop], hop):
                met += f", in {operation(seen, hop)}"
            cells = (f"`{name}`", hop, fault.line, "the file" if seen.good else met, judged.outcome)
            if seen.good:
                yield _row(*cells, "attached", "", "", "The file arrived whole.")
                continue
            again = _again(sparing=judged.sparing, fresh=judged.fresh_url, after_s=judged.after_s, alarm=judged.alarm)
            yield _row(*cells, judged.final or "waiting", again, _whose(judged.fault), judged.sentence)


def _codes() -> Iterator[str]:
    from penstock.core import classes

    generic = ", ".join(map(str, sorted(classes.GENERIC_CODES)))
    blaming = ", ".join(map(str, sorted(classes.REQUEST_STATUSES)))
    yield "Judged by the code, not by status or text. A code that says little"
    yield f"({generic}) gives way to a status that blames the request ({blaming})."
    yield ""
    yield from _head("code", "class", *_VERDICT)
    codes: dict[classes.Rule, list[str]] = {}
    for code, rule in classes.CODES.items():
        codes.setdefault(rule, []).append(str(code))
    codes.setdefault(classes.UNKNOWN_MEDIA, []).insert(0, f"100 with subcode {classes.UNKNOWN_MEDIA_SUBCODE}")
    for rule, those in codes.items():
        yield _row(_spans(those), *_by_rule(rule))


def _statuses() -> Iterator[str]:
    from penstock.core import classes

    yield from _head("status", "class", *_VERDICT)
    for status, rule in sorted(classes.STATUSES.items()):
        yield _row(str(status), *_by_rule(rule))
    for status, rule in sorted(classes.DOWNLOAD_STATUSES.items()):
        yield _row(f"{status} at the download", *_by_rule(rule))
    yield _row("any other 4xx", *_by_rule(classes.REQUEST_REFUSED))
    yield _row("any other 5xx", *_by_rule(classes.SERVER_FAILED))
    yield _row("anything else", *_by_rule(classes.UNEXPECTED_STATUS))


def _troubles() -> Iterator[str]:
    from penstock.core import classes
    from penstock.demo.faults import EXPECTED

    yield from _head("trouble", "class", *_VERDICT)
    shown = {seen.trouble for seen in EXPECTED.values()}
    for trouble, rule in classes.TROUBLES.items():
        if trouble not in shown:
            yield _row(trouble, *_by_rule(rule))


def _by_rule(rule: "Rule") -> tuple[str, str, str, str]:
    from penstock.core.classes import Pace
    from penstock.core.verdict import THROTTLED_WAIT_S
    from penstock.core.work import Outcome

    if rule.final is not None:
        again = f"no: {rule.final}"
    else:
        after_s = THROTTLED_WAIT_S if rule.outcome is Outcome.THROTTLE else None
        again = _again(sparing=rule.pace is Pace.SPARING, fresh=rule.fresh_url, after_s=after_s, alarm=rule.alarm)
        if rule.ages:
            again += "; expired once Meta's copy is past its time"
    return rule.outcome, again, _whose(rule.fault), rule.sentence


def _again(*, sparing: bool, fresh: bool, after_s: float | None, alarm: bool) -> str:
    words = ["rarely" if sparing else "soon"]
    if after_s is not None:
        words.append(f"after the wait that was asked for, or {after_s:.0f} s")
    if fresh:
        words.append("with a fresh URL")
    if alarm:
        words.append("**alarm**")
    return ", ".join(words)


def _whose(fault: str | None) -> str:
    return "the sender's" if fault == "sender" else fault or ""


def _met(status: int | None, code: int | None, subcode: int | None, trouble: str | None) -> str:
    found = [] if trouble is None else [trouble]
    if status is not None and trouble is None:
        found.append(f"status {status}")
    if code is not None:
        found.append(f"code {code}" if subcode is None else f"code {code}/{subcode}")
    return ", ".join(found)


def _spans(numbers: list[str]) -> str:
    """Numbers in a row, with runs of them shortened: 200, 201, 202 is 200-202."""
    parts: list[list[int]] = []
    for number in (int(text) for text in numbers if text.isdigit()):
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    shown = [str(part[0]) if len(part) == 1 else f"{part[0]}-{part[-1]}" for part in parts]
    return ", ".join([*(text for text in numbers if not text.isdigit()), *shown])


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _head(*names: str) -> tuple[str, str]:
    return _row(*names), "|---" * len(names) + "|"


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "states.md": states,
    "settings.md": settings,
    "commands.md": commands,
    "faults.md": faults,
    "metrics.md": metrics,
    "logs.md": logs,
}


def main() -> int:
    """Write the drawn parts, or compare them; the exit code."""
    stale = []
    for name, part in PARTS.items():
        path = DOCS / name
        text = path.read_text("utf-8")
        before, _, rest = text.partition(BEGIN)
        _, _, after = rest.partition(END)
        drawn = "\n".join(line.rstrip() for line in part()).strip()
        wanted = f"{before}{BEGIN}\n\n{drawn}\n\n{END}{after}"
        if wanted != text:
            stale.append(name)
            if "--write" in sys.argv[1:]:
                path.write_text(wanted, "utf-8")
    if not stale:
        return 0
    if "--write" in sys.argv[1:]:
        print("drawn anew:", ", ".join(stale))
        return 0
    print("not what the source says:", ", ".join(stale), "(run `make docs`)", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
