"""Traces as rows: put on and off in the audit log, full at the same moment for everybody, gone when they should be."""

import asyncio
from typing import Any

import msgspec
import pytest

from penstock.core import trace
from penstock.core.detector import Key
from penstock.core.errors import Conflict, NotFound
from penstock.core.trace import FULL, Kept, Trace, state
from penstock.ledger.book import Ledger
from penstock.ledger.traces import Fresh

NOW = 1_795_600_000.0


def wanted(**more: Any) -> Trace:
    made = Trace(0, {"workspace": "acme"}, "cli:anna", "a look", NOW, NOW + 60, 5, 10_000)
    return msgspec.structs.replace(made, **more)


def fresh(media_row: int, at: float = NOW, **more: Any) -> Fresh:
    known: dict[str, Any] = {
        "at": at,
        "operation": "media.look_up",
        "outcome": "delivered",
        "duration_s": 0.1,
        "media": "med_1",
        "workspace": "acme",
        "number": "100000000000002",
        "declared_method": "GET",
    }
    return Fresh(media_row, at, msgspec.json.encode(Kept(**(known | more))).decode())


@pytest.fixture
async def files(desk: Any, webhooks: Any) -> list[int]:
    """The rows of three files."""
    for name in ("A", "B", "C"):
        await desk.receive(webhooks.body(webhooks.file(f"wamid.{name}", f"m-{name}")))
    return sorted(claim.id for claim in await desk.claim())


async def test_a_trace_is_on_until_its_time_is_over(ledger: Ledger) -> None:
    made = await ledger.traces.put_on(wanted(), now=NOW)
    everything = await ledger.traces.put_on(wanted(scope={}, until=NOW + 10), now=NOW)
    assert (made.scope, everything.scope, made.by, made.why) == ({"workspace": "acme"}, {}, "cli:anna", "a look")
    assert (made.since, made.until, made.most_exchanges, made.most_bytes) == (NOW, NOW + 60, 5, 10_000)
    assert [each.id for each in await ledger.traces.on(now=NOW + 5)] == [made.id, everything.id]
    assert await ledger.traces.on(now=NOW + 20) == [made]
    assert await ledger.traces.on(now=NOW + 60) == []
    assert [each.id for each in await ledger.traces.latest()] == [everything.id, made.id]
    with pytest.raises(NotFound):
        await ledger.traces.get(999)


async def test_putting_one_on_or_off_is_in_the_audit_log_and_in_open_incidents(ledger: Ledger) -> None:
    opened, _ = await ledger.incidents.open(
        Key("media.look_up", "upstream"), suspected=False, onset_at=NOW, why="x", rate=0.3, now=NOW, isolation="x"
    )
    over, _ = await ledger.incidents.open(
        Key("media.download", "upstream"), suspected=False, onset_at=NOW, why="x", rate=0.3, now=NOW, isolation="x"
    )
    await ledger.incidents.close(over, "It is over.", now=NOW)
    made = await ledger.traces.put_on(wanted(), now=NOW + 1)
    off = await ledger.traces.put_off(made.id, by="cli:ben", why="seen enough", now=NOW + 2)
    assert (state(off, NOW + 2), off.ended_by, off.ended_why, off.ended_at) == (
        "off",
        "cli:ben",
        "seen enough",
        NOW + 2,
    )
    assert await ledger.traces.on(now=NOW + 2) == []
    with pytest.raises(Conflict, match="off"):
        await ledger.traces.put_off(made.id, by="cli:ben", why="again", now=NOW + 3)
    with pytest.raises(NotFound):
        await ledger.traces.put_off(999, by="cli:ben", why="x", now=NOW + 3)

    first, second = [each.entry for each in await ledger.audit_log.read()]
    assert (first.who, first.action, first.why) == ("cli:anna", "trace.on", "a look")
    assert first.subject == {"trace": made.id, "scope": {"workspace": "acme"}}
    assert first.after == {"until": NOW + 60, "most_exchanges": 5, "most_bytes": 10_000}
    assert (second.who, second.action, second.why) == ("cli:ben", "trace.off", "seen enough")
    lines = [(each.actor, each.text) for each in await ledger.incidents.events(opened) if each.kind == "trace"]
    assert lines == [
        ("cli:anna", f"Exchanges of workspace acme are kept (trace {made.id}): a look"),
        ("cli:ben", f"Exchanges of workspace acme are kept no longer (trace {made.id}): seen enough"),
    ]
    assert not [each for each in await ledger.incidents.events(over) if each.kind == "trace"]


