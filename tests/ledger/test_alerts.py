"""Alert targets as rows: each with its place in the events, from now on, moved by one at a time, on both stores."""

import asyncio
from typing import Any

from penstock.core.detector import Key
from penstock.ledger.book import Ledger

KEY = Key("media.download", "upstream")
NOW = 1_795_000_000.0


async def happened(ledger: Ledger, operation: str = "media.download") -> int:
    """An incident, which is three events."""
    id_, _ = await ledger.incidents.open(
        Key(operation, "upstream"), suspected=False, onset_at=NOW, why="w", rate=0.3, now=NOW, isolation="i"
    )
    return id_


async def test_a_new_target_begins_now_and_goes_when_it_is_named_no_longer(ledger: Ledger) -> None:
    await happened(ledger)
    await ledger.alerts.begin([("a", "one"), ("b", "two")], now=NOW)
    first, second = await ledger.alerts.targets()
    assert (first.id, first.name, first.state, first.since, first.behind) == ("a", "one", "ok", NOW, 0)
    assert second.position == first.position == 3
    await happened(ledger, "media.look_up")

    await ledger.alerts.begin([("a", "one again"), ("c", "three")], now=NOW + 9)
    told = {each.id: each for each in await ledger.alerts.targets()}
    assert told.keys() == {"a", "c"}
    assert (told["a"].name, told["a"].since, told["a"].position, told["a"].behind) == ("one again", NOW, 3, 3)
    assert (told["c"].position, told["c"].behind) == (6, 0)
    assert told["a"].origin == told["c"].origin == await ledger.alerts.origin()
    assert await ledger.alerts.target("b") is None


async def test_what_was_taken_moves_it_on_once(ledger: Ledger) -> None:
    await ledger.alerts.begin([("a", "one")], now=NOW)
    id_ = await happened(ledger)
    assert await ledger.alerts.advance("a", after=0, position=2, heard=[id_], told_at=NOW + 1)
    assert not await ledger.alerts.advance("a", after=0, position=2, heard=[id_], told_at=NOW + 1)
    state = await ledger.alerts.target("a")
    assert state is not None
    assert (state.position, state.heard, state.told) == (2, frozenset({id_}), 1)
    assert (state.told_at, state.behind) == (NOW + 1, 1)
    assert await ledger.alerts.advance("a", after=2, position=3, heard=[id_])
    assert await ledger.alerts.advance("a", after=3, position=4, heard=[], passed_over=1)
    state = await ledger.alerts.target("a")
    assert state is not None
    assert (state.told, state.told_at, state.passed_over, state.heard) == (1, NOW + 1, 1, frozenset())


async def test_what_was_not_taken_is_kept_with_its_reason_until_something_is(ledger: Ledger) -> None:
    await ledger.alerts.begin([("a", "one")], now=NOW)
    refusal: dict[str, Any] = {"after": 0, "error": "answered 500" * 100, "lasting": False, "next_at": NOW + 5}
    assert await ledger.alerts.refused("a", attempts=1, now=NOW, **refusal)
    assert await ledger.alerts.refused("a", attempts=2, now=NOW + 5, **refusal | {"lasting": True})
    assert not await ledger.alerts.refused("a", attempts=3, now=NOW + 5, **refusal | {"after": 7})
    state = await ledger.alerts.target("a")
    assert state is not None
    assert (state.state, state.attempts, state.failing_since, state.next_at) == ("refused", 2, NOW, NOW + 5)
    assert len(state.error or "") == 300
    assert await ledger.alerts.advance("a", after=0, position=1, heard=[1], told_at=NOW + 9)
    state = await ledger.alerts.target("a")
    assert state is not None
    assert (state.state, state.error, state.attempts, state.failing_since) == ("ok", None, 0, None)


async def test_a_database_that_came_from_another_one_keeps_its_name_for_targets(ledger: Ledger, store: Any) -> None:
    await ledger.alerts.begin([("a", "one")], now=NOW)
    await store.rows("UPDATE alert_targets SET origin = 'older' RETURNING 1")
    await ledger.alerts.begin([("a", "one"), ("b", "two")], now=NOW)
    assert {each.origin for each in await ledger.alerts.targets()} == {"older"}
    assert await ledger.alerts.origin() == "older"


async def test_no_event_is_committed_behind_one_that_could_have_been_read(ledger: Ledger, store: Any) -> None:
    beside = store.ledger()
    await beside.start()
    ids = [await happened(each, f"{nth}") for nth, each in enumerate([ledger, beside])]
    seen, read_on = [event.id for event in await ledger.incidents.new_events(after=0)], True

    async def read() -> None:
        while read_on:
            seen.extend(event.id for event in await ledger.incidents.new_events(after=seen[-1], limit=1_000))

    reader = asyncio.create_task(read())

    async def write(book: Ledger, id_: int) -> None:
        for nth in range(40):
            await book.incidents.gated(id_, [nth], "x", at=NOW, actor="breaker")

    await asyncio.gather(*(write(book, id_) for book in (ledger, beside) for id_ in ids))
    read_on = False
    await reader
    seen += [event.id for event in await ledger.incidents.new_events(after=seen[-1], limit=1_000)]
    everything = [event.id for id_ in ids for event in await ledger.incidents.events(id_)]
    await beside.stop()
    assert len(everything) == 6 + 160
    assert seen == sorted(everything)
