"""Rollouts as rows: one at a time, changed by compare-and-set with who and why, and every attempt counted once."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.core import staging
from penstock.core.errors import Conflict, NotFound, WrongUse
from penstock.core.recipe import Parameters
from penstock.core.staging import Progress, Rollout
from penstock.ledger.book import Ledger

WHO: Any = {"who": "cli:anna", "why": "a test"}


async def begun(ledger: Ledger, name: str = "next") -> Rollout:
    """A rollout of a new recipe."""
    await ledger.recipes.add(name, parameters=Parameters(concurrency=4), **WHO)
    return await ledger.rollouts.start(name, salt="a salt", **WHO)


async def test_a_rollout_begins_with_the_test_workspaces(ledger: Ledger) -> None:
    await ledger.provisioning.add_workspace("acme", now=5.0)
    await ledger.provisioning.add_workspace("lab", test=True, now=5.0)
    made = await begun(ledger)

    assert (made.recipe, made.previous, made.stage, made.share) == ("next/1", "standard/1", "test", 0.0)
    assert (made.test_workspaces, made.unit, made.salt) == (("lab",), "conversation", "a salt")
    assert (made.by, made.why, made.paused, made.ended_at) == ("cli:anna", "a test", False, None)
    assert await ledger.rollouts.current() == await ledger.rollouts.get(made.id) == made


async def test_there_is_one_at_a_time(ledger: Ledger) -> None:
    made = await begun(ledger)
    with pytest.raises(Conflict, match=f"rollout {made.id} of next/1 has not ended"):
        await ledger.rollouts.start("next", salt="other", **WHO)
    await ledger.rollouts.roll_back(made.id, who="cli:anna", reason="no more")
    again = await ledger.rollouts.start("next/1", salt="other", **WHO)

    assert [each.id for each in await ledger.rollouts.latest()] == [again.id, made.id]
    assert [each.id for each in await ledger.rollouts.latest(before=again.id)] == [made.id]


async def test_of_many_who_start_at_once_one_does(ledger: Ledger) -> None:
    await ledger.recipes.add("next", parameters=Parameters(concurrency=4), **WHO)
    found = await asyncio.gather(
        *(ledger.rollouts.start("next", salt=str(each), **WHO) for each in range(5)), return_exceptions=True
    )

    assert sum(isinstance(each, Rollout) for each in found) == 1
    assert sum(isinstance(each, Conflict) for each in found) == 4


async def test_what_is_not_there_or_everybodys_already_is_refused(ledger: Ledger) -> None:
    with pytest.raises(NotFound):
        await ledger.rollouts.start("next", salt="s", **WHO)
    with pytest.raises(NotFound):
        await ledger.rollouts.start("standard/2", salt="s", **WHO)
    with pytest.raises(Conflict, match="everybody has already"):
        await ledger.rollouts.start("standard", salt="s", **WHO)
    with pytest.raises(NotFound):
        await ledger.rollouts.get(77)


async def test_it_goes_on_to_everybody_and_becomes_the_one_in_use(ledger: Ledger) -> None:
    seen = await begun(ledger)
    for stage in staging.STAGES[1:]:
        changed = await ledger.rollouts.set_stage(seen, stage, who="rollout", reason=f"enough for {stage}")
        assert changed is not None
        assert (changed.stage, changed.share, changed.reason) == (stage, staging.SHARES[stage], f"enough for {stage}")
        seen = changed
    done = await ledger.rollouts.finish(seen, who="rollout", reason="it held")

    assert done is not None
    assert (done.stage, done.running, done.ended_at is None) == ("done", False, False)
    assert [each.recipe.label for each in await ledger.recipes.versions() if each.in_use] == ["next/1"]
    assert await ledger.rollouts.current() is None


async def test_it_never_goes_back_but_wholly(ledger: Ledger) -> None:
    seen = await begun(ledger)
    with pytest.raises(WrongUse, match="has not reached everybody"):
        await ledger.rollouts.finish(seen, who="cli:anna", reason="now")
    there = await ledger.rollouts.set_stage(seen, "25", who="cli:anna", reason="urgent")
    assert there is not None
    for stage in ("test", "5", "25", "done", "30"):
        with pytest.raises(WrongUse, match="only goes on: to 100"):
            await ledger.rollouts.set_stage(there, stage, who="cli:anna", reason="less")


async def test_rolling_back_takes_it_from_everybody_whatever_was_changed(ledger: Ledger) -> None:
    seen = await begun(ledger)
    await ledger.rollouts.pause(seen, who="cli:anna", reason="a look first")
    back = await ledger.rollouts.roll_back(seen.id, who="rollout", reason="4 of 12 failed")

    assert back is not None
    assert (back.stage, back.share, back.paused, back.reason) == ("rolled-back", 0.0, False, "4 of 12 failed")
    assert await ledger.rollouts.roll_back(seen.id, who="cli:ben", reason="again") is None
    assert await ledger.rollouts.roll_back(77, who="cli:ben", reason="none") is None
    assert [each.recipe.label for each in await ledger.recipes.versions() if each.in_use] == ["standard/1"]


async def test_whoever_saw_an_older_one_changes_nothing(ledger: Ledger) -> None:
    seen = await begun(ledger)
    paused = await ledger.rollouts.pause(seen, who="cli:anna", reason="a look first")
    assert paused is not None
    assert (paused.paused, paused.shown_stage, paused.stage) == (True, "paused", "test")
    assert await ledger.rollouts.set_stage(seen, "1", who="rollout", reason="enough") is None
    assert await ledger.rollouts.pause(seen, who="rollout", reason="again") is None
    resumed = await ledger.rollouts.resume(paused, who="cli:anna", reason="fine")

    assert resumed is not None
    assert not resumed.paused
    assert await ledger.rollouts.get(seen.id) == resumed


async def test_of_two_who_advance_at_once_one_does(ledger: Ledger) -> None:
    seen = await begun(ledger)
    found = await asyncio.gather(
        *(ledger.rollouts.set_stage(seen, "1", who=f"leader {each}", reason="enough") for each in range(4))
    )

    assert sum(each is not None for each in found) == 1
    actions = [each.entry.action for each in await ledger.audit_log.read()]
    assert actions == ["recipe.add", "rollout.start", "rollout.advance"]


async def test_every_change_is_in_the_audit_log(ledger: Ledger) -> None:
    seen = await begun(ledger)
    seen = await ledger.rollouts.set_stage(seen, "1", who="rollout", reason="100 clean outcomes") or seen
    seen = await ledger.rollouts.pause(seen, who="token:ops", reason="lunch") or seen
    seen = await ledger.rollouts.resume(seen, who="token:ops", reason="back") or seen
    await ledger.rollouts.roll_back(seen.id, who="rollout", reason="it fails")
    entries = [each.entry for each in await ledger.audit_log.read()][1:]

    assert [(each.action, each.who, each.why) for each in entries] == [
        ("rollout.start", "cli:anna", "a test"),
        ("rollout.advance", "rollout", "100 clean outcomes"),
        ("rollout.pause", "token:ops", "lunch"),
        ("rollout.resume", "token:ops", "back"),
        ("rollout.rollback", "rollout", "it fails"),
    ]
    before, after = entries[1].before, entries[1].after
    assert before is not None
    assert after is not None
    assert (before["stage"], before["share"], after["stage"], after["share"]) == ("test", 0.0, "1", 0.01)
    assert all(each.subject == {"rollout": seen.id, "recipe": "next/1"} for each in entries)
    assert (await ledger.audit_log.verify()).ok


async def test_an_attempt_is_counted_once(ledger: Ledger) -> None:
    seen = await begun(ledger)
    counted = Progress(outcomes=12, failures=4, evidence=9.3, tally={"ratio": [1.5]}, last_attempt=900)

    assert await ledger.rollouts.count(seen, counted)
    assert not await ledger.rollouts.count(seen, Progress(outcomes=11, last_attempt=880))  # it saw less
    found = await ledger.rollouts.get(seen.id)
    assert (found.progress, found.revision) == (counted, seen.revision)
    advanced = await ledger.rollouts.set_stage(seen, "1", who="rollout", reason="enough")
    assert advanced is not None
    assert advanced.progress == counted  # counting is no change, and a change loses no count
    await ledger.rollouts.roll_back(seen.id, who="rollout", reason="it fails")
    assert not await ledger.rollouts.count(found, Progress(outcomes=13, last_attempt=950))


STEPS = st.lists(
    st.tuples(st.sampled_from(["1", "5", "25", "100", "pause", "resume", "finish"]), st.booleans()), max_size=8
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_whatever_is_done_in_whatever_order_shares_only_grow(
    ledger: Ledger, steps: list[tuple[str, bool]]
) -> None:
    if (old := await ledger.rollouts.current()) is not None:
        await ledger.rollouts.roll_back(old.id, who="a test", reason="the next one")
    versions = await ledger.recipes.versions()
    name = "next" if next(each for each in versions if each.in_use).recipe.name == "standard" else "standard"
    if name not in {each.recipe.name for each in versions}:
        await ledger.recipes.add(name, parameters=Parameters(concurrency=4), **WHO)
    first = last = await ledger.rollouts.start(name, salt="s", **WHO)
    for step, stale in steps:
        changed: Any = None
        seen = first if stale else last
        if step in staging.later(seen.stage):
            changed = await ledger.rollouts.set_stage(seen, step, who="a", reason="b")
        elif step in {"pause", "resume"}:
            changed = await getattr(ledger.rollouts, step)(seen, who="a", reason="b")
        elif step == "finish" and seen.stage == "100":
            changed = await ledger.rollouts.finish(seen, who="a", reason="b")
        now = await ledger.rollouts.get(last.id)
        assert (changed is None) == (now.revision == last.revision)
        assert changed is None or (changed == now and seen == last)
        assert now.share >= last.share
        last = now
