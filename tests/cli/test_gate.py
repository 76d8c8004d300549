"""A person shuts, narrows and opens gates; each says what it does, and a mistake is answered in one line."""

from pathlib import Path
from typing import Any

import pytest

from penstock.adapters.lock import InstanceLock
from penstock.cli import session

WHY = ("--why", "Meta is down")


def test_a_gate_is_shut_and_then_it_is_said_what_it_costs(penstock: Any, acme: Any) -> None:
    acme.receive("1", "2")
    shown = penstock.done("gate", "shut", "--workspace", "acme", *WHY).out.splitlines()

    assert shown[0] == "The gate of workspace acme is shut. It works everywhere within a second."
    assert shown[1].startswith("2 files of 1 workspace wait in its scope, none of which expires before ")
    (gate,) = penstock.done("gate", "list", "--json").answer["gates"]
    assert gate.keys() >= {"id", "scope", "opening", "owner", "by", "why", "since", "until", "holding"}
    assert (gate["scope"], gate["opening"], gate["owner"]) == ({"workspace": "acme"}, 0.0, "operator")
    assert (gate["by"], gate["why"], gate["until"], gate["holding"]) == (session.who(), "Meta is down", None, 2)


def test_the_cost_names_what_expires_before_the_end(penstock: Any, acme: Any) -> None:
    penstock.done("number", "set", acme.number, "--no-storage")
    acme.receive("1", "2")
    answer = penstock.done("gate", "shut", "--all", *WHY, "--until", "2h", "--json").answer

    assert answer["gate"]["scope"] == {}
    assert answer["gate"]["until"] == answer["cost"]["until"]
    assert (answer["cost"]["waiting"], answer["cost"]["expiring"], answer["cost"]["no_storage_within_1h"]) == (2, 2, 2)
    assert "2 files of 1 workspace expire before " in answer["cost"]["sentence"]
    assert answer["cost"]["sentence"].endswith("; 2 on No-Storage numbers within the hour.")
    (listed,) = penstock.done("status", "--json").answer["gates"]
    assert listed == penstock.done("gate", "list", "--json").answer["gates"][0]


@pytest.mark.parametrize(
    ("option", "name"),
    [
        ("--all", None),
        ("--host", "graph.facebook.com"),
        ("--operation", "media.download"),
        ("--app", "main"),
        ("--credential", "token-a"),
        ("--number", "100000000000002"),
        ("--kind", "image"),
    ],
)
def test_every_scope_holds_what_is_in_it_and_opens_again(
    penstock: Any, acme: Any, option: str, name: str | None
) -> None:
    acme.receive("1")
    scope = [option] if name is None else [option, name]
    penstock.done("gate", "shut", *scope, *WHY)
    assert penstock.done("gate", "list", "--json").answer["gates"][0]["holding"] == 1
    shown = penstock.done("gate", "open", *scope, "--why", "it is up")

    assert shown.out.endswith(" is open. It works everywhere within a second.\n")
    assert penstock.done("gate", "list").out == "no gate is set: everything flows\n"


def test_a_return_in_steps(penstock: Any, acme: Any) -> None:
    acme.receive("1")
    penstock.done("gate", "shut", "--all", *WHY)
    assert "lets 2.5 files a second through" in penstock.done("gate", "open", "--all", "--rate", "2.5", *WHY).out
    (gate,) = penstock.done("gate", "list", "--json").answer["gates"]
    assert (gate["opening"], gate["holding"]) == (2.5, 0)
    rows = penstock.done("gate", "list").out.splitlines()
    assert rows[0].split("\t")[:3] == ["SCOPE", "OPENING", "OWNER"]
    assert rows[1].split("\t")[:3] == ["everything", "2.5/s", "operator"]
    assert penstock.done("gate", "open", "--all", *WHY, "--json").answer == {"gate": None, "still": []}


def test_a_rate_says_how_long_the_work_takes(penstock: Any, acme: Any) -> None:
    acme.receive("1", "2", "3")

    assert "3 s of work at this rate" in penstock.done("gate", "shut", "--all", *WHY, "--rate", "1").out


