"""What is ended leaves a row that says nothing; what is still to come ends only when somebody is erased."""

from typing import Any

from penstock.core import tombstone
from penstock.core.work import Attached
from penstock.ledger import burying


async def ran(desk: Any, part: Any, *values: Any) -> Any:
    """A part of a script as a transaction of its own."""
    now = await desk.ledger.now()
    return await desk.ledger._db.write(lambda: part(desk.ledger._sql, *values, now=now))


async def test_an_erased_message_says_nothing_any_more(desk: Any, webhooks: Any, store: Any) -> None:
    await desk.receive(webhooks.body(webhooks.file("wamid.A", "m1", sender="15550001234")))
    (row,) = (await store.rows("SELECT id FROM messages"))[0]
    buried = await ran(desk, burying.erase_messages, [row])

    assert (buried.messages, buried.files, buried.left) == (1, 1, 0)
    (message,) = await store.rows("SELECT kind, conversation_id, sender, text, sent_at, wamid FROM messages")
    assert message == ("erased", 0, None, None, 0, tombstone.name("wamid.A"))
    (file,) = await store.rows("SELECT stage, media_id, filename, sha256 FROM media")
    assert file == ("erased", tombstone.name("m1"), None, None)
    assert await store.rows("SELECT 1 FROM fetches") == []
    assert await store.rows("SELECT 1 FROM conversations") == []
    assert await ran(desk, burying.erase_messages, [row]) == burying.Buried()


async def test_a_fetcher_that_has_the_file_records_nothing_and_its_bytes_go_later(
    desk: Any, webhooks: Any, store: Any, attached: Attached
) -> None:
    await desk.receive(webhooks.body(webhooks.file("wamid.A", "m1"), webhooks.file("wamid.B", "m2")))
    now = await desk.ledger.now()
    claim, _ = await desk.claim(2, now=now, lease_s=60.0)
    assert await desk.settle(claim, attached)
    await ran(desk, burying.erase_messages, [1, 2])
    due = dict(await store.rows("SELECT media_row, due_at FROM doomed"))

    assert due[claim.id] < now + 30 < now + 60 + burying.LET_GO_S <= due[3 - claim.id]


async def test_what_waits_for_a_file_is_not_thrown_away(desk: Any, webhooks: Any, store: Any) -> None:
    await desk.receive(
        webhooks.body(webhooks.file("wamid.A", "m1"), webhooks.text("wamid.B"), webhooks.text("wamid.C"))
    )
    buried = await ran(desk, burying.throw_messages, [1, 2, 3])

    assert (buried.messages, buried.left) == (2, 1)
    # B left no row; C was the newest one, and its id must not be given out again
    assert await store.rows("SELECT id, kind FROM messages ORDER BY id") == [(1, "image"), (3, "erased")]
    assert await desk.files("wamid.A") == {"m1": "waiting"}


async def test_only_files_that_have_ended_are_thrown_away(
    desk: Any, webhooks: Any, store: Any, attached: Attached
) -> None:
    await desk.receive(webhooks.body(webhooks.file("wamid.A", "m1"), webhooks.file("wamid.B", "m2")))
    (claim,) = await desk.claim(1)
    await desk.settle(claim, attached)

    assert await ran(desk, burying.throw_files, [1, 2]) == 1
    assert await store.rows("SELECT media_row FROM doomed") == [(claim.id,)]
    assert sorted(file.state for file in await desk.all_files()) == ["erased", "waiting"]


async def test_a_conversation_shows_what_is_left_of_it(desk: Any, webhooks: Any) -> None:
    await desk.receive(webhooks.body(webhooks.text("wamid.A", "first", timestamp="1795000000")))
    await desk.receive(webhooks.body(webhooks.text("wamid.B", "second", timestamp="1795000005")))
    await ran(desk, burying.erase_messages, [2])
    (left,) = (await desk.ledger.shelf.conversations(workspace_id=None)).items

    assert (left.last_text, left.last_at) == ("first", 1795000000.0)
