"""The journal: a body and all that it says in one transaction, once, whoever else changes things meanwhile."""

import asyncio
from typing import Any

import asyncpg
import msgspec
import pytest

from penstock.core.errors import StoreUnavailable
from penstock.core.reading import read
from penstock.core.updates import Direction, MediaRef, Message, Party, Reading
from penstock.ledger.book import Ledger
from penstock.ledger.rows import Receipt

NUMBER = "100000000000002"
OTHER = "100000000000003"


def receipt_of(receipt: Receipt) -> tuple[int, int, int, int, int]:
    return receipt.messages, receipt.media, receipt.statuses, receipt.duplicates, receipt.strays


# -- one transaction ------------------------------------------------------------------------------


async def test_a_body_brings_messages_files_statuses_strays_and_events_at_once(desk: Any, webhooks: Any) -> None:
    receipt = await desk.receive(
        webhooks.batch(
            webhooks.change(
                webhooks.text("wamid.A"), webhooks.file("wamid.B", "m1"), statuses=[webhooks.status("wamid.Z")]
            ),
            webhooks.change(webhooks.text("wamid.C"), number=OTHER),
        )
    )

    assert receipt_of(receipt) == (2, 1, 1, 0, 1)
    assert await desk.told() == [("message.received", "wamid.A"), ("message.received", "wamid.B")]
    assert await desk.files("wamid.B") == {"m1": "waiting"}
    assert [(stray.phone_number_id, stray.app, stray.bodies) for stray in await desk.ledger.journal.strays()] == [
        (OTHER, "main", 1)
    ]
    (body,) = await desk.ledger.journal.bodies()
    assert body.id == receipt.webhook_id


async def test_nothing_of_a_body_is_stored_when_one_thing_cannot_be(desk: Any, webhooks: Any) -> None:
    body = webhooks.body(webhooks.text("wamid.A"))
    good = read(body).updates
    unheard_of = MediaRef(media_id="m1", kind="image", size=1 << 80)
    bad = Message(NUMBER, "wamid.B", Direction.INBOUND, "image", 1.0, Party(phone="1"), "1", None, b"{}", (unheard_of,))
    snapshot = await desk.ledger.provisioning.snapshot()
    routes = {route.phone_number_id: route for route in snapshot.routes}

    async def receive(reading: Reading) -> Receipt | None:
        found: Receipt | None = await desk.ledger.journal.receive(
            app_id=1, body=body, signature="", reading=reading, routes=routes, version=snapshot.version, now=5.0
        )
        return found

    results = await asyncio.gather(
        receive(Reading((*good, bad), frozenset({NUMBER}))),
        receive(Reading((msgspec.structs.replace(good[0], wamid="wamid.C"),), frozenset({NUMBER}))),
        return_exceptions=True,
    )

    assert isinstance(results[0], OverflowError | asyncpg.DataError)
    assert isinstance(results[1], Receipt)  # the one that came at the same time is not touched by it
    assert await desk.told() == [("message.received", "wamid.C")]
    assert len(await desk.ledger.journal.bodies()) == 1


async def test_a_closed_store_takes_nothing_and_says_so(desk: Any, webhooks: Any) -> None:
    snapshot = await desk.ledger.provisioning.snapshot()
    await desk.ledger.stop()
    with pytest.raises(StoreUnavailable):
        await desk.ledger.journal.receive(
            app_id=1,
            body=b"",
            signature="",
            reading=Reading((), frozenset()),
            routes={},
            version=snapshot.version,
            now=1.0,
        )


async def test_a_body_that_nobody_can_read_is_kept_and_counted(desk: Any) -> None:
    receipt = await desk.receive(b"\xff\xfe this is no JSON")

    assert receipt_of(receipt) == (0, 0, 0, 0, 0)
    assert await desk.ledger.journal.unread_count() == 1
    (body,) = await desk.ledger.journal.unread()
    assert body.body == b"\xff\xfe this is no JSON"


# -- once ------------------------------------------------------------------------------------------


async def test_the_same_body_again_changes_nothing(desk: Any, webhooks: Any) -> None:
    body = webhooks.body(
        webhooks.text("wamid.A"), webhooks.file("wamid.B", "m1"), statuses=[webhooks.status("wamid.Z")]
    )
    await desk.receive(body)
    again = await desk.receive(body)

    assert receipt_of(again) == (0, 0, 0, 3, 0)
    assert len(await desk.events()) == 2
    assert len(await desk.ledger.journal.bodies()) == 2  # both are journaled


