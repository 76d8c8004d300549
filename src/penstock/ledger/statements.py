"""Loads the ``.sql`` files: one statement per file, named for what it does.

Parameters are written ``:name`` in the files and become positional ones of the dialect. Where the dialects differ a
statement has twins, ``name.sqlite.sql`` and ``name.postgres.sql``. No SQL is built at run time. Used by the stores of
this room only.
"""

import re
from functools import cache
from importlib.resources import files
from typing import Any

from penstock.adapters.db.port import Call

_PARAMETER = re.compile(r"(?<![:\w]):([a-z][a-z0-9_]*)")
_COMMENT = re.compile(r"--[^\n]*")


class Statements:
    """The statements of one dialect: ``sql("claim", limit=5)`` makes a Call."""

    def __init__(self, texts: dict[str, tuple[str, tuple[str, ...]]]) -> None:
        self._texts = texts

    def __call__(self, statement: str, /, **values: Any) -> Call:  # noqa: ANN401 -- a column may hold anything
        """One execution of a statement. A missing or unknown name is a KeyError: a mistake of ours, found by a test."""
        text, names = self._texts[statement]
        if len(values) != len(names):
            raise KeyError(f"{statement} takes {names}, not {tuple(values)}")
        return Call(text, tuple([values[name] for name in names]))

    def many(self, statement: str, rows: list[dict[str, Any]], /) -> Call:
        """The statement once for each row."""
        text, names = self._texts[statement]
        return Call(text, [tuple(row[name] for name in names) for row in rows], many=True)

    def parameters(self, statement: str) -> tuple[str, ...]:
        """The names of a statement's parameters, in order."""
        return self._texts[statement][1]

    def names(self) -> frozenset[str]:
        """Every statement there is."""
        return frozenset(self._texts)


@cache
def load(dialect: str) -> Statements:
    """Read the statements of a dialect from the package."""
    folder = files("penstock.ledger") / "sql"
    texts: dict[str, tuple[str, tuple[str, ...]]] = {}
    for file in folder.iterdir():
        if not file.name.endswith(".sql"):
            continue
        name, *twin = file.name.removesuffix(".sql").split(".")
        if twin and twin != [dialect]:
            continue
        texts[name] = _prepared(file.read_text("utf-8"), dialect)
    return Statements(texts)


def _prepared(text: str, dialect: str) -> tuple[str, tuple[str, ...]]:
    names: list[str] = []
    mark = "?" if dialect == "sqlite" else "$"

    def placed(match: re.Match[str]) -> str:
        if match[1] not in names:
            names.append(match[1])
        return f"{mark}{names.index(match[1]) + 1}"

    bare = _COMMENT.sub("", text)
    return " ".join(_PARAMETER.sub(placed, bare).split()), tuple(names)
