"""Whether what a gate's scope names is there: a mistyped name would make a gate that holds nothing.

What is known is an argument. A name that is not known is refused with the nearest ones that are. Used by
``controls.gates.operating``.
"""

import difflib
from collections.abc import Collection, Mapping

from penstock.core.errors import NotFound, WrongUse
from penstock.core.gate import SCOPES

_NEAR = 3
_ALL = 6  # so few names are told in full


def check(scope: Mapping[str, str], known: Mapping[str, Collection[str]]) -> None:
    """Raise NotFound unless the scope names something known; WrongUse unless it is everything or one thing."""
    if len(scope) > 1 or not scope.keys() <= set(SCOPES):
        raise WrongUse(f"a gate's scope is everything, or exactly one of {', '.join(SCOPES)}")
    for name, value in scope.items():
        names = known.get(name, ())
        if not (_host(value, names) if name == "host" else value in names):
            raise NotFound(f"there is no {name} {value[:80]!r} here{_nearest(value, names)}")


def _host(value: str, names: Collection[str]) -> bool:
    """A host may be one of a suffix: that it is asked at all is for the allow-list to say."""
    return value in names or any(name.startswith(".") and value.endswith(name) for name in names)


def _nearest(value: str, names: Collection[str]) -> str:
    if not names:
        return ": there are none yet"
    near = difflib.get_close_matches(value, names, n=_NEAR, cutoff=0.6)
    if near:
        return f": did you mean {' or '.join(near)}?"
    return f": it is one of {', '.join(sorted(names))}" if len(names) <= _ALL else ""
