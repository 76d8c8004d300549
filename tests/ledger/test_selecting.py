"""A stretch looks at so many rows at most, whatever passes the filter, and says where the next one begins."""

from functools import partial
from typing import Any

import pytest

from penstock.core.reprocess import Candidate
from penstock.ledger.book import Ledger
from penstock.ledger.runs import Asked, Place
from penstock.ledger.selecting import Search, Stretch, candidate


@pytest.fixture
async def nine(desk: Any, webhooks: Any, store: Any) -> Ledger:
    """Nine files, of which each third is a video; the last three have expired, the others failed."""
    ledger: Ledger = desk.ledger
    stamp = str(int(await ledger.now()))
    kinds = ("image", "image", "video") * 3
    messages = [webhooks.file(f"wamid.{row}", str(row), kind, timestamp=stamp) for row, kind in enumerate(kinds, 1)]
    await desk.receive(webhooks.body(*messages))
    await store.rows("DELETE FROM fetches")
    await store.rows(
        "UPDATE media SET stage = CASE WHEN id > 6 THEN 'expired' ELSE 'failed' END, ended_at = received_at"
    )
    return ledger


async def all_of(ledger: Ledger, asked: Asked, *, length: int, workspace_id: int | None = None) -> list[Stretch]:
    now = await ledger.now()
    search, store = Search(asked, workspace_id, run_id=0, now=now, ended_by=now), ledger.reprocess
    found = [await store._db.read(lambda: search.stretch(store._sql, None, length))]
    while (place := found[-1].next) is not None:
        found.append(await store._db.read(partial(search.stretch, store._sql, place, length)))
    return found


@pytest.mark.parametrize("length", [1, 2, 3, 6, 7, 100])
async def test_every_file_is_found_once_however_long_the_stretches_are(nine: Ledger, length: int) -> None:
    stretches = await all_of(nine, Asked(), length=length)

    assert [item.media_row for stretch in stretches for item in stretch.items] == list(range(1, 10))
    assert all(len(stretch.items) <= length for stretch in stretches)


async def test_a_filter_that_few_files_pass_makes_no_stretch_longer(nine: Ledger) -> None:
    stretches = await all_of(nine, Asked(kind="video"), length=2)

    assert [[item.media_row for item in stretch.items] for stretch in stretches] == [[], [3], [6], [], [], [9]]


async def test_a_state_is_looked_for_where_it_is(nine: Ledger) -> None:
    assert [item.media_row for item in (await all_of(nine, Asked(state="expired"), length=100))[0].items] == [7, 8, 9]


async def test_a_place_in_a_workspace_that_is_gone_leads_to_the_next_one(nine: Ledger) -> None:
    now = await nine.now()
    store = nine.reprocess
    search = Search(Asked(), None, run_id=0, now=now, ended_by=now)
    gone = await store._db.read(lambda: search.stretch(store._sql, Place(999, "failed", 5), 100))

    assert gone == Stretch([], gone.found, None)


async def test_files_that_ended_since_are_not_meant(nine: Ledger) -> None:
    store = nine.reprocess
    search = Search(Asked(), None, run_id=0, now=0.0, ended_by=0.0)

    assert (await store._db.read(lambda: search.stretch(store._sql, None, 100))).items == []


async def test_a_named_file_is_looked_for_within_its_workspace(nine: Ledger) -> None:
    asked = Asked(media=(4, 2))
    assert [item.media_row for item in (await all_of(nine, asked, length=100))[0].items] == [4, 2]
    assert (await all_of(nine, asked, length=100, workspace_id=999))[0].found.selected == 0


def test_a_row_is_read_as_a_candidate() -> None:
    assert candidate((1, "open", "m", 2.0, 0, 1, 7, "image", None)) == Candidate("fetching", "m", 2.0, False, True)
    assert candidate((1, "failed", "m", 2.0, 1)) == Candidate("failed", "m", 2.0, True, False)
