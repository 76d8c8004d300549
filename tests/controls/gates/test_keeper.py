"""A gate that is set is met by the next piece of work, and by nothing outside its scope."""

import asyncio

from penstock.controls.gates.keeper import GateKeeper
from penstock.core.work import Claim
from penstock.ledger.book import Ledger

CLAIM = Claim(
    id=1,
    fence=1,
    workspace_id=1,
    workspace="acme",
    number_id=1,
    phone_number_id="100000000000002",
    app="main",
    credential_id=1,
    credential="token-a",
    kind="image",
    media_id="1000000000000101",
    wamid="wamid.X",
    received_at=0.0,
    deadline=604_800.0,
    attempts=0,
)


async def test_work_goes_on_while_no_gate_is_set(ledger: Ledger) -> None:
    keeper = GateKeeper(ledger)
    await keeper.start()
    assert keeper.admit(CLAIM, "media.look_up", 100.0) is None
    await keeper.stop()


async def test_a_shut_gate_sends_work_of_its_scope_back_for_a_moment(ledger: Ledger) -> None:
    now = await ledger.now()
    await ledger.gates.shut({"workspace": "acme"}, owner="operator", by="test", why="test", now=now)
    keeper = GateKeeper(ledger)
    await keeper.start()
    again_at = keeper.admit(CLAIM, "media.look_up", now)
    assert again_at is not None
    assert 0 < again_at - now <= 2
    await ledger.gates.open({"workspace": "acme"}, owner="operator")
    await ledger.gates.shut({"operation": "media.download"}, owner="breaker", by="test", why="test", now=now)
    await keeper.refresh()
    assert keeper.admit(CLAIM, "media.look_up", now) is None
    assert keeper.admit(CLAIM, "media.download", now) is not None
    await keeper.stop()


async def test_a_gate_that_is_set_while_running_is_noticed_by_itself(ledger: Ledger) -> None:
    keeper = GateKeeper(ledger)
    await keeper.start()
    await ledger.gates.shut({}, owner="operator", by="test", why="test", now=await ledger.now())
    async with asyncio.timeout(30):
        while keeper.admit(CLAIM, "media.look_up", 0.0) is None:
            await asyncio.sleep(0.02)
    await keeper.stop()


async def test_the_last_view_counts_while_the_ledger_cannot_be_read(ledger: Ledger) -> None:
    now = await ledger.now()
    await ledger.gates.shut({}, owner="operator", by="test", why="test", now=now)
    keeper = GateKeeper(ledger)
    await keeper.start()
    await ledger.stop()
    await asyncio.sleep(0.6)
    assert keeper.admit(CLAIM, "media.look_up", now) is not None
    await keeper.stop()
