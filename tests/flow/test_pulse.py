"""What came to the door is counted, and whoever sends junk makes no rows."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from penstock.core.doors import Doors
from penstock.core.errors import Unreachable
from penstock.core.silence import ANY
from penstock.flow.pulse import Pulse
from penstock.flow.receiver import Receiver, Refused, Taken
from penstock.flow.registry import Registry
from penstock.ledger.book import Ledger

Sign = Callable[..., bytes]


@pytest.fixture
async def registry(provisioned: Ledger) -> Registry:
    found = Registry(provisioned)
    await found.refresh()
    return found


@pytest.fixture
def pulse(provisioned: Ledger, registry: Registry) -> Pulse:
    return Pulse(provisioned, registry, every_s=0.01)


@pytest.fixture
def receiver(provisioned: Ledger, registry: Registry, pulse: Pulse) -> Receiver:
    return Receiver(provisioned, registry, pulse=pulse)


async def doors(ledger: Ledger) -> list[tuple[str, int, int, int]]:
    return [
        (door.app, door.taken, door.refused, door.ours) for door in await ledger.vitals.doors(now=await ledger.now())
    ]


async def test_what_is_taken_is_counted_by_number_and_by_app(
    provisioned: Ledger, receiver: Receiver, pulse: Pulse, webhooks: Any, signed: Sign
) -> None:
    before = await provisioned.now()
    for nth in range(3):
        body = webhooks.body(webhooks.text(f"wamid.{nth}"))
        assert isinstance(await receiver.take(body, signed(body)), Taken)
    stranger = webhooks.body(webhooks.text("wamid.s"), number="999")
    assert isinstance(await receiver.take(stranger, signed(stranger)), Taken)
    await pulse.flush()
    await pulse.flush()

    assert await doors(provisioned) == [("main", 4, 0, 0)]
    number = (await provisioned.provisioning.snapshot()).routes[0].number_id
    last = await provisioned.vitals.last_arrivals(now=await provisioned.now())
    assert last.keys() == {ANY, number}
    assert last[ANY] >= last[number] >= before - 1


async def test_refused_bodies_are_counted_and_told_apart_by_whose_numbers_they_name(
    provisioned: Ledger, receiver: Receiver, pulse: Pulse, webhooks: Any, signed: Sign
) -> None:
    ours = webhooks.body(webhooks.text("wamid.1"))
    theirs = webhooks.body(webhooks.text("wamid.1"), number="999")
    for body, header, app in (
        (ours, signed(ours, "another secret"), None),
        (ours, signed(ours, "another secret"), "main"),
        (theirs, b"sha256=00", None),
        (b"junk", b"nonsense", "main"),
        (b"junk", b"nonsense", "nobody"),
        (ours, None, None),  # Meta signs everything
    ):
        assert isinstance(await receiver.take(body, header, app), Refused)
    await pulse.flush()

    assert await doors(provisioned) == [("", 0, 2, 0), ("main", 0, 3, 2)]


async def test_a_flood_is_one_row_a_minute(provisioned: Ledger, pulse: Pulse) -> None:
    for nth in range(10_000):
        pulse.refused(b"junk", b"sha256=00", f"app-{nth}", 1_795_000_000.0 + nth / 1_000)
    await pulse.flush()
    found = await provisioned.vitals.doors(now=1_795_000_010.0)
    assert found == [Doors("", 0, 10_000, 0, 1_794_999_960.0)]


async def test_what_could_not_be_added_is_added_the_next_time(
    provisioned: Ledger, registry: Registry, webhooks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulse = Pulse(provisioned, registry)
    now = await provisioned.now()
    pulse.took(1, ["100000000000002"], now)
    pulse.refused(b"junk", b"sha256=00", None, now)

    async def away(*_: object) -> None:
        pulse.took(1, [], now + 1)  # while it tries
        raise Unreachable("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(provisioned.vitals, "came", away)
        with pytest.raises(Unreachable):
            await pulse.flush()
    await pulse.flush()
    assert await doors(provisioned) == [("", 0, 1, 0), ("main", 2, 0, 0)]


async def test_it_adds_by_itself_and_what_is_left_when_it_stops(provisioned: Ledger, pulse: Pulse) -> None:
    now = await provisioned.now()
    await pulse.start()
    pulse.took(1, [], now)
    async with asyncio.timeout(30):
        while not await doors(provisioned):
            await asyncio.sleep(0.01)
    pulse.took(1, [], now)
    await pulse.stop()
    assert await doors(provisioned) == [("main", 2, 0, 0)]
