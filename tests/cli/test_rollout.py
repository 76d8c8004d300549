"""Rollouts on the command line: started, moved by hand, and shown with the evidence in words."""

from typing import Any

import pytest

from penstock.cli import session
from penstock.controls.rollouts.kept import kept_of
from penstock.core.guard import Guard
from penstock.core.work import Outcome
from penstock.ledger.book import Ledger

KEYS = {"id", "recipe", "previous", "stage", "share", "outcomes", "failures", "evidence", "reason", "since"}


@pytest.fixture
def recipe(acme: Any) -> str:
    async def added(ledger: Ledger) -> None:
        await ledger.recipes.add("next", who="cli:anna", why="a test")

    acme.work(added)
    return "next"


def test_it_is_started_moved_and_shown(penstock: Any, recipe: str) -> None:
    started = penstock.done("rollout", "start", recipe, "--why", "it is newer", "--without-test")
    assert started.out.startswith("Rollout 1 of next/1 began, in place of standard/1: its requests are rehearsed.\n")
    assert "nothing is running" in started.err
    for command, told in (
        ("advance", "is at 1 %"),
        ("pause", "is paused at 1 %"),
        ("resume", "is at 1 %"),
        ("rollback", "was rolled back"),
    ):
        out = penstock.done("rollout", command, "--why", "by hand").out
        assert out == f"Rollout 1 of next/1 {told}. It works everywhere within a second.\n"
    shown = penstock.done("rollout", "status").out
    assert shown.startswith("Rollout 1 of next/1 was rolled back, ")
    assert "by hand" in shown
    assert f"In place of standard/1, by {session.who()}" in shown
    assert "rolled-back" in penstock.done("rollout", "list").out


def test_programs_get_the_agreed_keys(penstock: Any, recipe: str) -> None:
    started = penstock.done("rollout", "start", recipe, "--why", "x", "--without-test", "--json").answer
    assert started.keys() >= KEYS
    paused = penstock.done("rollout", "pause", "--why", "x", "--json").answer
    assert (paused["stage"], paused["paused_at"]) == ("paused", "test")
    assert penstock.done("rollout", "status", "--json").answer == paused
    assert penstock.done("rollout", "list", "--json").answer == {"rollouts": [paused]}


def test_the_evidence_is_shown_in_words_here_and_in_the_status(penstock: Any, acme: Any, recipe: str) -> None:
    penstock.done("rollout", "start", recipe, "--why", "x", "--without-test")
    penstock.done("rollout", "advance", "--why", "x")

    async def counted(ledger: Ledger) -> None:
        rollout = await ledger.rollouts.current()
        assert rollout is not None
        guard = Guard.of(0.01)
        guard.passed(candidate=11, control=1_200)
        guard.saw(Outcome.UPSTREAM, candidate=True, unit="acme", at=1.0)
        kept = kept_of(rollout)
        kept.stage, kept.tally = "1", guard.tally
        assert await ledger.rollouts.count(rollout, kept.progress(5))

    acme.work(counted)
    words = "With the candidate 1 of 12 failed, with the recipe before none of 1"
    assert words in penstock.done("rollout", "status").out
    assert f"Rollout 1 of next/1 is at 1 %: {words}" in penstock.done("status").out
    told = penstock.done("status", "--json").answer["rollout"]
    assert (told["stage"], told["outcomes"], told["failures"]) == ("1", 12, 1)
    assert told["log_e"] > 1


def test_without_a_rollout_it_says_how_to_begin(penstock: Any, recipe: str) -> None:
    assert "penstock rollout start" in penstock("rollout", "status").refused(1)
    assert "no rollout is under way" in penstock("rollout", "advance", "--why", "x").refused(1)
    assert penstock.done("rollout", "list").out == "there was no rollout yet\n"
    assert penstock.done("status", "--json").answer["rollout"] is None
    assert "--without-test" in penstock("rollout", "start", recipe, "--why", "x").refused(1)
