"""Dead tokens: what shuts the gate of a credential, what opens it, and when nobody's token is to blame."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.seen import Seen
from penstock.core.token_gates import HOLD_S, IN_A_ROW, PROBE_OPENING, WITHIN_S, Standing, TokenGates, told
from penstock.core.work import Outcome


def seen(at: float, credential: str = "a", *, code: int | None = 190, outcome: Outcome = Outcome.AUTH) -> Seen:
    known: dict[str, Any] = dict.fromkeys(Seen.__struct_fields__)
    known |= {
        "id": 1,
        "media_row": 1,
        "nth": 1,
        "at": at,
        "operation": "media.look_up",
        "declared_method": "GET",
        "wire_method": "GET",
        "graph_code": code,
        "outcome": outcome,
        "duration_s": 0.1,
        "credential": credential,
    }
    return Seen(**known)


def accepted(at: float, credential: str = "a") -> Seen:
    return seen(at, credential, code=None, outcome=Outcome.DELIVERED)


def dead(at: float = 1_000.0, credential: str = "a") -> TokenGates:
    it = TokenGates()
    for nth in range(IN_A_ROW):
        it.saw(seen(at + nth, credential))
    return it


def test_several_refusals_in_a_row_shut_the_gate_of_that_credential_only() -> None:
    it = dead()
    it.saw(accepted(1_001, "b"))
    standing = it.tick(1_003)
    assert list(standing) == ["a"]
    assert standing["a"].opening == 0
    assert 'token "a"' in standing["a"].why
    assert "penstock credential set a" in standing["a"].why


def test_one_refusal_shuts_nothing() -> None:
    it = TokenGates()
    it.saw(seen(1))
    assert it.tick(2) == {}


@pytest.mark.parametrize("code", [None, 10, 200, 368])
def test_a_refusal_that_does_not_blame_the_token_shuts_nothing(code: int | None) -> None:
    it = TokenGates()
    for at in range(50):
        it.saw(seen(at, code=code))
    assert it.tick(50) == {}


def test_a_token_that_is_refused_and_accepted_in_turn_is_not_dead() -> None:
    it = TokenGates()
    for at in range(0, 100, 5):
        it.saw(accepted(at))
        for nth in range(4):
            it.saw(seen(at + 1 + nth))
            assert at == 0 or it.tick(at + 1 + nth) == {}


def test_a_new_token_opens_the_gate() -> None:
    it = dead()
    it.tick(1_003)
    assert it.in_trouble() == ["a"]
    assert it.renewed({"a": 900.0}) == []
    assert it.renewed({"a": 1_010.0}) == ["a"]
    assert it.tick(1_011) == {}


def test_a_shut_gate_lets_one_through_now_and_then_and_shuts_again() -> None:
    it = dead()
    it.tick(1_003)
    assert it.tick(1_003 + HOLD_S - 1)["a"].opening == 0
    assert it.tick(1_003 + HOLD_S)["a"].opening == PROBE_OPENING
    it.saw(seen(1_004 + HOLD_S))
    assert it.tick(1_005 + HOLD_S)["a"].opening == 0


def test_a_file_that_gets_through_opens_it() -> None:
    it = dead()
    it.tick(1_003)
    it.tick(1_003 + HOLD_S)
    it.saw(accepted(1_004 + HOLD_S))
    assert it.tick(1_005 + HOLD_S) == {}


def test_what_was_under_way_before_the_gate_shut_does_not_open_it() -> None:
    it = dead()
    it.tick(1_003)
    it.saw(accepted(1_000))
    assert list(it.tick(1_004)) == ["a"]


def test_three_tokens_refused_within_minutes_are_upstreams_fault() -> None:
    it = TokenGates()
    for nth, name in enumerate(("a", "b", "c")):
        for at in range(3):
            it.saw(seen(100.0 + 60 * nth + at, name))
        it.tick(103.0 + 60 * nth)
    assert it.tick(230) == {}
    assert it.upstream_at_fault
    assert it.blames_upstream(seen(231, "b"))
    assert not it.blames_upstream(seen(231, "d"))


def test_tokens_that_have_long_been_dead_blame_nobody() -> None:
    it = TokenGates()
    for nth, name in enumerate(("a", "b", "c", "d")):
        began = 1_000.0 + nth * 2 * WITHIN_S
        for at in range(3):
            it.saw(seen(began + at, name))
        it.tick(began + 4)
        assert not it.upstream_at_fault
    assert len(it.tick(1_010.0 + 6 * WITHIN_S)) == 4


def test_when_upstream_is_well_again_a_token_that_is_really_dead_is_found() -> None:
    it = TokenGates()
    for name in ("a", "b", "c"):
        it.saw(seen(100, name))
    it.tick(101)
    for name in ("a", "b"):
        it.saw(accepted(200, name))
    assert it.tick(201) == {}
    assert not it.upstream_at_fault
    for at in range(3):
        it.saw(seen(210 + at, "c"))
    assert list(it.tick(214)) == ["c"]


def test_the_next_leader_goes_on_from_the_gate_that_stands() -> None:
    it = TokenGates()
    it.resume("a", Standing(0.0, "why"), since=1_000)
    assert it.tick(1_001)["a"].opening == 0
    assert it.renewed({"a": 1_002}) == ["a"]
    assert it.tick(1_003) == {}


def test_many_credentials_are_told_in_few_words() -> None:
    assert told(["b", "a"]) == "a, b"
    assert told("abcdef") == "a, b, c and 3 more"


_EVENTS = st.lists(
    st.tuples(
        st.floats(0.1, 400), st.sampled_from("abcd"), st.sampled_from(["refused", "accepted", "renewed", "other"])
    ),
    max_size=120,
)


@given(_EVENTS)
@settings(deadline=None, max_examples=80)
def test_no_sequence_shuts_a_gate_without_refusals_or_leaves_one_shut_for_ever(
    events: list[tuple[float, str, str]],
) -> None:
    it, at = TokenGates(), 0.0
    refused: set[str] = set()
    for gap, name, what in events:
        at += gap
        if what == "refused":
            it.saw(seen(at, name))
            refused.add(name)
        elif what == "accepted":
            it.saw(accepted(at, name))
        elif what == "renewed":
            it.renewed({name: at})
        else:
            it.saw(seen(at, name, code=4, outcome=Outcome.THROTTLE))
        assert set(it.tick(at)) <= refused
    standing = it.tick(at + HOLD_S + 1)
    assert all(each.opening > 0 for each in it.tick(at + 2 * HOLD_S + 2).values())
    for name in standing:
        it.saw(accepted(at + 3 * HOLD_S, name))
    assert it.tick(at + 3 * HOLD_S + 1) == {}
