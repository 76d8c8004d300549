"""Rollouts by hand: what may be done, what is refused in one line, and that who and why are kept."""

import pytest

from penstock.controls.rollouts.kept import kept_of
from penstock.controls.rollouts.operating import Operating, Order
from penstock.core.errors import Conflict, NotFound, WrongUse
from penstock.core.rollout import Move
from penstock.core.staging import DONE
from penstock.ledger.book import Ledger


@pytest.fixture
async def operating(ledger: Ledger) -> Operating:
    await ledger.recipes.add("next", who="cli:anna", why="a test")
    await ledger.provisioning.add_workspace("lab", test=True, now=1.0)
    await ledger.provisioning.add_workspace("acme", now=1.0)
    return Operating(ledger)


def order(**rest: object) -> Order:
    return Order(**{"recipe": "next", "by": "cli:anna", "why": "it is newer", **rest})  # type: ignore[arg-type]


async def test_it_begins_with_the_test_workspaces_and_keeps_what_was_asked(operating: Operating) -> None:
    rollout = await operating.start(order(files=2, outcomes=30))
    assert (rollout.stage, rollout.test_workspaces, rollout.by, rollout.why) == (
        "test",
        ("lab",),
        "cli:anna",
        "it is newer",
    )
    asked = kept_of(rollout).asked
    assert (asked.files, asked.outcomes, asked.counts_tests) == (2, 30, False)


async def test_without_a_test_workspace_somebody_has_to_say_so(ledger: Ledger) -> None:
    await ledger.recipes.add("next", who="cli:anna", why="a test")
    operating = Operating(ledger)
    with pytest.raises(NotFound, match="no recipe other"):
        await operating.start(order(recipe="other"))
    with pytest.raises(Conflict, match="--without-test"):
        await operating.start(order())
    assert kept_of(await operating.start(order(without_test=True))).asked.files is None


@pytest.mark.parametrize(
    "wrong",
    [{"outcomes": 0}, {"files": 0}, {"only_test": True, "without_test": True}, {"why": " \n"}, {"why": "x" * 501}],
)
async def test_what_cannot_be_meant_is_refused(operating: Operating, wrong: dict[str, object]) -> None:
    with pytest.raises(WrongUse):
        await operating.start(order(**wrong))


async def test_it_is_moved_on_to_the_end_by_hand(operating: Operating, ledger: Ledger) -> None:
    rollout = await operating.start(order())
    stages = []
    while rollout.running:
        rollout = await operating.move(Move.ADVANCE, by="cli:anna", why="on")
        stages.append(rollout.stage)
    assert stages == ["1", "5", "25", "100", DONE]
    assert (await ledger.recipes.get("next/1")).in_use
    with pytest.raises(NotFound, match="no rollout is under way"):
        await operating.move(Move.ROLL_BACK, by="cli:anna", why="back")
    assert (await operating.latest()).stage == DONE


async def test_what_does_not_go_says_what_to_do(operating: Operating) -> None:
    await operating.start(order())
    with pytest.raises(Conflict, match="is not paused: it goes on by itself"):
        await operating.move(Move.RESUME, by="cli:anna", why="x")
    await operating.move(Move.PAUSE, by="cli:anna", why="x")
    for move in (Move.PAUSE, Move.ADVANCE):
        with pytest.raises(Conflict, match="is paused: resume it first, or roll it back"):
            await operating.move(move, by="cli:anna", why="x")
    assert (await operating.move(Move.RESUME, by="cli:anna", why="x")).shown_stage == "test"
    assert (await operating.move(Move.ROLL_BACK, by="cli:anna", why="x")).stage == "rolled-back"


async def test_before_the_first_one_there_is_nothing_to_show(operating: Operating) -> None:
    with pytest.raises(NotFound, match="there was no rollout yet"):
        await operating.latest()
