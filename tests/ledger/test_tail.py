"""The tail of the attempts: in order, each once, none passed by, whatever order transactions commit in."""

import asyncio
import itertools
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.seen import Seen
from penstock.core.work import Attempt, Outcome, RetryLater
from penstock.ledger import tail as tail_module
from penstock.ledger.tail import MISSING_S, Tail

NOW = 1_795_000_100.0
NUMBER = "100000000000002"


def attempt(at: float = NOW, operation: str = "media.look_up", **facts: Any) -> Attempt:
    known = dict.fromkeys(Attempt.__struct_fields__)
    given_facts: dict[str, Any] = {
        "at": at,
        "operation": operation,
        "declared_method": "GET",
        "wire_method": "GET",
        "host": "graph.facebook.com",
        "outcome": Outcome.UPSTREAM,
        "duration_s": 0.25,
        "recipe": "standard/1",
    }
    return Attempt(**known | given_facts | facts)  # type: ignore[arg-type]


async def bring(desk: Any, webhooks: Any, files: int = 1) -> None:
    await desk.receive(webhooks.body(*(webhooks.file(f"wamid.{n}", f"m{n}") for n in range(files))), now=NOW)


async def tried(desk: Any, *attempts: Attempt) -> None:
    """One turn of the only item."""
    (claim,) = await desk.claim(now=NOW)
    ending = RetryLater(due_at=NOW, outcome=Outcome.UPSTREAM, reason="Meta answered 503.")
    assert await desk.ledger.queue.settle(claim, ending, attempts, now=NOW)


async def everything(tail: Tail, limit: int = 1_000) -> list[Seen]:
    found: list[Seen] = []
    while more := await tail.read(now=NOW, limit=limit):
        found += more
    return found


async def test_an_attempt_is_told_with_all_that_it_belongs_to(desk: Any, webhooks: Any) -> None:
    file = webhooks.file("wamid.A", "m1", "audio")
    await desk.receive(webhooks.body(file), now=NOW)
    made = attempt(
        peer_address="203.0.113.7",
        status=503,
        graph_code=2,
        graph_subcode=99,
        server="edge-12",
        worker="machine:7",
        api_version="v26.0",
        fresh=True,
    )
    await tried(desk, made)
    (seen,) = await desk.ledger.tail().read(now=NOW)

    for name in ("at", "operation", "declared_method", "wire_method", "host", "peer_address", "status", "graph_code"):
        assert getattr(seen, name) == getattr(made, name), name
    for name in ("graph_subcode", "outcome", "duration_s", "recipe", "server", "worker", "api_version", "fresh"):
        assert getattr(seen, name) == getattr(made, name), name
    assert (seen.workspace, seen.number, seen.app, seen.credential) == ("acme", NUMBER, "main", "token-a")
    assert (seen.kind, seen.mime_type, seen.size, seen.received_at) == ("audio", "image/jpeg", None, NOW)
    assert (seen.media_row, seen.nth) == (1, 1)
    assert seen.conversation_id == (await desk.message("wamid.A")).conversation_id
    assert (await desk.ledger.shelf.attempts(1))[0] == made


async def test_an_items_attempts_at_an_operation_are_counted_up_to_four(desk: Any, webhooks: Any) -> None:
    await bring(desk, webhooks)
    await tried(desk, attempt(), attempt(operation="media.download"))
    for _ in range(5):
        await tried(desk, attempt())
    await tried(desk, attempt(operation="media.download"))

    assert [seen.nth for seen in await everything(desk.ledger.tail())] == [1, 1, 2, 3, 4, 4, 4, 2]


async def test_what_was_read_is_not_read_again_and_a_page_has_its_limit(desk: Any, webhooks: Any) -> None:
    await bring(desk, webhooks)
    tail = desk.ledger.tail()
    assert await tail.read(now=NOW) == []
    await tried(desk, *(attempt(NOW + n) for n in range(5)))

    assert [len(await tail.read(now=NOW, limit=2)) for _ in range(4)] == [2, 2, 1, 0]
    await tried(desk, attempt(NOW + 9))
    assert [seen.at for seen in await tail.read(now=NOW)] == [NOW + 9]


