"""What a trace covers is stored beside the flow, without secrets; what is too much is dropped and counted."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
from tests.core.test_withholding import attempt, claim, exchange, wire

from penstock.controls.traces import keeper as module
from penstock.controls.traces.keeper import TraceKeeper
from penstock.core.reading import read
from penstock.core.trace import Trace
from penstock.core.work import Claim
from penstock.ledger.book import Ledger


async def put_on(ledger: Ledger, scope: dict[str, str] | None = None, *, until_s: float = 60.0, most: int = 100) -> int:
    now = await ledger.now()
    made = Trace(0, scope or {}, "cli:anna", "a look", now, now + until_s, most, 1_000_000)
    return (await ledger.traces.put_on(made, now=now)).id


async def a_claim(ledger: Ledger, webhooks: Any, name: str = "A") -> Claim:
    """A file in somebody's hands."""
    snapshot = await ledger.provisioning.snapshot()
    body = webhooks.body(webhooks.file(f"wamid.{name}", f"m-{name}"))
    await ledger.journal.receive(
        app_id=1,
        body=body,
        signature="sha256=00",
        reading=read(body),
        routes={route.phone_number_id: route for route in snapshot.routes},
        version=snapshot.version,
        now=await ledger.now(),
    )
    (found,) = await ledger.queue.claim(owner="me", limit=1, now=await ledger.now(), lease_s=60.0)
    return found


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(60):
        while not await true():
            await asyncio.sleep(0.02)


def now_exchange(ledger: Ledger, **more: Any) -> Any:
    return msgspec.structs.replace(exchange(**more), at=ledger.clock())


async def test_without_a_trace_nobody_wants_to_know(provisioned: Ledger) -> None:
    keeper = TraceKeeper(provisioned)
    await keeper.start()
    assert keeper.wire(claim(), "media.look_up") is None
    await keeper.stop()


async def test_what_a_trace_covers_is_kept_without_the_secrets_that_are_known(
    provisioned: Ledger, webhooks: Any
) -> None:
    number = await put_on(provisioned, {"workspace": "acme"})
    keeper = TraceKeeper(provisioned, secrets=lambda: (1, ["the-secret-of-the-app"]))
    await keeper.start()
    theirs = msgspec.structs.replace(claim(), workspace="globex")
    assert keeper.wire(theirs, "media.look_up") is None
    mine = await a_claim(provisioned, webhooks)
    assert keeper.wire(mine, "media.look_up") is not None
    heard = wire(status=400, body=b"it was signed with the-secret-of-the-app")
    keeper.exchanged(mine, now_exchange(provisioned), attempt(), heard)
    keeper.exchanged(theirs, now_exchange(provisioned), attempt(), heard)

    async def kept() -> bool:
        return bool(await provisioned.traces.all_exchanges(number))

    await until(kept)
    await keeper.stop()
    (found,) = await provisioned.traces.all_exchanges(number)
    assert found.text == "it was signed with [withheld]"
    assert (found.workspace, found.operation) == ("acme", "media.look_up")


async def test_a_trace_of_a_host_keeps_what_went_there(provisioned: Ledger, webhooks: Any) -> None:
    number = await put_on(provisioned, {"host": "graph.facebook.com"})
    keeper = TraceKeeper(provisioned)
    await keeper.start()
    mine = await a_claim(provisioned, webhooks)
    assert keeper.wire(mine, "media.download") is not None  # it may turn out to be there
    keeper.exchanged(mine, now_exchange(provisioned, host="lookaside.fbsbx.com"), attempt(), wire())
    keeper.exchanged(mine, now_exchange(provisioned, host="graph.facebook.com"), attempt(), wire())
    await keeper.stop()
    assert len(await provisioned.traces.all_exchanges(number)) == 1


async def test_traces_come_and_go_while_it_runs(provisioned: Ledger) -> None:
    keeper = TraceKeeper(provisioned)
    await keeper.start()
    number = await put_on(provisioned)

    async def noticed() -> bool:
        return keeper.wire(claim(), "media.look_up") is not None

    async def forgotten() -> bool:
        return keeper.wire(claim(), "media.look_up") is None

    await until(noticed)
    await provisioned.traces.put_off(number, by="cli:ben", why="x", now=await provisioned.now())
    await until(forgotten)
    await keeper.stop()


async def test_a_trace_ends_by_itself_without_anybody_looking(provisioned: Ledger) -> None:
    await put_on(provisioned, until_s=0.3)
    keeper = TraceKeeper(provisioned)
    await keeper.refresh()

    async def over() -> bool:
        return keeper.wire(claim(), "media.look_up") is None

    await until(over)


async def test_what_is_too_much_at_once_is_dropped_and_counted(provisioned: Ledger, webhooks: Any) -> None:
    number = await put_on(provisioned, most=10_000)
    keeper = TraceKeeper(provisioned)
    await keeper.refresh()
    mine = await a_claim(provisioned, webhooks)
    many = module._MOST + 7
    for _ in range(many):
        keeper.exchanged(mine, now_exchange(provisioned), attempt(), wire())
    await keeper.stop()
    found = await provisioned.traces.get(number)
    assert (found.exchanges, found.dropped) == (module._MOST, 7)


async def test_large_bodies_fill_the_queue_as_well(provisioned: Ledger, webhooks: Any) -> None:
    number = await put_on(provisioned)
    keeper = TraceKeeper(provisioned)
    await keeper.refresh()
    mine = await a_claim(provisioned, webhooks)
    for size in (module._MOST_BYTES - 10, 11, 10):
        keeper.exchanged(mine, now_exchange(provisioned), attempt(), wire(body=b" " * size))
    await keeper.stop()
    found = await provisioned.traces.get(number)
    assert (found.exchanges, found.dropped) == (2, 1)


async def test_a_full_trace_is_full_at_once(provisioned: Ledger, webhooks: Any) -> None:
    number = await put_on(provisioned, most=1)
    keeper = TraceKeeper(provisioned)
    await keeper.start()
    mine = await a_claim(provisioned, webhooks)
    for _ in range(3):
        keeper.exchanged(mine, now_exchange(provisioned), attempt(), wire())

    async def full() -> bool:
        return keeper.wire(mine, "media.look_up") is None

    await until(full)
    await keeper.stop()
    assert (await provisioned.traces.get(number)).exchanges == 1


async def test_a_store_that_is_away_costs_exchanges_and_nothing_else(provisioned: Ledger, webhooks: Any) -> None:
    number = await put_on(provisioned)
    keeper = TraceKeeper(provisioned, secrets=lambda: (1 // 0, ()))
    await keeper.start()
    mine = await a_claim(provisioned, webhooks)
    keeper.exchanged(mine, now_exchange(provisioned), attempt(), wire())

    async def tried() -> bool:
        return bool(keeper._dropped)

    await until(tried)
    keeper._secrets = lambda: (2, ())
    keeper.exchanged(mine, now_exchange(provisioned), attempt(), wire())
    await keeper.stop()
    found = await provisioned.traces.get(number)
    assert (found.exchanges, found.dropped) == (1, 1)
