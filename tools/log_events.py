"""Finds every event that the source logs: its name, how loudly, which facts come with it, and where it is said.

Reads the source as text and runs none of it. A name that is made at run time is followed to the constants that it is
made of, where they stand in the same module; what cannot be followed is left as …. Used by ``draw_docs``.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "penstock"
_LEVELS = {"debug", "info", "warning", "error", "exception"}
_ANNEXES = {"simulator", "bench", "demo"}
_UNKNOWN = "…"


class Event(NamedTuple):
    """One event, at one place."""

    name: str
    level: str  # debug, info, warning, error; "" when it depends
    facts: tuple[str, ...]
    module: str


def events() -> list[Event]:
    """Every event of what serves, by name."""
    modules = [path for path in sorted(PACKAGE.rglob("*.py")) if path.relative_to(PACKAGE).parts[0] not in _ANNEXES]
    trees = {path: ast.parse(path.read_text("utf-8")) for path in modules}
    tellers = sorted({name for tree in trees.values() for name in _tellers(tree)})
    found = {event for path, tree in trees.items() for event in _of(tree, path, tellers)}
    return sorted(found)


def _of(tree: ast.Module, path: Path, tellers: list[str]) -> Iterator[Event]:
    tables = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        level, named = _call(node)
        if named is None:
            continue
        facts = tuple(keyword.arg for keyword in node.keywords if keyword.arg)
        for name in _names(named, tables, tellers):
            if "." in name and name.strip("." + _UNKNOWN):
                yield Event(name, level, facts, str(path.relative_to(PACKAGE)))


def _call(node: ast.Call) -> tuple[str, ast.expr | None]:
    """The level and the name of an event; no name when this logs none."""
    func, args = node.func, node.args
    if isinstance(func, ast.Name) and args:
        if func.id == "log":  # one of two methods, chosen before
            return "", args[0]
        if func.id == "note" and len(args) == 2:
            return "", args[0]
    if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) and func.value.id in {"_log", "log"}:
        if func.attr == "log" and len(args) > 1:
            return "", args[1]
        if func.attr in _LEVELS and args:
            return {"exception": "error"}.get(func.attr, func.attr), args[0]
    return "", None


def _names(node: ast.expr, tables: dict[str, ast.Dict], tellers: list[str]) -> list[str]:
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp(body=body, orelse=orelse):
            return [*_names(body, tables, tellers), *_names(orelse, tables, tellers)]
        case ast.Subscript(value=ast.Name(id=name)) if name in tables:
            return [text for value in tables[name].values for text in _names(value, tables, tellers)]
        case ast.FormattedValue(value=value):
            told = isinstance(value, ast.Attribute) and value.attr == "_what"
            return tellers if told else _names(value, tables, tellers)
        case ast.JoinedStr(values=values):
            whole = [""]
            for part in values:
                whole = [before + text for before in whole for text in _names(part, tables, tellers)]
            return whole
        case _:
            return [_UNKNOWN]


def _tellers(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Teller" and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant):
                yield str(first.value)
