"""A gate that is set is met by the next piece of work, and by nothing outside its scope."""

import asyncio

import pytest

from penstock.controls.gates.keeper import GateKeeper
from penstock.core.lanes import Lane
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


# -- lanes ------------------------------------------------------------------------------------------------

LANES = [
    Lane(1, 1, "image", "acme", "main", "token-a", "100000000000002"),
    Lane(1, 1, "audio", "acme", "main", "token-a", "100000000000002"),
    Lane(2, 2, "image", "rival", "main", "token-a", "100000000000003"),
    Lane(2, 3, "image", "rival", "other", "token-b", "100000000000004"),
]


@pytest.mark.parametrize(
    ("scope", "left"),
    [
        ({"workspace": "acme"}, [2, 3]),
        ({"number": "100000000000003"}, [0, 1, 3]),
        ({"credential": "token-b"}, [0, 1, 2]),
        ({"app": "main"}, [3]),
        ({"kind": "audio"}, [0, 2, 3]),
        ({"operation": "media.look_up"}, []),
        ({"operation": "media.download"}, []),
        ({"host": "graph.facebook.com"}, []),
        ({"host": "lookaside.fbsbx.com"}, []),
        ({"host": "elsewhere.example"}, [0, 1, 2, 3]),
        ({}, []),
    ],
    ids=lambda value: next(iter(value), "everything") if isinstance(value, dict) else None,
)
async def test_a_shut_gate_leaves_out_the_lanes_of_its_scope(
    ledger: Ledger, scope: dict[str, str], left: list[int]
) -> None:
    hosts = {"media.look_up": ("graph.facebook.com",), "media.download": ("lookaside.fbsbx.com",)}
    keeper = GateKeeper(ledger, hosts=hosts)
    now = await ledger.now()
    assert list(keeper.open_lanes(LANES, now)) == LANES
    await ledger.gates.shut(scope, owner="operator", by="test", why="test", now=now)
    await keeper.refresh()
    for _ in range(2):
        assert list(keeper.open_lanes(LANES, now)) == [LANES[index] for index in left]
    await ledger.gates.open(scope, owner="operator")
    await keeper.refresh()
    assert list(keeper.open_lanes(LANES, now)) == LANES


async def test_a_narrow_gate_leaves_lanes_open(ledger: Ledger) -> None:
    now = await ledger.now()
    await ledger.gates.shut({"workspace": "acme"}, owner="throttle", by="test", why="test", now=now, opening=2.0)
    keeper = GateKeeper(ledger)
    await keeper.refresh()
    assert list(keeper.open_lanes(LANES, now)) == LANES


async def test_who_asked_for_it_is_told_that_the_gates_have_changed_and_only_then(ledger: Ledger) -> None:
    told: list[int] = []
    keeper = GateKeeper(ledger)
    keeper.changed = lambda: told.append(1)
    await keeper.refresh()
    await ledger.gates.shut({}, owner="operator", by="test", why="test", now=await ledger.now())
    await keeper.refresh()
    await keeper.refresh()
    assert len(told) == 1
    await ledger.gates.open({}, owner="operator")
    await keeper.refresh()
    assert len(told) == 2
