"""What a check of ``penstock doctor`` found: one line, and what to do about it.

Made by the checks, shown by ``doctor``.
"""

from typing import Literal, NamedTuple

State = Literal["ok", "warn", "fail"]


class Finding(NamedTuple):
    """One line of the examination. ``fail`` keeps Penstock from doing its work, ``warn`` will hurt some day."""

    name: str
    state: State
    found: str
    advice: str = ""  # what to do; empty when all is well


def ok(name: str, found: str) -> Finding:
    """All is well."""
    return Finding(name, "ok", found)


def warn(name: str, found: str, advice: str) -> Finding:
    """It works, but."""
    return Finding(name, "warn", found, advice)


def fail(name: str, found: str, advice: str) -> Finding:
    """It does not work."""
    return Finding(name, "fail", found, advice)
