"""Reads a scenario from TOML or JSON, strictly: whatever is unknown or malformed becomes one line that names the key.

Called by the command line, the control endpoint and ``Platform`` users who keep scenarios in files. It never looks
at what a scenario means; ``scenario`` has the values and their limits.
"""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from .scenario import Scenario

_WHERE = re.compile(r"^(?P<what>.*) - at `\$\.?(?P<key>.*)`$", re.DOTALL)


class BadScenario(ValueError):  # noqa: N818 - it says what the file is
    """The scenario cannot be used; the message is one line that names the key."""


def scenario_from(tree: Any) -> Scenario:
    """The scenario that a parsed TOML or JSON document describes. Raises BadScenario."""
    try:
        return msgspec.convert(tree, Scenario)
    except msgspec.ValidationError as error:
        raise BadScenario(one_line(str(error))) from None


def read_scenario(path: str | Path) -> Scenario:
    """The scenario in a file, JSON when its name ends so and TOML otherwise. Raises BadScenario."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
        tree = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise BadScenario(f"{path}: {error.strerror or error}") from None
    except ValueError as error:
        raise BadScenario(f"{path}: {' '.join(str(error).split())}") from None
    try:
        return scenario_from(tree)
    except BadScenario as error:
        raise BadScenario(f"{path}: {error}") from None


def one_line(text: str) -> str:
    """msgspec's complaint with the key in front: ``servers[0].faults[1]: unknown key `x```."""
    found = _WHERE.match(text)
    what, key = (found["what"], found["key"]) if found else (text, "")
    what = what.replace("Object contains unknown field", "unknown key").replace("Object missing required", "missing")
    return " ".join(f"{key}: {what}".split()) if key else " ".join(what.split())
