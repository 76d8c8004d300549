"""What the watch is told of an attempt."""

from typing import Any

import pytest

from penstock.core.seen import Seen
from penstock.core.work import Outcome


def seen(**facts: Any) -> Seen:
    known: dict[str, Any] = dict.fromkeys(Seen.__struct_fields__)
    return Seen(**known | {"declared_method": "GET", "outcome": Outcome.DELIVERED, "nth": 1} | facts)


@pytest.mark.parametrize(
    ("facts", "ok"),
    [
        ({"wire_method": "GET"}, True),
        ({"wire_method": None, "outcome": Outcome.LOCAL}, True),
        ({"wire_method": "POST"}, False),
        ({"wire_method": "POST", "outcome": Outcome.CONTRACT}, False),
        ({"wire_method": "GET", "outcome": Outcome.CONTRACT}, False),
        ({"wire_method": None, "outcome": Outcome.CONTRACT}, False),
    ],
)
def test_a_request_is_ours_to_blame_when_it_was_not_the_declared_one(facts: dict[str, Any], ok: bool) -> None:
    assert seen(**facts).contract_ok == ok


def test_only_the_first_attempt_of_an_item_is_its_first() -> None:
    assert [seen(nth=nth).first for nth in (1, 2, 3, 4)] == [True, False, False, False]
