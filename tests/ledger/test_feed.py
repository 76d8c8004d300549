"""The feed: in the order of commits, rows as they are now, each workspace its own."""

import asyncio
from collections.abc import Callable
from typing import Any

from penstock.core.work import Ending

NOW = 1_795_000_100.0
OTHER = "100000000000003"


async def test_events_are_read_from_a_position_on(desk: Any, webhooks: Any) -> None:
    assert await desk.ledger.feed.last() == 0
    for n in range(5):
        await desk.receive(webhooks.body(webhooks.text(f"wamid.{n}")))
    feed = desk.ledger.feed
    first = await feed.after(0, workspace_id=None, limit=3)
    rest = await feed.after(first[-1].position, workspace_id=None, limit=3)

    assert [event.message.wamid for event in (*first, *rest)] == [f"wamid.{n}" for n in range(5)]
    assert await feed.last() == rest[-1].position
    assert await feed.after(rest[-1].position, workspace_id=None) == []


async def test_an_event_shows_its_rows_as_they_are_now(
    desk: Any, webhooks: Any, endings: Callable[[str], Ending]
) -> None:
    await desk.receive(webhooks.body(webhooks.file("wamid.A", "m1")), now=NOW)
    (claim,) = await desk.claim(now=NOW)
    await desk.settle(claim, endings("attached"), now=NOW + 2)
    message, media = await desk.events()

    assert (message.kind, message.seq, message.media) == ("message.received", 1, None)
    assert [file.state for file in message.message.media] == ["attached"]
    assert (media.kind, media.seq, media.at, media.message) == ("media.attached", 2, NOW + 2, None)
    assert (media.media.state, media.conversation_id) == ("attached", message.conversation_id)


async def test_a_workspace_sees_its_own_events_only(desk: Any, webhooks: Any) -> None:
    workspace = await desk.ledger.provisioning.add_workspace("second", now=1.0)
    await desk.ledger.provisioning.add_number(OTHER, workspace="second", app="main", credential="token-a", now=1.0)
    for n in range(6):
        await desk.receive(
            webhooks.body(webhooks.text(f"wamid.{n}"), number=OTHER if n % 3 == 0 else "100000000000002")
        )
    theirs = await desk.ledger.feed.after(0, workspace_id=workspace["id"])

    assert [event.message.wamid for event in theirs] == ["wamid.0", "wamid.3"]
    assert {event.workspace for event in theirs} == {"second"}


async def test_no_position_is_skipped_by_a_reader_that_follows(desk: Any, webhooks: Any) -> None:
    seen: list[str] = []

    async def follow() -> None:
        position = 0
        while len(seen) < 120:
            for event in await desk.ledger.feed.after(position, workspace_id=None, limit=7):
                position = event.position
                seen.append(event.message.wamid)
            await asyncio.sleep(0)

    async def send(part: int) -> None:
        for n in range(30):
            await desk.receive(webhooks.body(webhooks.text(f"wamid.{part}.{n}", sender=f"1555{part}{n % 3}")))

    async with asyncio.timeout(60):
        await asyncio.gather(follow(), *(send(part) for part in range(4)))
    assert len(seen) == len(set(seen)) == 120


async def test_a_held_file_is_shown_as_held(desk: Any, webhooks: Any) -> None:
    await desk.receive(webhooks.body(webhooks.file("wamid.A", "m1")), now=NOW)
    await desk.ledger.gates.shut({}, owner="operator", by="me", why="a test", now=NOW)
    (event,) = await desk.events()

    assert event.message is not None
    assert [(file.state, file.held) for file in event.message.media] == [("waiting", True)]
