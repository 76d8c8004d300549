"""The audit log is read with the newest entry last, page by page, by people and by programs."""

from typing import Any

import pytest


def test_the_newest_change_is_last(penstock: Any, acme: Any) -> None:
    until = ("--until", "2999-01-01")
    penstock.done("gate", "shut", "--workspace", "acme", "--why", "Meta is down", *until)
    penstock.done("gate", "open", "--workspace", "acme", "--rate", "2", "--why", "step by step", *until)
    *_, shut, step = penstock.done("changes", "list").out.splitlines()
    columns = shut.split("\t")

    assert columns[0] == "5"
    assert columns[3:] == [
        "gate.shut",
        "workspace acme, operator",
        "opening 0.0, until 2999-01-01T00:00:00.000Z",
        "Meta is down",
    ]
    assert step.split("\t")[3:] == [
        "gate.set",
        "workspace acme, operator",
        "opening 0.0 → 2.0",
        "step by step",
    ]


def test_older_ones_are_a_page_further(penstock: Any, acme: Any) -> None:
    newest = penstock.done("changes", "list", "--limit", "3", "--json").answer
    assert [each["number"] for each in newest["changes"]] == [2, 3, 4]
    oldest = penstock.done("changes", "list", "--before", str(newest["next"]), "--json").answer
    assert [(each["number"], each["action"]) for each in oldest["changes"]] == [(1, "workspace.add")]
    assert oldest["next"] is None

    ran = penstock.done("changes", "list", "--limit", "3")
    assert ran.err == "there are older ones: add --before 2\n"


def test_a_time_leaves_out_what_was_before(penstock: Any, acme: Any) -> None:
    assert len(penstock.done("changes", "list", "--since", "1h", "--json").answer["changes"]) == 4
    assert penstock.done("changes", "list", "--since", "2999-01-01").out == "no change was made yet\n"


@pytest.mark.parametrize("option", [("--limit", "0"), ("--before", "0"), ("--since", "soon")])
def test_a_mistake_is_told_in_one_line(penstock: Any, acme: Any, option: tuple[str, str]) -> None:
    assert penstock("changes", "list", *option).refused(2)
