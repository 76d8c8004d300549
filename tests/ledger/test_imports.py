"""Media ids that somebody else failed to fetch: taken in once, and never twice beside the webhook."""

from collections.abc import Callable
from typing import Any

import pytest

from penstock.core.errors import NotFound
from penstock.core.work import Ending
from penstock.ledger import imports
from penstock.ledger.imports import ImportRow

NUMBER = "100000000000002"
NOW = 1_795_001_000.0


async def add(desk: Any, *rows: ImportRow, now: float = NOW) -> tuple[int, int]:
    return await desk.ledger.imports.add(list(rows), workspace="acme", now=now)  # type: ignore[no-any-return]


async def test_rows_are_put_to_work_once(desk: Any) -> None:
    rows = [ImportRow("m1", NUMBER), ImportRow("m2", NUMBER, "wamid.B", "audio", "audio/ogg", b"\x01" * 32, NOW - 100)]

    assert await add(desk, *rows) == (2, 0)
    assert await add(desk, *rows, rows[0]) == (0, 3)
    first, second = await desk.claim(now=NOW)
    assert (first.media_id, first.wamid, first.kind, first.declared_sha256) == ("m2", "wamid.B", "audio", b"\x01" * 32)
    assert (first.received_at, first.deadline) == (NOW - 100, NOW - 100 + 7 * 86_400)
    assert (second.media_id, second.received_at) == ("m1", NOW)
    assert first.webhook_id is second.webhook_id is None  # no body brought them


async def test_a_time_in_the_future_is_no_time(desk: Any) -> None:
    await add(desk, ImportRow("m1", NUMBER, received_at=NOW + 5000))
    (claim,) = await desk.claim(now=NOW)

    assert claim.received_at == NOW


async def test_many_rows_are_several_transactions(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "_AT_ONCE", 10)

    assert await add(desk, *(ImportRow(f"m{n}", NUMBER) for n in range(35)), ImportRow("m0", NUMBER)) == (35, 1)
    assert len(await desk.claim(now=NOW)) == 35


async def test_an_unknown_number_stops_everything_before_it_begins(desk: Any) -> None:
    await desk.ledger.provisioning.add_workspace("second", now=1.0)
    with pytest.raises(NotFound, match="100000000000009"):
        await add(desk, ImportRow("m1", NUMBER), ImportRow("m2", "100000000000009"))
    with pytest.raises(NotFound):
        await desk.ledger.imports.add([ImportRow("m1", NUMBER)], workspace="second", now=NOW)
    assert await desk.all_files() == []


async def test_a_webhook_that_comes_after_the_import_brings_the_message_and_no_second_file(
    desk: Any, webhooks: Any, endings: Callable[[str], Ending]
) -> None:
    await add(desk, ImportRow("m1", NUMBER, "wamid.A"))
    (claim,) = await desk.claim(now=NOW)
    receipt = await desk.receive(webhooks.body(webhooks.file("wamid.A", "m1")), now=NOW)
    await desk.settle(claim, endings("attached"))

    assert (receipt.messages, receipt.media) == (1, 0)
    found = await desk.message("wamid.A")
    assert [(file.media_id, file.state, file.message_id) for file in found.media] == [("m1", "attached", found.id)]
    assert await desk.told() == [("message.received", "wamid.A"), ("media.attached", "m1")]
    assert [event.seq for event in await desk.events()] == [1, 2]


async def test_an_import_of_what_a_webhook_brought_changes_nothing(desk: Any, webhooks: Any) -> None:
    await desk.receive(webhooks.body(webhooks.file("wamid.A", "m1")), now=NOW)

    assert await add(desk, ImportRow("m1", NUMBER, "wamid.A"), ImportRow("m1", NUMBER)) == (0, 2)


async def test_an_import_fills_the_gap_of_a_message_that_came_without_its_file(desk: Any, webhooks: Any) -> None:
    await desk.receive(webhooks.body(webhooks.file("wamid.A", None)), now=NOW)
    assert await add(desk, ImportRow("m1", NUMBER, "wamid.A")) == (1, 0)

    assert await desk.files("wamid.A") == {"m1": "waiting"}


async def test_an_edit_of_an_imported_message_finds_its_place(desk: Any, webhooks: Any) -> None:
    await add(desk, ImportRow("m1", NUMBER, "wamid.A"))
    await desk.receive(webhooks.body(webhooks.edit("wamid.E", "wamid.A", "m2")), now=NOW)
    held, edit = await desk.message("wamid.A"), await desk.message("wamid.E")

    assert held.conversation_id == edit.conversation_id
    assert [file.media_id for file in held.media] == ["m1", "m2"]


async def test_files_of_imports_without_a_message_are_told_without_a_conversation(
    desk: Any, endings: Callable[[str], Ending]
) -> None:
    await add(desk, ImportRow("m1", NUMBER))
    (claim,) = await desk.claim(now=NOW)
    await desk.settle(claim, endings("failed"))
    (event,) = await desk.events()

    assert (event.kind, event.conversation_id, event.seq) == ("media.failed", None, None)
    assert event.media is not None
    assert event.media.wamid == ""
