"""Which server a connection ends at."""

from collections import Counter

from penstock.simulator.fleet import Fleet
from penstock.simulator.scenario import FaultRule, Server

SERVERS = (Server(name="good", count=2), Server(name="bad", weight=2.0, faults=(FaultRule(fault="hang"),)))


def test_servers_are_numbered_and_keep_their_faults() -> None:
    machines = Fleet(SERVERS, 0).machines

    assert [(machine.index, machine.name) for machine in machines] == [(0, "good-1"), (1, "good-2"), (2, "bad")]
    assert [bool(machine.faults) for machine in machines] == [False, False, True]


def test_connections_are_shared_out_by_weight() -> None:
    fleet = Fleet(SERVERS, 7)
    counts = Counter(fleet.choose().name for _ in range(4_000))

    assert 0.46 < counts["bad"] / 4_000 < 0.54
    assert 0.21 < counts["good-1"] / 4_000 < 0.29


def test_the_same_seed_chooses_the_same_servers() -> None:
    one, other, third = Fleet(SERVERS, 1), Fleet(SERVERS, 1), Fleet(SERVERS, 2)
    chosen = [one.choose().name for _ in range(50)]

    assert chosen == [other.choose().name for _ in range(50)]
    assert chosen != [third.choose().name for _ in range(50)]


def test_with_as_many_doors_as_servers_an_address_is_a_server() -> None:
    fleet = Fleet(SERVERS, 0, doors=3)

    assert [{fleet.choose(door).name for _ in range(20)} for door in range(3)] == [{"good-1"}, {"good-2"}, {"bad"}]


def test_with_fewer_doors_servers_are_dealt_out_and_with_more_some_are_met_twice() -> None:
    two, four = Fleet(SERVERS, 0, doors=2), Fleet(SERVERS, 0, doors=4)

    assert {two.choose(0).name for _ in range(200)} == {"good-1", "bad"}
    assert {two.choose(1).name for _ in range(20)} == {"good-2"}
    assert [four.choose(door).name for door in range(4)] == ["good-1", "good-2", "bad", "good-1"]