async def test_a_new_reader_begins_some_minutes_back(desk: Any, webhooks: Any) -> None:
    await bring(desk, webhooks)
    await tried(desk, *(attempt(NOW - at) for at in (400, 300, 200, 100, 0)))
    tail = desk.ledger.tail()

    await tail.begin(since=NOW - 250)
    assert [seen.at for seen in await everything(tail)] == [NOW - 200, NOW - 100, NOW]
    await tail.begin(since=NOW + 1)
    assert await everything(tail) == []
    await tried(desk, attempt(NOW + 2))
    assert [seen.at for seen in await everything(tail)] == [NOW + 2]


async def test_a_reader_of_a_record_without_attempts_begins_at_its_start(desk: Any, webhooks: Any) -> None:
    tail = desk.ledger.tail()
    await tail.begin(since=NOW)
    await bring(desk, webhooks)
    await tried(desk, attempt())

    assert len(await everything(tail)) == 1


async def test_attempts_that_many_write_at_once_are_read_once_each(desk: Any, webhooks: Any, store: Any) -> None:
    await bring(desk, webhooks, files=120)
    claims = await desk.claim(200, now=NOW)
    beside = store.ledger()
    await beside.start()
    tail, found, over = desk.ledger.tail(), [], asyncio.Event()

    async def write(ledger: Any, mine: list[Any]) -> None:
        ending = RetryLater(due_at=NOW, outcome=Outcome.UPSTREAM, reason="Meta answered 503.")
        for claim in mine:
            assert await ledger.queue.settle(claim, ending, [attempt(), attempt()], now=NOW)

    async def follow() -> None:
        while not over.is_set():
            found.extend(await tail.read(now=NOW, limit=7))

    following = asyncio.create_task(follow())
    await asyncio.gather(*(write(ledger, claims[n::6]) for n in range(6) for ledger in ((desk.ledger, beside)[n % 2],)))
    over.set()
    await following
    found += await everything(tail, 7)
    await beside.stop()

    assert len(found) == 240
    assert len({seen.id for seen in found}) == 240


@pytest.mark.parametrize("store", ["postgres"], indirect=True)  # on SQLite they commit in the order of their ids
async def test_what_commits_late_under_a_lower_id_is_read_when_it_is_there(
    desk: Any, webhooks: Any, store: Any
) -> None:
    await bring(desk, webhooks)
    tail = desk.ledger.tail()
    await tried(desk, attempt())
    assert len(await tail.read(now=NOW)) == 1
    late, never = await asyncpg.connect(store.address), await asyncpg.connect(store.address)
    try:
        insert = (
            "INSERT INTO attempts (media_row, at, operation, declared_method, outcome, duration_s, recipe) "
            "VALUES (1, 5, 'media.look_up', 'GET', 'upstream', 0.1, 'standard/1') RETURNING id"
        )
        late_one, other = late.transaction(), never.transaction()
        await late_one.start()
        await other.start()
        ids = [await late.fetchval(insert) for _ in range(3)]
        gone = await never.fetchval(insert)
        await tried(desk, attempt())
        (newer,) = await tail.read(now=NOW)
        assert newer.id > gone > max(ids)
        assert await tail.read(now=NOW + 1) == []
        await late_one.commit()
        await other.rollback()
        await tried(desk, attempt())

        read = await tail.read(now=NOW + MISSING_S - 1)
        assert [seen.id for seen in read] == [*ids, newer.id + 1]
        assert [seen.id for seen in await tail.read(now=NOW + MISSING_S - 1)] == []
        assert set(tail._missing) == {gone}
        await tail.read(now=NOW + MISSING_S)
        assert tail._missing == {}
    finally:
        await late.close()
        await never.close()


@given(st.sets(st.integers(0, 60)))
def test_stretches_hold_exactly_the_ids_that_are_missing(ids: set[int]) -> None:
    stretches = list(tail_module._stretches(sorted(ids)))

    assert {id_ for first, last in stretches for id_ in range(first, last + 1)} == ids
    assert all(later[0] > earlier[1] + 1 for earlier, later in itertools.pairwise(stretches))
