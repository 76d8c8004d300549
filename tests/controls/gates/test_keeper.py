"""A gate that is set is met by the next piece of work, and by nothing outside its scope."""

import asyncio
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from penstock.controls.gates.keeper import GateKeeper
from penstock.core.gate import Gate
from penstock.core.lanes import Lane
from penstock.core.work import Claim
from penstock.flow.sockets import Permit, Wait
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
    assert keeper.admit(CLAIM, "media.look_up", 100.0) == Permit()
    await keeper.stop()


async def test_a_shut_gate_sends_work_of_its_scope_back_for_a_moment(ledger: Ledger) -> None:
    now = await ledger.now()
    await ledger.gates.shut({"workspace": "acme"}, owner="operator", by="test", why="test", now=now)
    keeper = GateKeeper(ledger)
    await keeper.start()
    said = keeper.admit(CLAIM, "media.look_up", now)
    assert isinstance(said, Wait)
    assert 0 < said.until - now <= 2
    await ledger.gates.open({"workspace": "acme"}, owner="operator")
    await ledger.gates.shut({"operation": "media.download"}, owner="breaker", by="test", why="test", now=now)
    await keeper.refresh()
    # A look-up would be for nothing while its download cannot follow.
    assert isinstance(keeper.admit(CLAIM, "media.look_up", now), Wait)
    assert isinstance(keeper.admit(CLAIM, "media.download", now), Wait)
    await ledger.gates.open({"operation": "media.download"}, owner="breaker")
    await ledger.gates.shut({"operation": "media.look_up"}, owner="breaker", by="test", why="test", now=now)
    await keeper.refresh()
    assert isinstance(keeper.admit(CLAIM, "media.look_up", now), Wait)
    assert keeper.admit(CLAIM, "media.download", now) == Permit()
    await keeper.stop()


async def test_a_gate_that_is_set_while_running_is_noticed_by_itself(ledger: Ledger) -> None:
    keeper = GateKeeper(ledger)
    await keeper.start()
    await ledger.gates.shut({}, owner="operator", by="test", why="test", now=await ledger.now())
    async with asyncio.timeout(60):
        while keeper.admit(CLAIM, "media.look_up", 0.0) == Permit():
            await asyncio.sleep(0.02)
    await keeper.stop()


async def test_the_last_view_counts_while_the_ledger_cannot_be_read(ledger: Ledger) -> None:
    now = await ledger.now()
    await ledger.gates.shut({}, owner="operator", by="test", why="test", now=now)
    keeper = GateKeeper(ledger)
    await keeper.start()
    await ledger.stop()
    await asyncio.sleep(0.6)
    assert isinstance(keeper.admit(CLAIM, "media.look_up", now), Wait)
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
    assert list(keeper.ways(LANES, now).lanes) == LANES
    await ledger.gates.shut(scope, owner="operator", by="test", why="test", now=now)
    await keeper.refresh()
    for _ in range(2):
        assert list(keeper.ways(LANES, now).lanes) == [LANES[index] for index in left]
    await ledger.gates.open(scope, owner="operator")
    await keeper.refresh()
    assert list(keeper.ways(LANES, now).lanes) == LANES


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


# -- openings ---------------------------------------------------------------------------------------------

ACME = LANES[0]


async def narrow(ledger: Ledger, scope: dict[str, str], rate: float, **more: Any) -> float:
    """Set a gate; the time at which it was set."""
    now = await ledger.now()
    owner = more.pop("owner", "operator")
    await ledger.gates.shut(scope, owner=owner, by="test", why="test", now=now, opening=rate, **more)
    return now


def claim(number: int, **facts: Any) -> Claim:
    return msgspec.structs.replace(CLAIM, id=number, **facts)


