"""Gates as rows: one for each scope and owner, gone when their time is over."""

import asyncio
import itertools
from typing import Any

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


async def test_every_change_of_a_gate_is_in_the_audit_log(ledger: Ledger) -> None:
    scope = {"workspace": "acme"}
    await ledger.gates.shut(scope, owner="operator", by="cli:anna", why="down", now=5.0, until=90.0)
    await ledger.gates.shut(scope, owner="operator", by="token:ops", why="better", now=6.0, opening=2.0)
    assert await ledger.gates.open(scope, owner="operator", by="cli:ben", why="up again", now=7.0) == 1
    found = [each.entry for each in await ledger.audit_log.read()]

    assert [(each.who, each.action, each.why) for each in found] == [
        ("cli:anna", "gate.shut", "down"),
        ("token:ops", "gate.set", "better"),
        ("cli:ben", "gate.open", "up again"),
    ]
    assert all(each.subject == {"scope": scope, "owner": "operator"} for each in found)
    assert (found[0].before, found[2].after) == (None, None)
    assert found[1].before == found[0].after
    assert found[2].before == found[1].after
    assert found[0].after is not None
    assert (found[0].after["opening"], found[0].after["until"], found[0].after["by"]) == (0.0, 90.0, "cli:anna")
    assert (await ledger.audit_log.verify()).ok


async def test_what_changes_nothing_is_no_change(ledger: Ledger) -> None:
    for now in (5.0, 6.0):
        await ledger.gates.shut({}, owner="throttle", by="throttle", why="429", now=now, opening=2.0)
    assert [gate.since for gate in await ledger.gates.active(now=7.0)] == [5.0]
    assert await ledger.gates.open({}, owner="breaker", now=7.0) == 0

    assert len(await ledger.audit_log.read()) == 1


async def test_an_automatic_gate_that_is_renewed_is_the_same_gate_for_longer(ledger: Ledger) -> None:
    for owner in ("breaker", "operator"):
        for now, until in ((5.0, 60.0), (40.0, 100.0)):
            await ledger.gates.shut({}, owner=owner, by=owner, why="503s", now=now, until=until)

    assert [(gate.owner, gate.since, gate.until) for gate in await ledger.gates.active(now=90.0)] == [
        ("breaker", 5.0, 100.0),
        ("operator", 40.0, 100.0),
    ]
    assert [each.entry.who for each in await ledger.audit_log.read()] == ["breaker", "operator", "operator"]


async def test_an_owner_that_opens_its_gate_answers_for_itself(ledger: Ledger) -> None:
    await ledger.gates.shut({}, owner="breaker", by="breaker", why="503s", now=5.0)
    await ledger.gates.open({}, owner="breaker")

    assert (await ledger.audit_log.latest())[-1].entry.who == "breaker"


async def test_a_gate_whose_time_is_over_is_not_there_any_more(ledger: Ledger) -> None:
    await ledger.gates.shut({}, owner="operator", by="anna", why="down", now=5.0, until=10.0)
    assert await ledger.gates.open({}, owner="operator", by="anna", why="late", now=11.0) == 0
    await ledger.gates.shut({}, owner="operator", by="anna", why="down", now=12.0, until=20.0)

    assert [each.entry.before for each in await ledger.audit_log.read()] == [None, None]


async def test_gates_of_several_processes_keep_one_log(ledger: Ledger, store: Any) -> None:
    others = [store.ledger() for _ in range(3)]
    for other in others:
        await other.start()

    async def change(book: Ledger, who: str) -> None:
        for n in range(8):
            await book.gates.shut({}, owner="operator", by=who, why=str(n), now=1.0 + n)

    await asyncio.gather(*(change(book, str(at)) for at, book in enumerate([ledger, *others])))
    for other in others:
        await other.stop()
    found = [each.entry for each in await ledger.audit_log.read()]

    assert len(found) == 32
    assert all(later.before == earlier.after for earlier, later in itertools.pairwise(found))
    assert (await ledger.audit_log.verify()).ok
