"""Files by filter: complete, newest first, and at a bounded cost whatever the filter."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.core.work import Ending
from penstock.ledger import files, shelf

NOW = 1_795_001_000.0
STATES = ("attached", "retry", "expired", "failed", "taken", "fresh")


@pytest.fixture
async def many(desk: Any, webhooks: Any, endings: Callable[[str], Ending]) -> dict[str, str]:
    """Sixty files in every state, ten of a second each, in two workspaces; the state of each by media id."""
    await desk.ledger.provisioning.add_workspace("second", now=1.0)
    await desk.ledger.provisioning.add_number(
        "100000000000003", workspace="second", app="main", credential="token-a", now=1.0
    )
    fate = {f"m{n}": STATES[n * 7 % 6] for n in range(60)}
    for ten in range(0, 60, 10):
        changes = [
            webhooks.change(
                webhooks.file(f"wamid.{n}", f"m{n}"), number="100000000000003" if n % 5 == 0 else "100000000000002"
            )
            for n in range(ten, ten + 10)
        ]
        await desk.receive(webhooks.batch(*changes), now=NOW + ten)
    settling = []
    for claim in await desk.claim(now=NOW + 60):
        name = {"fresh": "put back"}.get(fate[claim.media_id], fate[claim.media_id])
        if name != "taken":
            settling.append(desk.settle(claim, endings(name), now=NOW + 60))
    assert all(await asyncio.gather(*settling))
    return fate


def number_of(media_id: str) -> int:
    return int(media_id[1:])


async def listed(desk: Any, limit: int = 7, **filters: Any) -> list[str]:
    found: list[str] = []
    place = None
    for _ in range(500):
        page = await desk.ledger.shelf.media_list(after=place, limit=limit, **filters)
        assert len(page.items) <= limit
        found += [file.media_id for file in page.items]
        place = page.next
        if place is None:
            return found
    raise AssertionError("the pages do not end")


@pytest.mark.parametrize("stretch", [1, 10, 1000])
@pytest.mark.parametrize(
    ("filters", "fates"),
    [
        ({}, STATES),
        ({"state": "attached"}, ("attached",)),
        ({"state": "waiting"}, ("retry", "fresh")),
        ({"state": "fetching"}, ("taken",)),
        ({"state": "failed"}, ("failed",)),
        ({"state": "expired"}, ("expired",)),
        ({"state": "erased"}, ()),
        ({"state": "held"}, ()),
        ({"outcome": "upstream"}, ("retry",)),
        ({"outcome": "gone"}, ("expired", "failed")),
        ({"state": "waiting", "outcome": "upstream"}, ("retry",)),
        ({"state": "failed", "outcome": "upstream"}, ()),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "-".join(value.values()) if value else "all",
)
async def test_a_filter_lets_through_what_it_should(
    desk: Any,
    many: dict[str, str],
    filters: Any,
    fates: tuple[str, ...],
    stretch: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(files, "STRETCH", stretch)
    expected = sorted((m for m in many if many[m] in fates), key=number_of, reverse=True)

    assert await listed(desk, **filters) == expected
    own = [m for m in expected if number_of(m) % 5 == 0]
    assert await listed(desk, workspace="second", **filters) == own
    assert await listed(desk, workspace_id=2, **filters) == own


async def test_times_are_from_and_before(desk: Any, many: dict[str, str]) -> None:
    found = await listed(desk, since=NOW + 10, until=NOW + 20)

    assert found == [f"m{n}" for n in range(19, 9, -1)]
    assert len(many) == 60
    assert await listed(desk, workspace="nobody") == []


async def test_what_is_held_waits_behind_a_shut_gate(desk: Any, many: dict[str, str]) -> None:
    await desk.ledger.gates.shut({"workspace": "second"}, owner="operator", by="me", why="a test", now=NOW)
    held = await listed(desk, state="held")

    assert held == sorted(
        (m for m in many if many[m] in ("retry", "fresh") and number_of(m) % 5 == 0), key=number_of, reverse=True
    )
    assert set(held) < set(await listed(desk, state="waiting"))


@pytest.mark.parametrize("stretch", [1, 10, 1000])
async def test_a_page_is_full_as_long_as_there_is_more(
    desk: Any, many: dict[str, str], stretch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "STRETCH", stretch)
    monkeypatch.setattr(shelf, "_SIFTED", 3)
    await desk.ledger.gates.shut({"workspace": "second"}, owner="operator", by="me", why="a test", now=NOW)
    assert many
    for filters in ({"state": "held"}, {"outcome": "upstream"}, {"state": "attached"}):
        place, sizes = None, list[int]()
        while not sizes or place is not None:
            page = await desk.ledger.shelf.media_list(after=place, limit=3, **filters)
            sizes.append(len(page.items))
            place = page.next
        assert set(sizes[:-1]) <= {3}
        assert sizes[-1] > 0


async def test_a_page_looks_at_so_many_rows_and_says_where_to_go_on(
    desk: Any, many: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "STRETCH", 5)
    monkeypatch.setattr(shelf, "_STRETCHES", 1)
    page = await desk.ledger.shelf.media_list(state="attached", outcome="nothing", limit=50)

    assert page.items == ()
    assert page.next is not None
    assert many


@given(limit=st.integers(1, 70), stretch=st.integers(1, 70), state=st.sampled_from([None, "waiting", "failed"]))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_pages_meet_whatever_their_size(
    desk: Any, many: dict[str, str], limit: int, stretch: int, state: str | None
) -> None:
    before = files.STRETCH
    files.STRETCH = stretch
    try:
        found = await listed(desk, limit, state=state)
    finally:
        files.STRETCH = before
    fates = {None: STATES, "waiting": ("retry", "fresh"), "failed": ("failed",)}[state]

    assert found == sorted((m for m in many if many[m] in fates), key=number_of, reverse=True)