async def test_the_same_body_many_times_at_once_brings_each_thing_once(desk: Any, webhooks: Any) -> None:
    body = webhooks.body(webhooks.file("wamid.A", "m1"), webhooks.file("wamid.B", "m2"))
    first = await asyncio.gather(*(desk.receive(body) for _ in range(20)))
    second = await asyncio.gather(*(desk.receive(body) for _ in range(20)))

    assert sum(receipt.messages for receipt in first + second) == 2
    assert sum(receipt.media for receipt in first + second) == 2
    assert await desk.told() == [("message.received", "wamid.A"), ("message.received", "wamid.B")]
    assert len(await desk.all_files()) == 2


async def test_the_same_message_id_at_two_numbers_is_two_messages(desk: Any, webhooks: Any) -> None:
    await desk.ledger.provisioning.add_number(OTHER, workspace="acme", app="main", credential="token-a", now=1.0)
    first = await desk.receive(webhooks.body(webhooks.file("wamid.A", "m1")))
    second = await desk.receive(webhooks.body(webhooks.file("wamid.A", "m1"), number=OTHER))

    assert (first.messages, second.messages) == (1, 1)
    assert len(await desk.all_files()) == 2


async def test_a_thousand_updates_in_one_body(desk: Any, webhooks: Any) -> None:
    messages = [webhooks.file(f"wamid.{n}", f"m{n}", sender=f"1555000{n % 50:04}") for n in range(1000)]
    body = webhooks.batch(*(webhooks.change(*messages[start : start + 100]) for start in range(0, 1000, 100)))

    assert receipt_of(await desk.receive(body)) == (1000, 1000, 0, 0, 0)
    assert receipt_of(await desk.receive(body)) == (0, 0, 0, 1000, 0)


# -- the provisioning may change at any moment -----------------------------------------------------------


async def test_a_body_that_was_read_for_an_older_provisioning_is_not_stored(desk: Any, webhooks: Any) -> None:
    body = webhooks.body(webhooks.text("wamid.A"), number=OTHER)
    before = await desk.ledger.provisioning.snapshot()
    await desk.ledger.provisioning.add_number(OTHER, workspace="acme", app="main", credential="token-a", now=1.0)
    facts: dict[str, Any] = {"app_id": 1, "body": body, "signature": "", "reading": read(body), "now": 5.0}

    assert await desk.ledger.journal.receive(**facts, routes={}, version=before.version) is None
    assert await desk.ledger.journal.bodies() == []
    assert await desk.ledger.journal.strays() == []


async def test_of_bodies_that_come_together_only_the_outdated_are_sent_back(desk: Any, webhooks: Any) -> None:
    snapshot = await desk.ledger.provisioning.snapshot()
    routes = {route.phone_number_id: route for route in snapshot.routes}
    await desk.ledger.provisioning.add_number(OTHER, workspace="acme", app="main", credential="token-a", now=1.0)

    async def receive(n: int) -> Receipt | None:
        body = webhooks.body(webhooks.text(f"wamid.{n}"), number=OTHER if n % 3 == 0 else NUMBER)
        found: Receipt | None = await desk.ledger.journal.receive(
            app_id=1, body=body, signature="", reading=read(body), routes=routes, version=snapshot.version, now=5.0
        )
        return found

    results = await asyncio.gather(*(receive(n) for n in range(10)))

    assert [result is None for result in results] == [n % 3 == 0 for n in range(10)]
    assert len(await desk.events()) == 6
    assert await desk.ledger.journal.strays() == []


# -- reading again ---------------------------------------------------------------------------------------


async def test_quarantine_is_read_when_the_number_is_there(desk: Any, webhooks: Any) -> None:
    journal = desk.ledger.journal
    await desk.receive(webhooks.body(webhooks.file("wamid.A", "m1"), number=OTHER), now=1_795_000_100.0)
    assert await journal.stray_bodies(OTHER) == []  # nobody's yet
    await desk.ledger.provisioning.add_number(OTHER, workspace="acme", app="main", credential="token-a", now=1.0)

    assert await journal.readable_strays() == [OTHER]
    (body,) = await journal.stray_bodies(OTHER)
    receipt = await journal.reread(body=body, reading=read(body.body), now=1_795_000_500.0)

    assert receipt_of(receipt) == (1, 1, 0, 0, 0)
    assert await journal.strays() == []
    (file,) = (await desk.message("wamid.A")).media
    assert (file.received_at, file.deadline) == (1_795_000_100.0, 1_795_000_000.0 + 7 * 86_400)
    assert file.due_at == 1_795_000_500.0