async def test_there_are_not_too_many_at_once(ledger: Ledger) -> None:
    for _ in range(trace.AT_ONCE):
        await ledger.traces.put_on(wanted(), now=NOW)
    with pytest.raises(Conflict, match="put one off first"):
        await ledger.traces.put_on(wanted(), now=NOW)
    assert len(await ledger.audit_log.read()) == trace.AT_ONCE
    await ledger.traces.put_on(wanted(until=NOW + 200), now=NOW + 100)


async def test_exchanges_are_kept_until_there_is_no_room(ledger: Ledger, files: list[int]) -> None:
    made = await ledger.traces.put_on(wanted(), now=NOW)
    assert await ledger.traces.keep(made.id, [fresh(files[0]), fresh(files[1])], dropped=2, now=NOW)
    held = await ledger.traces.get(made.id)
    assert (held.exchanges, held.dropped) == (2, 2)
    assert held.bytes == 2 * len(fresh(files[0]).exchange)
    assert not await ledger.traces.keep(made.id, [fresh(files[2])] * 4, dropped=0, now=NOW + 3)
    full = await ledger.traces.get(made.id)
    assert (full.exchanges, state(full, NOW + 3), full.ended_by, full.ended_at) == (5, "full", FULL, NOW + 3)
    assert not await ledger.traces.keep(made.id, [fresh(files[2])], dropped=7, now=NOW + 4)
    assert (await ledger.traces.get(made.id)).exchanges == 5
    assert len(await ledger.traces.all_exchanges(made.id)) == 5
    page, further = await ledger.traces.exchanges(made.id, limit=2)
    assert (len(page), page[0].operation) == (2, "media.look_up")
    rest, end = await ledger.traces.exchanges(made.id, after=further or 0, limit=10)
    assert (len(rest), end) == (3, None)
    assert not await ledger.traces.keep(999, [fresh(files[0])], dropped=0, now=NOW)


async def test_many_bytes_fill_a_trace_as_well(ledger: Ledger, files: list[int]) -> None:
    made = await ledger.traces.put_on(wanted(most_bytes=700), now=NOW)
    assert not await ledger.traces.keep(
        made.id, [fresh(files[0], text="x" * 400) for _ in range(2)], dropped=0, now=NOW
    )
    full = await ledger.traces.get(made.id)
    assert full.exchanges == 1
    assert full.bytes <= 700


async def test_several_processes_fill_one_trace_to_the_same_brim(ledger: Ledger, store: Any, files: list[int]) -> None:
    other = store.ledger()
    await other.start()
    made = await ledger.traces.put_on(wanted(), now=NOW)
    await asyncio.gather(
        *(
            book.traces.keep(made.id, [fresh(files[nth % 3])], dropped=0, now=NOW)
            for nth in range(6)
            for book in (ledger, other)
        )
    )
    await other.stop()
    assert (await ledger.traces.get(made.id)).exchanges == 5
    assert len(await ledger.traces.all_exchanges(made.id)) == 5


async def test_nothing_is_kept_of_a_file_that_was_erased(ledger: Ledger, files: list[int], store: Any) -> None:
    made = await ledger.traces.put_on(wanted(), now=NOW)
    await ledger.traces.keep(made.id, [fresh(each) for each in files], dropped=0, now=NOW)
    (message,) = (await store.rows(f"SELECT message_row FROM media WHERE id = {files[1]}"))[0]
    await ledger.erasing.erase([message], now=NOW)
    assert len(await ledger.traces.all_exchanges(made.id)) == 2
    await ledger.traces.keep(made.id, [fresh(files[1])], dropped=0, now=NOW)
    assert len(await ledger.traces.all_exchanges(made.id)) == 2


async def test_what_is_too_old_goes_a_few_at_a_time(ledger: Ledger, files: list[int]) -> None:
    made = await ledger.traces.put_on(wanted(), now=NOW)
    for nth in range(4):
        await ledger.traces.keep(made.id, [fresh(files[0], NOW + nth)], dropped=0, now=NOW)
    assert await ledger.traces.throw({1: NOW + 3}, traces_before=NOW + 90, limit=2) == 2
    assert await ledger.traces.throw({1: NOW + 3}, traces_before=NOW + 90, limit=2) == 1
    assert await ledger.traces.throw({2: NOW + 99}, traces_before=NOW + 90, limit=2) == 0
    assert (await ledger.traces.get(made.id)).id == made.id  # something is left of it
    assert await ledger.traces.throw({1: NOW + 9}, traces_before=NOW + 50, limit=2) == 1
    assert (await ledger.traces.get(made.id)).id == made.id  # it may not be over yet
    assert await ledger.traces.throw({1: NOW + 9}, traces_before=NOW + 90, limit=2) == 0
    with pytest.raises(NotFound):
        await ledger.traces.get(made.id)
