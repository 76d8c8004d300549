"""The read models: pages that meet without gaps, and workspaces that do not see each other."""

from collections.abc import Callable
from typing import Any

import pytest

from penstock.core.errors import WrongUse
from penstock.core.work import Ending
from penstock.ledger.imports import ImportRow

NUMBER, OTHER = "100000000000002", "100000000000003"
NOW = 1_795_001_000.0


@pytest.fixture
async def two(desk: Any) -> dict[str, int]:
    """A second workspace with a number of its own; the ids of both."""
    second = await desk.ledger.provisioning.add_workspace("second", now=1.0)
    await desk.ledger.provisioning.add_number(OTHER, workspace="second", app="main", credential="token-a", now=1.0)
    return {"acme": 1, "second": second["id"]}


async def pages(ask: Any, **values: Any) -> list[Any]:
    """All items of a paged answer."""
    items, place = [], None
    for _ in range(100):
        page = await ask(after=place, **values)
        items += page.items
        place = page.next
        if place is None:
            return items
    raise AssertionError("the pages do not end")


async def test_conversations_come_newest_first_in_pages_that_meet(desk: Any, webhooks: Any, two: Any) -> None:
    for n in range(23):
        message = {**webhooks.text(f"wamid.{n}", sender=f"155500000{n:02}"), "timestamp": str(1_795_000_000 + n // 3)}
        await desk.receive(webhooks.body(message, number=OTHER if n % 2 else NUMBER), now=NOW)
    shelf = desk.ledger.shelf
    everything = await pages(shelf.conversations, workspace_id=None, limit=4)
    own = await pages(shelf.conversations, workspace_id=two["second"], limit=4)

    assert len(everything) == len({each.id for each in everything}) == 23
    assert [each.last_at for each in everything] == sorted((each.last_at for each in everything), reverse=True)
    assert [each.id for each in own] == [each.id for each in everything if each.workspace == "second"]


async def test_a_thread_comes_in_pages_that_meet(desk: Any, webhooks: Any) -> None:
    for n in range(17):
        await desk.receive(
            webhooks.body({**webhooks.text(f"wamid.{n}"), "timestamp": str(1_795_000_000 + n // 4)}), now=NOW
        )
    conversation_id = (await desk.message("wamid.0")).conversation_id
    found: list[str] = []
    place = None
    while True:
        page = await desk.ledger.shelf.messages(conversation_id, workspace_id=1, before=place, limit=5)
        found = [*(message.wamid for message in page.items), *found]
        place = page.next
        if place is None:
            break

    assert found == [f"wamid.{n}" for n in range(17)]


async def test_rows_of_another_workspace_do_not_exist(desk: Any, webhooks: Any, two: Any) -> None:
    await desk.receive(webhooks.body(webhooks.file("wamid.A", "m1")), now=NOW)
    message, shelf, theirs = await desk.message("wamid.A"), desk.ledger.shelf, two["second"]

    assert await shelf.message(wamid="wamid.A", workspace_id=theirs) is None
    assert await shelf.message(id=message.id, workspace_id=theirs) is None
    assert await shelf.media(message.media[0].id, workspace_id=theirs) is None
    assert await shelf.media_by_media_id("m1", workspace_id=theirs) == []
    assert await shelf.conversation(message.conversation_id, workspace_id=theirs) is None
    assert (await shelf.messages(message.conversation_id, workspace_id=theirs)).items == ()
    assert (await shelf.media_list(workspace_id=theirs)).items == ()
    assert (await shelf.media_list(workspace_id=theirs, workspace="acme")).items == ()
    assert await shelf.media(message.media[0].id, workspace_id=two["acme"]) is not None


async def test_a_message_is_found_by_its_row_or_by_metas_id(desk: Any, webhooks: Any) -> None:
    await desk.receive(webhooks.body(webhooks.text("wamid.A", "hello")), now=NOW)
    by_name = await desk.message("wamid.A")

    assert await desk.ledger.shelf.message(id=by_name.id, workspace_id=None) == by_name
    assert await desk.ledger.shelf.message(wamid="wamid.B", workspace_id=None) is None
    assert await desk.ledger.shelf.message(id=99, workspace_id=None) is None


async def test_a_conversation_says_how_many_files_are_not_there_yet(
    desk: Any, webhooks: Any, endings: Callable[[str], Ending]
) -> None:
    await desk.receive(webhooks.body(webhooks.file("wamid.A", "m1"), webhooks.file("wamid.B", "m2")), now=NOW)
    (claim,) = await desk.claim(1, now=NOW)
    await desk.settle(claim, endings("attached"))
    (found,) = (await desk.ledger.shelf.conversations(workspace_id=None)).items

    assert found.pending == 1
    assert await desk.ledger.shelf.conversation(found.id, workspace_id=None) == found


async def test_an_import_without_its_message_shows_no_message(desk: Any) -> None:
    await desk.ledger.imports.add(
        [ImportRow("m1", NUMBER, "wamid.A"), ImportRow("m2", NUMBER)], workspace="acme", now=NOW
    )
    second, first = await desk.all_files()

    assert (first.media_id, first.wamid, first.message_id, first.conversation_id) == ("m1", "wamid.A", None, None)
    assert (second.media_id, second.wamid, second.message_id) == ("m2", "", None)
    assert (await desk.ledger.shelf.conversations(workspace_id=None)).items == ()


@pytest.mark.parametrize("cursor", ["", "x", "1.x", "x.1", "1", "..", "1.0.-5", f"1.0.{1 << 63}", "é.1"])
async def test_a_cursor_that_is_none_of_ours_is_wrong_use(desk: Any, cursor: str) -> None:
    shelf = desk.ledger.shelf
    for asking in (
        shelf.conversations(workspace_id=None, after=cursor),
        shelf.messages(1, workspace_id=None, before=cursor),
        shelf.media_list(after=cursor),
    ):
        with pytest.raises(WrongUse, match="cursor"):
            await asking