async def test_quarantine_of_another_app_stays_where_it_is(desk: Any, webhooks: Any) -> None:
    provisioning = desk.ledger.provisioning
    await desk.receive(webhooks.body(webhooks.file("wamid.A", "m1"), number=OTHER))
    await provisioning.add_app("second", secret="s", verify_token="v", now=1.0)
    await provisioning.add_number(OTHER, workspace="acme", app="second", credential="token-a", now=1.0)

    assert await desk.ledger.journal.readable_strays() == []
    assert await desk.ledger.journal.stray_bodies(OTHER) == []
    assert len(await desk.ledger.journal.strays()) == 1


async def test_reading_again_adds_only_what_was_missed(desk: Any, webhooks: Any) -> None:
    body = webhooks.body(webhooks.file("wamid.A", "m1"))
    await desk.receive(body)
    (journaled,) = await desk.ledger.journal.bodies()
    better = read(webhooks.body(webhooks.file("wamid.A", "m1"), webhooks.file("wamid.B", "m2")))
    receipt = await desk.ledger.journal.reread(body=journaled, reading=better, now=5.0)

    assert receipt_of(receipt) == (1, 1, 0, 1, 0)
    assert await desk.told() == [("message.received", "wamid.A"), ("message.received", "wamid.B")]


async def test_a_better_reading_clears_the_problem_and_a_worse_one_keeps_it(desk: Any, webhooks: Any) -> None:
    await desk.receive(b"not JSON")
    (body,) = await desk.ledger.journal.unread()
    await desk.ledger.journal.reread(body=body, reading=Reading((), frozenset(), ("still not",)), now=5.0)
    assert await desk.ledger.journal.unread_count() == 1
    await desk.ledger.journal.reread(body=body, reading=read(webhooks.body(webhooks.text("wamid.A"))), now=5.0)
    assert await desk.ledger.journal.unread_count() == 0


async def test_a_body_read_for_one_workspace_stays_there_when_the_number_moves(desk: Any, webhooks: Any) -> None:
    ledger: Ledger = desk.ledger
    await ledger.provisioning.add_workspace("rival", now=1.0)
    await desk.receive(webhooks.body(webhooks.text("wamid.A")) + b"spoiled")
    assert await ledger.journal.unread_count() == 1
    await ledger.provisioning.remove_number(NUMBER, now=2.0)
    await ledger.provisioning.add_number(NUMBER, workspace="rival", app="main", credential="token-a", now=3.0)

    (body,) = await ledger.journal.unread()
    better = read(webhooks.body(webhooks.text("wamid.A"), webhooks.file("wamid.B", "m1")))
    await ledger.journal.reread(body=body, reading=better, now=5.0)

    assert (await desk.message("wamid.B")).workspace == "acme"
    assert await desk.all_files(workspace="rival") == []


async def test_large_bodies_come_in_small_pages(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.ledger.journal._PAGE_BYTES", 1000)
    for size in (10, 2000, 400, 500, 5000):
        await desk.receive(b"x" * size)
    pages = []
    after = 0
    while page := await desk.ledger.journal.bodies(after=after):
        pages.append([len(body.body) for body in page])
        after = page[-1].id

    assert pages == [[10], [2000], [400, 500], [5000]]


async def test_the_audit_reads_up_to_a_place(desk: Any, webhooks: Any) -> None:
    receipts = [await desk.receive(webhooks.body(webhooks.text(f"wamid.{n}"))) for n in range(5)]
    await desk.receive(webhooks.body(webhooks.text("wamid.X"), number=OTHER))
    last = receipts[2].webhook_id
    entries = await desk.ledger.journal.entries(after=receipts[0].webhook_id, until=last)

    assert [(entry.webhook_id, entry.number_ids) for entry in entries] == [(last - 1, (1,)), (last, (1,))]
    assert await desk.ledger.journal.entries(after=last, until=last) == []
    (stray,) = await desk.ledger.journal.entries(after=receipts[4].webhook_id, until=1000)
    assert stray.number_ids == ()