async def test_a_narrow_gate_lets_as_many_be_claimed_as_it_lets_through(ledger: Ledger) -> None:
    keeper = GateKeeper(ledger)
    now = await narrow(ledger, {"workspace": "acme"}, 4.0)
    await keeper.refresh()
    now = await ledger.now() + 10
    ways = keeper.ways(LANES, now)
    assert list(ways.lanes) == LANES
    [gate] = set(ways.left)
    assert ways.narrow == {LANES[0]: (gate,), LANES[1]: (gate,)}
    assert ways.left == {gate: 4}
    claims = [claim(n) for n in range(4)]
    keeper.claimed(claims, now)
    spent = keeper.ways(LANES, now)
    assert list(spent.lanes) == LANES[2:]
    assert spent.again_at is not None
    assert now < spent.again_at <= now + 0.26
    # Those that were claimed pass, both hops for one; nobody else does.
    assert all(keeper.admit(each, "media.look_up", now) == Permit() for each in claims)
    assert all(keeper.admit(each, "media.download", now, host="lookaside.fbsbx.com") == Permit() for each in claims)
    assert isinstance(keeper.admit(claim(9), "media.look_up", now), Wait)
    assert keeper.ways(LANES, now + 10).left == {gate: 4}


async def test_what_was_claimed_and_not_sent_leaves_its_place_to_another(ledger: Ledger) -> None:
    keeper = GateKeeper(ledger)
    await narrow(ledger, {}, 1.0)
    await keeper.refresh()
    now = await ledger.now() + 10
    keeper.claimed([claim(1)], now)
    assert list(keeper.ways([ACME], now).lanes) == []
    keeper.ended(claim(1))
    assert list(keeper.ways([ACME], now).lanes) == [ACME]
    keeper.claimed([claim(2)], now)
    assert keeper.admit(claim(2), "media.look_up", now) == Permit()
    keeper.ended(claim(2))
    assert list(keeper.ways([ACME], now).lanes) == []


async def test_a_gate_on_the_download_counts_what_is_downloaded(ledger: Ledger) -> None:
    keeper = GateKeeper(ledger)
    await narrow(ledger, {"operation": "media.download"}, 1.0)
    await keeper.refresh()
    now = await ledger.now() + 10
    keeper.claimed([claim(1)], now)
    assert keeper.admit(claim(1), "media.look_up", now) == Permit()
    keeper.ended(claim(1))  # the look-up failed: the download's place is free again
    keeper.claimed([claim(2)], now)
    assert keeper.admit(claim(2), "media.look_up", now) == Permit()
    assert keeper.admit(claim(2), "media.download", now) == Permit()
    keeper.ended(claim(2))
    assert list(keeper.ways([ACME], now).lanes) == []


async def test_an_item_needs_a_place_at_every_gate_before_it_and_takes_one_of_each(ledger: Ledger) -> None:
    keeper = GateKeeper(ledger)
    await narrow(ledger, {}, 5.0)
    await narrow(ledger, {"kind": "image"}, 2.0)
    await keeper.refresh()
    now = await ledger.now() + 10
    wide, tight = keeper.ways([ACME], now).narrow[ACME]
    assert keeper.ways(LANES, now).left == {wide: 5, tight: 2}
    keeper.claimed([claim(1), claim(2)], now)
    after = keeper.ways(LANES, now)
    assert after.left == {wide: 3, tight: 0}
    assert list(after.lanes) == [LANES[1]]


async def test_a_gate_that_comes_while_an_item_is_under_way_counts_it_at_its_next_request(ledger: Ledger) -> None:
    keeper = GateKeeper(ledger)
    await keeper.refresh()
    now = await ledger.now()
    keeper.claimed([claim(1), claim(2)], now)
    assert keeper.admit(claim(1), "media.look_up", now) == Permit()
    await narrow(ledger, {}, 1.0)
    await keeper.refresh()
    now = await ledger.now() + 10
    assert keeper.admit(claim(1), "media.download", now) == Permit()
    assert isinstance(keeper.admit(claim(2), "media.look_up", now), Wait)
    assert keeper.admit(claim(1), "media.download", now) == Permit()


async def test_a_gate_that_shuts_stops_what_it_had_let_through(ledger: Ledger) -> None:
    keeper = GateKeeper(ledger)
    await narrow(ledger, {}, 5.0)
    await keeper.refresh()
    now = await ledger.now() + 10
    keeper.claimed([claim(1)], now)
    await narrow(ledger, {}, 0.0)
    await keeper.refresh()
    assert isinstance(keeper.admit(claim(1), "media.look_up", now), Wait)
    assert keeper.ways([ACME], now).again_at is None


