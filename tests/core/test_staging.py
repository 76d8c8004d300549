"""Whom a rollout has reached: test workspaces first, then shares that only ever grow, and nobody once it is over."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core import staging
from penstock.core.staging import Rollout

ROLLOUT = Rollout(
    id=1,
    revision=1,
    recipe="fast/1",
    previous="standard/1",
    salt="a salt",
    unit="workspace",
    test_workspaces=("lab",),
    stage="test",
    share=0.0,
    paused=False,
    reason="started",
    by="cli:anna",
    why="faster",
    started_at=5.0,
    since=5.0,
    ended_at=None,
)


def at(stage: str, *, unit: str = "workspace", salt: str = "a salt") -> Rollout:
    """The rollout at a stage."""
    share = staging.SHARES.get(stage, 0.0)
    return msgspec.structs.replace(ROLLOUT, stage=stage, share=share, unit=unit, salt=salt)


def test_test_workspaces_are_first_and_alone() -> None:
    assert staging.reached(at("test"), workspace="lab", conversation=1, item=1)
    assert not any(staging.reached(at("test"), workspace=f"w{each}", conversation=1, item=1) for each in range(500))


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=9), st.sampled_from(["workspace", "conversation"]), st.integers(1, 1 << 40))
def test_whoever_was_reached_stays_reached(salt: str, unit: str, item: int) -> None:
    for conversation in (item, None):
        reached = [
            staging.reached(at(stage, unit=unit, salt=salt), workspace=f"w{item}", conversation=conversation, item=item)
            for stage in staging.STAGES
        ]
        assert reached == sorted(reached)
        assert (reached[0], reached[-1]) == (False, True)


def test_a_workspace_or_a_conversation_is_reached_as_a_whole() -> None:
    whole = {staging.reached(at("25"), workspace="w7", conversation=each, item=each) for each in range(50)}
    split = {
        staging.reached(at("25", unit="conversation"), workspace="w7", conversation=each, item=1) for each in range(50)
    }
    same = {
        staging.reached(at("25", unit="conversation"), workspace="w7", conversation=3, item=each) for each in range(50)
    }
    lone = {
        staging.reached(at("25", unit="conversation"), workspace="w7", conversation=None, item=each)
        for each in range(50)
    }

    assert [len(each) for each in (whole, split, same, lone)] == [1, 2, 1, 2]


@pytest.mark.parametrize("stage", ["done", "rolled-back"])
def test_what_has_ended_reaches_nobody(stage: str) -> None:
    ended = msgspec.structs.replace(ROLLOUT, stage=stage, share=1.0)

    assert not ended.running
    assert not staging.reached(ended, workspace="lab", conversation=1, item=1)


def test_a_paused_one_says_so_and_keeps_its_stage() -> None:
    paused = msgspec.structs.replace(at("5"), paused=True)

    assert (paused.shown_stage, paused.stage, paused.share) == ("paused", "5", 0.05)
    assert staging.reached(paused, workspace="lab", conversation=1, item=1)
    assert msgspec.structs.replace(paused, stage="rolled-back").shown_stage == "rolled-back"


def test_stages_only_go_on() -> None:
    assert staging.later("test") == ("1", "5", "25", "100")
    assert staging.later("25") == ("100",)
    assert staging.later("100") == staging.later("done") == ()
    assert list(staging.SHARES.values()) == sorted(staging.SHARES.values())