def test_automatic_gates_are_overruled_by_name(penstock: Any, acme: Any) -> None:
    acme.receive("1")
    acme.gate({}, owner="breaker", by="breaker", why="503s")
    assert "the breaker's gate of everything stands" in penstock("gate", "open", "--all", *WHY).refused(1)
    ran = penstock.done("gate", "open", "--all", *WHY, "--override-automatic")

    assert ran.out.splitlines() == [
        "The gate of everything is wide open, over every automatic gate. It works everywhere within a second.",
        "Still: The gate of everything is shut, by breaker (breaker): 503s.",
    ]
    assert [gate["holding"] for gate in penstock.done("gate", "list", "--json").answer["gates"]] == [0, 0]
    assert "\twide, over automatic ones\t" in penstock.done("gate", "list").out


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (["shut", *WHY], 2, "name exactly one scope: --all, --host"),
        (["shut", "--all", "--kind", "image", *WHY], 2, "name exactly one scope"),
        (["shut", "--workspace", "", *WHY], 2, "the name of a scope is empty"),
        (["shut", "--all"], 2, "--why"),
        (["shut", "--all", "--why", " "], 2, "say why"),
        (["shut", "--workspace", "acne", *WHY], 1, "there is no workspace 'acne' here: did you mean acme?"),
        (["shut", "--credential", "token-b", *WHY], 1, "did you mean token-a?"),
        (["shut", "--app", "mian", *WHY], 1, "did you mean main?"),
        (["shut", "--number", "100000000000003", *WHY], 1, "did you mean 100000000000002?"),
        (["shut", "--kind", "pictures", *WHY], 1, "it is one of audio, document, image, sticker, video"),
        (["shut", "--operation", "media.lookup", *WHY], 1, "did you mean media.look_up"),
        (["shut", "--host", "graph.facebok.com", *WHY], 1, "did you mean graph.facebook.com"),
        (["shut", "--all", *WHY, "--rate", "-1"], 2, "a number of files per second"),
        (["shut", "--all", *WHY, "--rate", "nan"], 2, "a number of files per second"),
        (["shut", "--all", *WHY, "--until", "2020-01-01"], 2, "it must be in the future"),
        (["shut", "--all", *WHY, "--until", "soon"], 2, "is not a time such as"),
        (["open", "--all", *WHY], 1, "no operator's gate stands on everything"),
        (["open", "--workspace", "acne", *WHY], 1, "did you mean acme?"),
        (["open", "--all", *WHY, "--rate", "0"], 2, "is a shut gate"),
        (["open", "--all", *WHY, "--until", "2h"], 2, "goes with a rate"),
    ],
)
def test_a_mistake_is_told_in_one_line(penstock: Any, acme: Any, line: list[str], code: int, said: str) -> None:
    assert said in penstock("gate", *line).refused(code)
    assert penstock.done("gate", "list", "--json").answer == {"gates": []}


def test_gates_are_set_beside_a_running_instance_and_every_change_is_kept(penstock: Any, acme: Any) -> None:
    with InstanceLock(Path("penstock-data/penstock.db")):
        penstock.done("gate", "shut", "--kind", "video", *WHY)
        penstock.done("gate", "open", "--kind", "video", "--why", "it is up")
    shut, opened = penstock.done("changes", "list", "--json").answer["changes"][-2:]

    assert (shut["who"], shut["action"], shut["why"]) == (session.who(), "gate.shut", "Meta is down")
    assert (opened["action"], opened["why"], opened["before"]) == ("gate.open", "it is up", shut["after"])
    assert shut["subject"] == {"scope": {"kind": "video"}, "owner": "operator"}
    assert penstock.done("audit").code == 0


def test_a_file_says_what_holds_it(penstock: Any, acme: Any) -> None:
    acme.receive("1")
    penstock.done("gate", "shut", "--kind", "image", *WHY)
    shown = penstock.done("media", "list").out

    assert 'gate "Meta is down" since ' in shown
    assert f", by {session.who()}" in shown
    assert " to live" in shown
