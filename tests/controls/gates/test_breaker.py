"""The breakers at work: gates that stand as long as they should, whoever leads, and an entry in the log for each change."""

from collections.abc import Callable
from typing import Any

import pytest

from penstock.controls.gates.breaker import STANDS_S, Breakers
from penstock.core.breaker import EAGER_OPENING, FEWEST, PROBE_OPENING, PROBES, SILENCE_S
from penstock.core.gate import Gate
from penstock.core.operation import DOWNLOAD, LOOK_UP
from penstock.core.seen import Seen
from penstock.core.work import Outcome
from penstock.ledger.book import Ledger

NOW = 1_795_000_000.0


class Watch:
    """Breakers, and what they are shown."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.breakers = Breakers(ledger)
        self.now = NOW
        self.rows = iter(range(1, 10**6))

    def seen(self, passed: bool, **facts: Any) -> Seen:
        known: dict[str, Any] = dict.fromkeys(Seen.__struct_fields__) | {
            "media_row": next(self.rows),
            "nth": 1,
            "at": self.now,
            "operation": LOOK_UP.name,
            "declared_method": "GET",
            "wire_method": "GET",
            "host": "graph.facebook.com",
            "outcome": Outcome.DELIVERED if passed else Outcome.UPSTREAM,
            "status": 200 if passed else 503,
            "duration_s": 0.1,
            "workspace": "acme",
        }
        return Seen(**known | facts)

    async def look(self, *seen: Seen, after_s: float = 1.0) -> list[Gate]:
        """One round; the breaker's gates after it."""
        self.now += after_s
        await self.breakers.look(seen, self.now)
        return [gate for gate in await self.ledger.gates.active(now=self.now) if gate.owner == "breaker"]

    async def trip(self, **facts: Any) -> Gate:
        await self.look()
        made = [self.seen(False, nth=3, **facts) for _ in range(FEWEST)]
        (gate,) = await self.look(*made)
        return gate

    async def come_back(self, **facts: Any) -> list[Gate]:
        """Three probes pass."""
        gates: list[Gate] = []
        for _ in range(PROBES):
            await self.look(after_s=4.0)
            gates = await self.look(self.seen(True, nth=4, **facts))
        return gates

    async def log(self) -> list[tuple[str, str, str]]:
        return [(one.entry.who, one.entry.action, one.entry.why) for one in await self.ledger.audit_log.read()]


@pytest.fixture
def watch(ledger: Ledger) -> Watch:
    return Watch(ledger)


async def test_files_that_do_not_pass_set_the_gate_of_their_operation(watch: Watch) -> None:
    gate = await watch.trip()

    assert (gate.scope, gate.opening, gate.by) == ({"operation": LOOK_UP.name}, PROBE_OPENING, "breaker")
    assert "20 of the last 20 files did not get through media.look_up" in gate.why


async def test_while_nothing_changes_nothing_is_written(watch: Watch) -> None:
    gate = await watch.trip()
    for _ in range(20):
        assert await watch.look(watch.seen(False, nth=4)) == [gate]

    assert len(await watch.log()) == 1


async def test_each_change_is_in_the_audit_log_with_its_evidence(watch: Watch) -> None:
    await watch.trip()
    await watch.come_back()
    while await watch.look():
        pass
    entries = await watch.log()

    assert {who for who, _, _ in entries} == {"breaker"}
    assert entries[0][1] == "gate.set"
    assert "503: 20" in entries[0][2]
    assert "3 files in a row got through" in entries[2][2]
    assert entries[-1][1] == "gate.open"
    assert "no gate is needed" in entries[-1][2]
    assert len(entries) == 25


async def test_probes_that_pass_open_the_gate_step_by_step_until_it_is_gone(watch: Watch) -> None:
    await watch.trip()
    openings = [gate.opening for gate in await watch.come_back()]
    while gates := await watch.look():
        openings += [gate.opening for gate in gates]

    assert openings[:4] == [2.0, 2.6, 3.38, 4.39]
    assert openings == sorted(openings)  # type: ignore[type-var]
    assert len(openings) == 22


