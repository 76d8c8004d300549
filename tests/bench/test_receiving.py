"""The floor of the door: as strict as the real receiver, and nothing is kept."""

from collections.abc import Callable

from penstock.bench import bodies
from penstock.bench.receiving import ForgetfulReceiver
from penstock.flow.receiver import Refused, Taken
from penstock.flow.registry import Registry
from penstock.ledger.book import Ledger

Sign = Callable[[bytes], bytes]


async def test_the_floor_takes_what_the_real_one_takes_and_stores_nothing(provisioned: Ledger, signed: Sign) -> None:
    registry = Registry(provisioned)
    await registry.start()
    body = bodies.image(1, sha256=bytes(32))
    outcome = await ForgetfulReceiver(provisioned, registry).take(body, signed(body), "main")
    assert isinstance(outcome, Taken)
    assert (outcome.receipt.messages, outcome.receipt.media) == (1, 1)
    assert await provisioned.journal.bodies() == []
    await registry.stop()


async def test_the_floor_verifies(provisioned: Ledger) -> None:
    registry = Registry(provisioned)
    await registry.start()
    body = bodies.text(1)
    assert isinstance(await ForgetfulReceiver(provisioned, registry).take(body, b"sha256=00", "main"), Refused)
    await registry.stop()
