"""Draws what the documentation takes from the source: the state diagram, the list of settings, the list of commands.

``make docs`` writes the files anew; without ``--write`` it changes nothing and fails when a file is not what the source
says. A drawn part stands between two marks; everything else of a file is written by hand. Also run by a house test.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1] / "docs"
BEGIN = "<!-- drawn from the source by `make docs`: do not edit -->"
END = "<!-- end of the drawn part -->"


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


PARTS: dict[str, Callable[[], Iterator[str]]] = {"states.md": states, "settings.md": settings, "commands.md": commands}


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
