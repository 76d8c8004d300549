"""The tree of commands: everything listed is there, loaded when it is asked for, and written down."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from penstock.cli.commands import COMMANDS
from penstock.cli.main import root

PAGE = Path(__file__).resolve().parents[2] / "docs" / "commands.md"
EVERYWHERE = {"--config", "--debug", "--help", "-h"}


def tree(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    """Every command with its full name."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            if command.invoke_without_command:
                yield f"{path} {name}", command
            yield from tree(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


ALL = dict(tree(root, "penstock"))


@pytest.fixture(scope="module")
def sections() -> dict[str, str]:
    """The page of commands by its headings, each the name of a command."""
    parts = re.split(r"^### `(penstock [^`]*)`$", PAGE.read_text("utf-8"), flags=re.MULTILINE)[1:]
    found = dict(zip(parts[::2], parts[1::2], strict=True))
    return {re.sub(r" (\[?[A-Z][^ ]*|[A-Z_]+)( .*)?$", "", heading): text for heading, text in found.items()}


def test_every_command_is_documented_and_nothing_else_is(sections: dict[str, str]) -> None:
    assert set(sections) == set(ALL)


@pytest.mark.parametrize("name", ALL)
def test_every_option_of_a_command_is_documented_and_nothing_else_is(name: str, sections: dict[str, str]) -> None:
    options = {
        flag
        for option in ALL[name].params
        if isinstance(option, click.Option) and not option.hidden
        for flag in option.opts + option.secondary_opts
    }
    listed = re.findall(r"^- `([^`]*)`", sections[name], re.MULTILINE)
    documented = {flag for line in listed for flag in re.findall(r"--[a-z-]+", line)}

    assert documented == options - EVERYWHERE


@pytest.mark.parametrize("name", ALL)
def test_every_command_takes_config_and_debug_and_explains_itself(name: str, penstock: Any) -> None:
    ran = penstock.done(*name.split()[1:], "--help")

    assert ALL[name].help
    assert "--config" in ran.out
    assert "--debug" in ran.out
    assert all(option.help for option in ALL[name].params if isinstance(option, click.Option))


def test_the_list_of_commands_repeats_what_they_say_of_themselves(penstock: Any) -> None:
    out = penstock.done("--help").out

    assert all(name in out for name in COMMANDS)
    assert all(entry.line.endswith(".") for entry in COMMANDS.values())


def test_help_imports_no_command_and_no_database() -> None:
    code = "import sys; from penstock.cli.main import main; main(['--help']); print(*sys.modules, sep='\\n')"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300)
    loaded = set(ran.stdout.splitlines())

    assert "penstock.cli.commands" in loaded
    assert not loaded & {"apsw", "aiohttp", "starlette", "rich", "msgspec", "penstock.wiring", "penstock.cli.status"}
