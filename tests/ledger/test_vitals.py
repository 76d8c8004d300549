"""What failures do not show, counted from the rows, on both stores."""

import asyncio
from typing import Any

from penstock.core.ages import Lot
from penstock.core.burn import KEPT_MINUTES, Count
from penstock.core.doors import Doors
from penstock.core.silence import ANY, KEPT_HOURS, bit
from penstock.core.work import Outcome, RetryLater
from penstock.ledger.book import Ledger
from penstock.ledger.imports import ImportRow
from penstock.ledger.runs import Asked
from penstock.ledger.vitals import HEAD, Arrivals, Door

NUMBER = "100000000000002"
NOW = 1_795_000_100.0
HOUR, MINUTE = int(NOW // 3_600), int(NOW // 60)


async def number_id(ledger: Ledger) -> int:
    return (await ledger.provisioning.snapshot()).routes[0].number_id


async def lots(desk: Any, now: float = NOW) -> list[Lot]:
    found, complete = await desk.ledger.vitals.head(now=now)
    assert complete
    assert sorted(await desk.ledger.vitals.every_lot(now=now), key=str) == sorted(found, key=str)
    return list(found)


# -- the door ----------------------------------------------------------------------------------------------


async def test_what_receivers_count_adds_up(desk: Any) -> None:
    vitals, number = desk.ledger.vitals, await number_id(desk.ledger)
    for at in (NOW, NOW + 60, NOW + 61):
        rows = [Arrivals(each, HOUR, bit(at), 2, at) for each in (ANY, number)]
        await vitals.came(rows, [Door(MINUTE, 1, 3, 1, 1), Door(MINUTE, 0, 0, 5, 0)])
    await vitals.came([Arrivals(number, HOUR, bit(NOW), 1, NOW - 9)], [])  # of another process, a moment older

    assert await vitals.arrived([HOUR, HOUR - 168]) == {
        ANY: {HOUR: bit(NOW) | bit(NOW + 60)},
        number: {HOUR: bit(NOW) | bit(NOW + 60)},
    }
    assert await vitals.last_arrivals(now=NOW + 61) == {ANY: NOW + 61, number: NOW + 61}
    assert await vitals.doors(now=NOW + 61) == [
        Doors("", 0, 15, 0, MINUTE * 60.0),
        Doors("main", 9, 3, 3, MINUTE * 60.0),
    ]
    assert await vitals.doors(now=NOW + 1_000) == []


async def test_two_receivers_at_once_lose_nothing(desk: Any) -> None:
    vitals = desk.ledger.vitals
    rows = [Arrivals(ANY, HOUR, bit(NOW), 1, NOW)]
    await asyncio.gather(*[vitals.came(rows, [Door(MINUTE, 1, 1, 0, 0)]) for _ in range(20)])
    assert await vitals.doors(now=NOW) == [Doors("main", 20, 0, 0, 0.0)]


async def test_numbers_that_were_removed_have_no_arrivals_and_old_hours_are_forgotten(desk: Any) -> None:
    vitals, number = desk.ledger.vitals, await number_id(desk.ledger)
    assert await vitals.first_hour() is None
    old = HOUR - KEPT_HOURS - 1
    await vitals.came(
        [Arrivals(ANY, old, 1, 1, 0.0), Arrivals(number, HOUR, 1, 1, NOW)], [Door(MINUTE - 2_000, 1, 1, 0, 0)]
    )
    assert await vitals.first_hour() == old
    await vitals.forget(now=NOW)
    assert await vitals.first_hour() == HOUR
    assert await vitals.last_arrivals(now=NOW) == {number: NOW}
    await desk.ledger.provisioning.remove_number(NUMBER, now=NOW)
    assert await vitals.last_arrivals(now=NOW) == {}


async def test_unknown_numbers_are_named_once_however_much_comes_for_them(desk: Any, webhooks: Any) -> None:
    assert await desk.ledger.vitals.strays() == []
    for nth, number in enumerate(("222", "111", "222", "333", "222")):
        await desk.receive(webhooks.body(webhooks.text(f"wamid.{nth}"), number=number), now=NOW + nth)

    found = await desk.ledger.vitals.strays()
    assert [tuple(each) for each in found] == [
        ("111", NOW + 1, NOW + 1),
        ("222", NOW, NOW + 4),
        ("333", NOW + 3, NOW + 3),
    ]


async def test_unread_bodies_are_counted_from_the_newest(desk: Any, webhooks: Any) -> None:
    assert await desk.ledger.vitals.unread() == (0, None)
    await desk.receive(webhooks.body(webhooks.text("wamid.1")), now=NOW)
    for nth in range(2):
        await desk.receive(b'{"object": "whatsapp_business_account", "entry": 7}', now=NOW + nth)
    assert await desk.ledger.vitals.unread() == (2, NOW + 1)


# -- what waits --------------------------------------------------------------------------------------------


async def test_what_waits_is_told_by_lane_age_and_deadline(desk: Any, webhooks: Any) -> None:
    assert await lots(desk) == []
    await desk.receive(webhooks.body(webhooks.file("wamid.1", "m1"), webhooks.file("wamid.2", "m2")), now=NOW - 200)
    (claim, _) = await desk.claim(now=NOW - 150)
    await desk.settle(
        claim, RetryLater(due_at=NOW + 100, outcome=Outcome.UPSTREAM, reason="Meta answered 503."), now=NOW
    )
    await desk.receive(webhooks.body(webhooks.file("wamid.3", "m3", "video")), now=NOW - 10)

    image, video = sorted(await lots(desk), key=lambda lot: lot.kind)
    assert (image.workspace, image.app, image.credential, image.number) == ("acme", "main", "token-a", NUMBER)
    assert (image.files, image.late, image.late_tried) == (2, 0, 2)  # one was tried, one is in somebody's hands
    assert (image.oldest_at, image.oldest_tried_at) == (None, NOW - 200)
    assert (video.files, video.late, video.late_tried, video.oldest_at) == (1, 0, 0, NOW - 10)
    assert (image.soon, image.very_soon, image.backlog, image.no_storage, image.held_by) == (0, 0, False, False, "")
    near = {lot.kind: lot for lot in await lots(desk, image.first_at - 21_600)}
    assert (near["image"].soon, near["image"].very_soon) == (2, 2)
    assert near["video"].soon == 1


async def test_what_was_imported_or_put_back_to_work_is_backlog(desk: Any, webhooks: Any, endings: Any) -> None:
    now = await desk.ledger.now()
    row = ImportRow(media_id="old", phone_number_id=NUMBER, received_at=now - 3e5)
    await desk.ledger.imports.add([row], workspace="acme", now=now)
    await desk.receive(webhooks.body(webhooks.file("wamid.1", "m1", "audio", timestamp=str(int(now)))), now=now)
    for claim in await desk.claim(now=now):
        ending = endings("failed") if claim.media_id == "m1" else RetryLater(now + 900, Outcome.GONE, "Not there.")
        await desk.settle(claim, ending, now=now)
    run = await desk.ledger.reprocess.start(Asked(kind="audio"), rate=None, who="cli:anna", why="again")
    async with asyncio.timeout(30):
        while len(found := await lots(desk, now)) < 2:
            await desk.ledger.reprocess.work(run.id, now=now)

    assert sorted((lot.kind, lot.backlog) for lot in found) == [("audio", True), ("document", True)]


async def test_what_stands_behind_a_gate_is_named_by_the_owner_of_the_gate(desk: Any, webhooks: Any) -> None:
    await desk.receive(webhooks.body(webhooks.file("wamid.1", "m1"), webhooks.file("wamid.2", "m2", "video")), now=NOW)
    await desk.ledger.gates.shut({"kind": "video"}, owner="operator", by="cli:anna", why="a test", now=NOW)
    assert {lot.kind: lot.held_by for lot in await lots(desk)} == {"image": "", "video": "operator"}


async def test_files_on_no_storage_numbers_are_near_their_end_later(desk: Any, webhooks: Any) -> None:
    await desk.ledger.provisioning.set_number(NUMBER, no_storage=True, now=NOW)
    now = await desk.ledger.now()
    await desk.receive(webhooks.body(webhooks.file("wamid.1", "m1", timestamp=str(int(now)))), now=now)
    (lot,) = await lots(desk, now)
    assert (lot.no_storage, lot.soon, lot.very_soon) == (True, 0, 0)
    assert lot.first_at - now <= 3_600
    (lot,) = await lots(desk, lot.first_at - 1_000)
    assert (lot.soon, lot.very_soon) == (1, 0)
    (lot,) = await lots(desk, lot.first_at - 500)
    assert (lot.soon, lot.very_soon) == (1, 1)


async def test_the_head_is_a_part_when_much_waits(desk: Any, webhooks: Any) -> None:
    for batch in range(3):
        files = [webhooks.file(f"wamid.{batch}.{nth}", f"m{batch}.{nth}") for nth in range(HEAD // 2)]
        await desk.receive(webhooks.body(*files), now=NOW + batch)
    found, complete = await desk.ledger.vitals.head(now=NOW + 10)
    assert not complete
    assert [(lot.files, lot.oldest_at) for lot in found] == [(HEAD, NOW)]
    (lot,) = await desk.ledger.vitals.every_lot(now=NOW + 10)
    assert lot.files == 3 * (HEAD // 2)


async def test_events_without_a_position_are_seen_where_positions_are_given_out(
    desk: Any, webhooks: Any, store: Any
) -> None:
    assert await desk.ledger.vitals.unstamped_since() is None
    await desk.receive(webhooks.body(webhooks.text("wamid.1")), now=NOW)
    await desk.receive(webhooks.body(webhooks.text("wamid.2")), now=NOW + 5)
    since = await desk.ledger.vitals.unstamped_since()
    assert since == (None if store.dialect == "sqlite" else NOW)
    await desk.events()
    assert await desk.ledger.vitals.unstamped_since() is None


# -- burn rates --------------------------------------------------------------------------------------------


async def test_minutes_are_kept_as_they_were_counted_last(ledger: Ledger) -> None:
    vitals = ledger.vitals
    await vitals.set_burnt({"media.download": [(MINUTE, Count(5, 1)), (MINUTE - 1, Count(9, 0))]}, now=NOW)
    await vitals.set_burnt(
        {"media.download": [(MINUTE, Count(8, 2))], "media.look_up": [(MINUTE, Count(1, 1))]}, now=NOW
    )
    assert await vitals.burnt(now=NOW) == {
        "media.download": {MINUTE: Count(8, 2), MINUTE - 1: Count(9, 0)},
        "media.look_up": {MINUTE: Count(1, 1)},
    }
    later = NOW + 60 * (KEPT_MINUTES + 1)
    await vitals.set_burnt({"media.download": [(MINUTE + KEPT_MINUTES + 1, Count(1, 0))]}, now=later)
    assert await vitals.burnt(now=NOW) == {"media.download": {MINUTE + KEPT_MINUTES + 1: Count(1, 0)}}
