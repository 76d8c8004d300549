"""A gate is set on what there is; a mistyped name is answered with the nearest ones."""

import pytest

from penstock.core.errors import NotFound, WrongUse
from penstock.core.scope import check

KNOWN = {
    "workspace": ["acme", "acorn", "beta"],
    "kind": ["image", "audio", "video"],
    "host": ["graph.facebook.com", ".fbcdn.net"],
    "number": [str(number) for number in range(100, 120)],
    "app": [],
}


@pytest.mark.parametrize(
    "scope",
    [{}, {"workspace": "acme"}, {"kind": "video"}, {"host": "graph.facebook.com"}, {"host": "scontent.fbcdn.net"}],
)
def test_what_is_there_may_be_named(scope: dict[str, str]) -> None:
    check(scope, KNOWN)


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        ({"workspace": "acm"}, "there is no workspace 'acm' here: did you mean acme"),
        ({"workspace": "zzz"}, "there is no workspace 'zzz' here: it is one of acme, acorn, beta"),
        ({"number": "zzz"}, "there is no number 'zzz' here"),
        ({"app": "main"}, "there is no app 'main' here: there are none yet"),
        ({"credential": "x"}, "there is no credential 'x' here: there are none yet"),
        ({"host": "fbcdn.net.evil.example"}, "there is no host 'fbcdn.net.evil.example' here"),
    ],
)
def test_what_is_not_there_is_refused_with_what_is_near(scope: dict[str, str], told: str) -> None:
    with pytest.raises(NotFound) as refused:
        check(scope, KNOWN)
    assert str(refused.value).startswith(told)


@pytest.mark.parametrize("scope", [{"colour": "red"}, {"workspace": "acme", "kind": "image"}])
def test_a_scope_is_everything_or_one_thing(scope: dict[str, str]) -> None:
    with pytest.raises(WrongUse, match="exactly one of host, operation"):
        check(scope, KNOWN)
