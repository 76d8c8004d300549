"""The table of expectations is whole, and its verdicts are those of the one class table."""

import pytest

from penstock.core.classes import TROUBLES
from penstock.core.operation import DOWNLOAD, LOOK_UP
from penstock.core.work import Outcome
from penstock.demo.faults import EXPECTED, Seen, operation, verdict
from penstock.simulator.catalogue import CATALOGUE


def test_every_fault_has_its_line_at_every_hop_where_it_makes_sense() -> None:
    assert set(EXPECTED) == {(name, hop) for name, fault in CATALOGUE.items() for hop in fault.hops}


def test_what_is_met_shows_in_the_attempt_of_its_hop_or_of_the_one_that_finds_it_out() -> None:
    assert operation(Seen(), "lookup") == LOOK_UP.name
    assert operation(Seen(), "download") == DOWNLOAD.name
    assert operation(EXPECTED["wrong-hash", "lookup"], "lookup") == DOWNLOAD.name


@pytest.mark.parametrize("case", EXPECTED)
def test_a_fault_that_lasts_ends_no_file_before_its_time(case: tuple[str, str]) -> None:
    fault, hop = case
    seen = EXPECTED[fault, hop]  # type: ignore[index]
    judged = verdict(seen, hop)  # type: ignore[arg-type]
    assert judged.final is None
    assert (judged.outcome is Outcome.DELIVERED) is seen.good
    if seen.trouble is not None and seen.code is None:
        assert judged.sentence == TROUBLES[seen.trouble].sentence


def test_what_graph_does_not_know_is_dead_once_its_time_is_over() -> None:
    assert verdict(EXPECTED["gone", "lookup"], "lookup", left_s=-1.0).final == "expired"