async def test_one_hop_is_judged_apart_from_the_other(watch: Watch) -> None:
    gate = await watch.trip(operation=DOWNLOAD.name, host="lookaside.fbsbx.com")
    assert gate.scope == {"operation": DOWNLOAD.name}
    await watch.look(*(watch.seen(False, nth=3) for _ in range(FEWEST)))
    scopes = [gate.scope for gate in await watch.ledger.gates.active(now=watch.now)]

    assert scopes == [{"operation": DOWNLOAD.name}, {"operation": LOOK_UP.name}]


async def test_a_host_that_fails_while_others_work_has_a_gate_of_its_own(watch: Watch) -> None:
    await watch.look()
    facts = {"operation": DOWNLOAD.name}
    good = [watch.seen(True, host="good.fbcdn.net", **facts) for _ in range(5)]
    bad = [watch.seen(False, host="bad.fbcdn.net", nth=3, **facts) for _ in range(FEWEST)]
    (gate,) = await watch.look(*good, *bad)
    assert gate.scope == {"host": "bad.fbcdn.net"}
    watch.breakers = Breakers(watch.ledger)
    (gate,) = await watch.come_back(host="bad.fbcdn.net", **facts)

    assert (gate.scope, gate.opening) == ({"host": "bad.fbcdn.net"}, 2.0)


async def test_a_new_leader_goes_on_where_the_last_one_stopped(watch: Watch) -> None:
    gate = await watch.trip()
    tail = [watch.seen(True, nth=4, at=watch.now + after_s) for after_s in (5.0, 10.0)]
    watch.now += 11.0
    watch.breakers = Breakers(watch.ledger)
    (eager,) = await watch.look(*tail)
    assert (eager.scope, eager.opening, eager.why) == (gate.scope, EAGER_OPENING, gate.why)
    (gate,) = await watch.look(watch.seen(True, nth=4))
    assert gate.opening == 2.0
    watch.breakers = Breakers(watch.ledger)
    openings = []
    while gates := await watch.look():
        openings.append(gates[0].opening)

    assert openings[:2] == [2.6, 3.38]
    assert len(openings) == 21


async def test_a_gate_that_a_former_leader_set_late_goes_its_way(watch: Watch) -> None:
    await watch.look()
    await watch.ledger.gates.shut(
        {"operation": LOOK_UP.name}, owner="breaker", by="breaker", why="A leader that stood still.", now=watch.now
    )
    (gate,) = await watch.look()
    assert gate.why == "A leader that stood still."

    while await watch.look():
        assert watch.now < NOW + SILENCE_S + 60


async def test_a_gate_that_somebody_took_away_is_set_again_while_files_do_not_pass(watch: Watch) -> None:
    gate = await watch.trip()
    await watch.ledger.gates.open(gate.scope, owner="breaker", now=watch.now)
    (again,) = await watch.look(watch.seen(False, nth=4))

    assert (again.scope, again.opening) == (gate.scope, gate.opening)


async def test_a_gate_that_nobody_looks_after_ends_by_itself_and_one_that_is_looked_after_stays(watch: Watch) -> None:
    gate = await watch.trip()
    assert gate.until == watch.now + STANDS_S
    assert await watch.ledger.gates.active(now=watch.now + STANDS_S) == []
    for _ in range(int(STANDS_S)):
        (gate,) = await watch.look(watch.seen(False, nth=4), after_s=5.0)
    assert len(await watch.log()) < 12


async def test_what_other_owners_set_is_left_alone(watch: Watch) -> None:
    await watch.ledger.gates.shut({}, owner="operator", by="cli:anna", why="maintenance", now=NOW)
    await watch.trip()
    await watch.come_back()
    while await watch.look():
        pass
    gates = await watch.ledger.gates.active(now=watch.now)

    assert [(gate.scope, gate.owner) for gate in gates] == [({}, "operator")]


async def test_what_names_no_operation_of_ours_is_passed_by(watch: Watch, capsys: Any) -> None:
    del capsys
    made: Callable[[], Seen] = lambda: watch.seen(False, operation="media.upload", nth=3)  # noqa: E731
    await watch.look()

    assert await watch.look(*(made() for _ in range(FEWEST))) == []
