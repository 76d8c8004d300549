"""One look tells a fetcher which gates are set, if they have changed, and who fetches beside it."""

from typing import Any

import pytest

from penstock.ledger.book import Ledger
from penstock.ledger.processes import SHARES_S

NOW = 1_795_000_000.0


async def shut(ledger: Ledger, scope: dict[str, str], **facts: Any) -> int:
    return await ledger.gates.shut(scope, owner=facts.pop("owner", "operator"), by="me", why="a test", **facts)


async def test_gates_are_read_when_they_have_changed_and_only_then(ledger: Ledger) -> None:
    first = await ledger.steering.look(None, now=NOW)
    assert first.gates == []
    assert (await ledger.steering.look(first.mark, now=NOW)).gates is None
    await shut(ledger, {"kind": "video"}, now=NOW)
    second = await ledger.steering.look(first.mark, now=NOW)
    assert second.gates == await ledger.gates.active(now=NOW)
    assert (await ledger.steering.look(second.mark, now=NOW)).gates is None


@pytest.mark.parametrize(
    "change",
    [
        {"opening": 2.0},
        {"opening": None},
        {"until": NOW + 100},
        {"override_automatic": True},
    ],
    ids=["narrower", "open", "with an end", "overriding"],
)
async def test_every_change_of_a_gate_is_seen_also_within_the_same_moment(
    ledger: Ledger, change: dict[str, Any]
) -> None:
    await shut(ledger, {"kind": "video"}, now=NOW)
    await shut(ledger, {"kind": "audio"}, now=NOW)
    mark = (await ledger.steering.look(None, now=NOW)).mark
    await shut(ledger, {"kind": "video"}, **{"now": NOW, **change})
    assert (await ledger.steering.look(mark, now=NOW)).gates == await ledger.gates.active(now=NOW)


async def test_that_two_gates_changed_places_is_seen(ledger: Ledger) -> None:
    await shut(ledger, {"kind": "video"}, now=NOW, opening=2.0)
    await shut(ledger, {"kind": "audio"}, now=NOW, opening=3.0)
    mark = (await ledger.steering.look(None, now=NOW)).mark
    await shut(ledger, {"kind": "video"}, now=NOW, opening=3.0)
    await shut(ledger, {"kind": "audio"}, now=NOW, opening=2.0)
    assert (await ledger.steering.look(mark, now=NOW)).gates is not None
    mark = (await ledger.steering.look(None, now=NOW)).mark
    await ledger.gates.open({"kind": "video"}, owner="operator")
    await shut(ledger, {"kind": "video"}, now=NOW, opening=3.0)
    assert (await ledger.steering.look(mark, now=NOW)).gates is not None


async def test_a_gate_that_has_ended_is_gone(ledger: Ledger) -> None:
    await shut(ledger, {}, now=NOW, until=NOW + 5)
    look = await ledger.steering.look(None, now=NOW)
    assert look.gates is not None
    assert len(look.gates) == 1
    assert (await ledger.steering.look(look.mark, now=NOW + 5)).gates == []


async def test_only_living_fetchers_share(ledger: Ledger) -> None:
    for name, role, at in (
        ("c", "fetcher", NOW),
        ("a", "all", NOW),
        ("b", "console,fetcher", NOW - SHARES_S + 1),
        ("d", "receiver", NOW),
        ("e", "console,watcher", NOW),
        ("f", "fetcher", NOW - SHARES_S - 1),
    ):
        await ledger.processes.beat(name, role=role, now=at)
    assert (await ledger.steering.look(None, now=NOW)).fetchers == ["a", "b", "c"]
    await ledger.processes.leave("a")
    assert (await ledger.steering.look(None, now=NOW)).fetchers == ["b", "c"]


async def test_two_thousand_gates_that_stand_still_are_not_read_again(ledger: Ledger) -> None:
    for n in range(2_000):
        await shut(ledger, {"credential": f"token-{n}"}, owner="auth", now=NOW)
    look = await ledger.steering.look(None, now=NOW)
    assert look.gates is not None
    assert len(look.gates) == 2_000
    assert (await ledger.steering.look(look.mark, now=NOW)).gates is None
