"""Gates as rows: one for each scope and owner, gone when their time is over."""

import pytest

from penstock.core.errors import WrongUse
from penstock.ledger.book import Ledger


async def test_a_gate_is_one_row_for_a_scope_and_an_owner(ledger: Ledger) -> None:
    first = await ledger.gates.shut({"workspace": "acme"}, owner="operator", by="anna", why="a test", now=5.0)
    again = await ledger.gates.shut(
        {"workspace": "acme"}, owner="operator", by="ben", why="still", now=6.0, opening=2.5, override_automatic=True
    )
    other = await ledger.gates.shut({"workspace": "acme"}, owner="breaker", by="watch", why="503s", now=7.0)
    everything = await ledger.gates.shut({}, owner="operator", by="anna", why="all", now=8.0, until=20.0)

    assert first == again
    gates = await ledger.gates.active(now=10.0)
    assert [gate.id for gate in gates] == [first, other, everything]
    assert (gates[0].scope, gates[0].by, gates[0].why, gates[0].since) == ({"workspace": "acme"}, "ben", "still", 6.0)
    assert (gates[0].opening, gates[0].override_automatic, gates[0].until) == (2.5, True, None)
    assert (gates[1].opening, gates[1].owner, gates[2].scope) == (0.0, "breaker", {})


async def test_a_gate_ends_by_itself(ledger: Ledger) -> None:
    await ledger.gates.shut({}, owner="operator", by="anna", why="a test", now=5.0, until=20.0)

    assert len(await ledger.gates.active(now=19.9)) == 1
    assert await ledger.gates.active(now=20.0) == []


async def test_opening_takes_away_the_gate_of_that_owner_only(ledger: Ledger) -> None:
    for owner in ("operator", "breaker"):
        await ledger.gates.shut({"kind": "video"}, owner=owner, by="x", why="y", now=5.0)

    assert await ledger.gates.open({"kind": "video"}, owner="operator") == 1
    assert await ledger.gates.open({"kind": "video"}, owner="operator") == 0
    assert await ledger.gates.open({}, owner="breaker") == 0
    assert [gate.owner for gate in await ledger.gates.active(now=5.0)] == ["breaker"]


async def test_a_scope_is_everything_or_one_thing(ledger: Ledger) -> None:
    for scope in ({"workspace": "a", "kind": "video"}, {"workspace": ""}):
        with pytest.raises(WrongUse):
            await ledger.gates.shut(scope, owner="operator", by="x", why="y", now=5.0)
        with pytest.raises(WrongUse):
            await ledger.gates.open(scope, owner="operator")