async def test_an_operator_who_overrides_automatic_gates_silences_them(ledger: Ledger) -> None:
    keeper = GateKeeper(ledger)
    await narrow(ledger, {"workspace": "acme"}, 0.0, owner="breaker")
    now = await narrow(ledger, {"number": "100000000000002"}, 50.0, override_automatic=True)
    await keeper.refresh()
    ways = keeper.ways(LANES, now + 1)
    assert list(ways.lanes) == LANES
    assert [len(ways.narrow.get(lane, ())) for lane in LANES] == [1, 1, 0, 0]


async def test_what_a_breaker_lets_trickle_is_a_probe_and_what_it_lets_flow_is_not(ledger: Ledger) -> None:
    keeper = GateKeeper(ledger)
    for rate, owner, probe in ((0.5, "breaker", True), (0.5, "operator", False), (2.0, "breaker", False)):
        await narrow(ledger, {"operation": "media.look_up"}, rate, owner=owner)
        await keeper.refresh()
        now = await ledger.now() + 100
        assert keeper.ways([ACME], now).lanes
        keeper.claimed([claim(1)], now)
        assert keeper.admit(claim(1), "media.look_up", now) == Permit(probe=probe)
        assert keeper.admit(claim(1), "media.download", now) == Permit()
        keeper.ended(claim(1))
        await ledger.gates.open({"operation": "media.look_up"}, owner=owner)


async def test_a_gate_that_ends_by_itself_is_gone_also_while_the_ledger_cannot_be_read(ledger: Ledger) -> None:
    keeper = GateKeeper(ledger)
    now = await narrow(ledger, {}, 0.0, until=await ledger.now() + 60)
    await keeper.refresh()
    assert list(keeper.ways(LANES, now).lanes) == []
    await ledger.stop()
    assert list(keeper.ways(LANES, now + 61).lanes) == LANES
    assert keeper.admit(CLAIM, "media.look_up", now + 61) == Permit()


async def test_fetchers_share_an_opening_and_take_over_from_one_that_is_gone(ledger: Ledger) -> None:
    now = await narrow(ledger, {}, 30.0)
    keepers = {name: GateKeeper(ledger, me=name) for name in ("a", "b", "c")}
    for name in keepers:
        await ledger.processes.beat(name, role="fetcher", now=now)
    for keeper in keepers.values():
        await keeper.refresh()
    now = await ledger.now() + 10
    assert [sum(keeper.ways([ACME], now).left.values()) for keeper in keepers.values()] == [10, 10, 10]
    await ledger.processes.leave("b")
    for name in ("a", "c"):
        await keepers[name].refresh()
    now += 10
    assert [sum(keepers[name].ways([ACME], now).left.values()) for name in ("a", "c")] == [15, 15]


async def test_a_fetcher_whom_the_others_count_out_lets_nothing_through_a_narrow_gate(ledger: Ledger) -> None:
    now = await narrow(ledger, {"workspace": "acme"}, 30.0)
    await ledger.processes.beat("other", role="fetcher", now=now)
    keeper = GateKeeper(ledger, me="late")
    await keeper.refresh()
    assert list(keeper.ways(LANES, now + 10).lanes) == LANES[2:]
    await ledger.processes.beat("late", role="fetcher", now=await ledger.now())
    await keeper.refresh()
    assert list(keeper.ways(LANES, await ledger.now() + 20).lanes) == LANES


async def test_two_thousand_gates_cost_a_lane_no_more_than_its_own(ledger: Ledger) -> None:
    """Not timed: the gates of others are not even looked at."""
    now = await ledger.now()
    for n in range(2_000):
        await ledger.gates.shut({"credential": f"dead-{n}"}, owner="auth", by="auth", why="190", now=now)
    await ledger.gates.shut({"credential": "token-b"}, owner="auth", by="auth", why="190", now=now)
    keeper = GateKeeper(ledger)
    await keeper.refresh()
    seen: list[Gate] = []
    candidates = keeper._board._candidates

    def noted(facts: Any) -> Iterator[Gate]:
        for each in candidates(facts):
            seen.append(each)
            yield each

    keeper._board._candidates = noted  # type: ignore[method-assign]
    assert list(keeper.ways(LANES, now).lanes) == LANES[:3]
    assert {each.scope["credential"] for each in seen} == {"token-b"}
