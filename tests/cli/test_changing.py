"""The four families change, list and remove in one way, and each change is made in somebody's name."""

from typing import Any

import pytest

from penstock.cli import session


@pytest.mark.parametrize(
    ("line", "action", "subject"),
    [
        ("workspace add trial", "workspace.add", {"workspace": "trial"}),
        ("workspace set acme --test", "workspace.set", {"workspace": "acme"}),
        ("app set main --forward-to https://x.example/in", "app.set", {"app": "main"}),
        ("credential set token-a --token-file token", "credential.set", {"credential": "token-a"}),
        ("number set 100000000000002 --no-storage", "number.set", {"number": "100000000000002"}),
        ("number remove 100000000000002", "number.remove", {"number": "100000000000002"}),
    ],
)
def test_a_change_is_made_in_the_name_of_who_asks(
    penstock: Any, acme: Any, line: str, action: str, subject: dict[str, str]
) -> None:
    penstock.done(*line.split(), "--why", "as agreed")
    (change,) = penstock.done("changes", "list", "--limit", "1", "--json").answer["changes"]

    assert (change["who"], change["action"], change["subject"]) == (session.who(), action, subject)
    assert change["why"] == "as agreed"


def test_a_change_that_is_refused_is_none(penstock: Any, acme: Any) -> None:
    penstock("workspace", "remove", "acme").refused(1)
    penstock("workspace", "add", "acme").refused(1)

    assert len(penstock.done("changes", "list", "--json").answer["changes"]) == 4
