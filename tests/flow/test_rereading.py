"""Reading journaled bodies again: what was missed is added, and nothing is left lying."""

import asyncio
from typing import Any

import pytest

from penstock.core.errors import Unreachable
from penstock.core.reading import read
from penstock.core.updates import Reading
from penstock.flow import rereading
from penstock.flow.receiver import Receiver, Taken
from penstock.flow.registry import Registry
from penstock.flow.rereading import StrayReader, read_strays, read_unread
from penstock.ledger.book import Ledger

NUMBER, OTHER = "100000000000002", "100000000000003"


@pytest.fixture
async def registry(provisioned: Ledger) -> Registry:
    found = Registry(provisioned)
    await found.refresh()
    return found


async def take(ledger: Ledger, registry: Registry, body: bytes, signed: Any) -> None:
    assert isinstance(await Receiver(ledger, registry).take(body, signed(body)), Taken)


async def add(ledger: Ledger, number: str = OTHER) -> None:
    await ledger.provisioning.add_number(number, workspace="acme", app="main", credential="token-a", now=1.0)


async def test_quarantine_is_read_in_pages_and_once(
    provisioned: Ledger, registry: Registry, webhooks: Any, signed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rereading, "_PAGE", 2)
    for n in range(5):
        await take(provisioned, registry, webhooks.body(webhooks.file(f"wamid.{n}", f"m{n}"), number=OTHER), signed)
    assert (await read_strays(provisioned, registry, OTHER)).bodies == 0
    await add(provisioned)
    first = await read_strays(provisioned, registry, OTHER)
    second = await read_strays(provisioned, registry, OTHER)

    assert (first.bodies, first.messages, first.media, first.still_unread) == (5, 5, 5, 0)
    assert second.bodies == 0
    assert registry.route(OTHER) is not None


async def test_a_body_for_two_unknown_numbers_is_read_for_each_when_it_comes(
    provisioned: Ledger, registry: Registry, webhooks: Any, signed: Any
) -> None:
    third = "100000000000004"
    body = webhooks.batch(
        webhooks.change(webhooks.file("wamid.A", "m1"), number=OTHER),
        webhooks.change(webhooks.file("wamid.B", "m2"), number=third),
        webhooks.change(webhooks.file("wamid.C", "m3")),
    )
    await take(provisioned, registry, body, signed)
    await add(provisioned)
    assert (await read_strays(provisioned, registry, OTHER)).messages == 1
    assert [stray.phone_number_id for stray in await provisioned.journal.strays()] == [third]
    await add(provisioned, third)
    assert (await read_strays(provisioned, registry, third)).messages == 1

    (tally,) = await provisioned.counts.tallies()
    assert tally.received == 3
    assert await provisioned.journal.strays() == []


async def test_unread_bodies_are_read_again_by_a_better_reader(
    provisioned: Ledger, registry: Registry, webhooks: Any, signed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        await take(provisioned, registry, b"not JSON %d" % n, signed)
    still = await read_unread(provisioned, registry)
    assert (still.bodies, still.still_unread) == (3, 3)

    def better(body: bytes) -> Reading:
        if body.endswith(b"2"):
            return Reading((), frozenset(), ("still not",))
        return read(webhooks.body(webhooks.file("wamid." + body[-1:].decode(), "m1")))

    told: list[int] = []
    monkeypatch.setattr(rereading, "read", better)
    found = await read_unread(provisioned, registry, progress=told.append)

    assert (found.bodies, found.messages, found.media, found.still_unread) == (3, 2, 2, 1)
    assert told == [1, 2, 3]
    assert await provisioned.journal.unread_count() == 1


async def test_one_body_that_cannot_be_stored_keeps_no_other_from_being_read(
    provisioned: Ledger, registry: Registry, webhooks: Any, signed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        await take(provisioned, registry, b"not JSON %d" % n, signed)

    def spoiled(body: bytes) -> Reading:
        good = read(webhooks.body(webhooks.text("wamid." + body[-1:].decode())))
        return Reading(good.updates, frozenset({7})) if body.endswith(b"1") else good  # type: ignore[arg-type]

    monkeypatch.setattr(rereading, "read", spoiled)
    monkeypatch.setattr(type(provisioned.journal), "_routes_of", routes_or_trouble(type(provisioned.journal)))
    found = await read_unread(provisioned, registry)

    assert (found.bodies, found.messages, found.still_unread) == (3, 2, 1)
    assert await provisioned.journal.unread_count() == 1


def routes_or_trouble(journal: Any) -> Any:
    """As it is, but a number that is no text is a mistake of ours."""
    routes_of = journal._routes_of

    def wrapped(self: Any, body: Any, reading: Reading, before: set[int]) -> Any:
        if 7 in reading.numbers:  # type: ignore[comparison-overlap]
            raise ValueError("a mistake of ours")
        return (yield from routes_of(self, body, reading, before))

    return wrapped


async def test_a_store_that_cannot_be_read_is_told(provisioned: Ledger, registry: Registry) -> None:
    await provisioned.stop()
    with pytest.raises(Unreachable):
        await read_unread(provisioned, registry)
    with pytest.raises(Unreachable):
        await read_strays(provisioned, registry, NUMBER)


async def test_what_an_interrupted_command_left_in_quarantine_is_read_by_the_instance(
    provisioned: Ledger, registry: Registry, webhooks: Any, signed: Any
) -> None:
    await take(provisioned, registry, webhooks.body(webhooks.file("wamid.A", "m1"), number=OTHER), signed)
    await add(provisioned)  # and the command was killed here
    woken: list[int] = []
    reader = StrayReader(provisioned, registry, wake=lambda: woken.append(1), every_s=0.01)
    await reader.start()
    async with asyncio.timeout(60):
        while not woken:
            await asyncio.sleep(0.01)
    await reader.stop()

    assert await provisioned.journal.strays() == []
    (tally,) = await provisioned.counts.tallies()
    assert tally.received == 1


async def test_the_reader_outlives_a_store_that_is_away(provisioned: Ledger, registry: Registry) -> None:
    reader = StrayReader(provisioned, registry, every_s=0.01)
    await provisioned.stop()
    await reader.start()
    await asyncio.sleep(0.05)

    assert reader._task is not None
    assert not reader._task.done()
    await reader.stop()
    await StrayReader(provisioned, registry).stop()
