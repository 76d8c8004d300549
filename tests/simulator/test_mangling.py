"""Batches and reorders."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.simulator.accounts import Number
from penstock.simulator.draft import Update
from penstock.simulator.mangling import Mangler
from penstock.simulator.scenario import Webhooks

NUMBER = Number("1", "2", "3", "http://127.0.0.1/", b"s")


def updates(count: int) -> list[Update]:
    return [Update(NUMBER, "messages", (), (str(index),)) for index in range(count)]


def left(mangler: Mangler, rules: Webhooks, made: list[Update]) -> list[list[str]]:
    groups = [group for update in made for group in mangler.take(update, rules)] + mangler.flush()
    return [[update.message_ids[0] for update in group] for group in groups]


def test_without_rules_everything_leaves_alone_and_in_order() -> None:
    assert left(Mangler(Random(1)), Webhooks(), updates(5)) == [[str(index)] for index in range(5)]


def test_batches_are_filled_up_to_their_limit() -> None:
    groups = left(Mangler(Random(1)), Webhooks(batch_rate=1.0, batch_max=5), updates(100))

    assert max(map(len, groups)) <= 5
    assert sum(map(len, groups)) == 100
    assert [update for group in groups for update in group] == [str(index) for index in range(100)]


def test_a_body_that_is_held_back_lets_five_others_pass_at_most() -> None:
    groups = left(Mangler(Random(3)), Webhooks(reorder_rate=0.3), updates(200))
    order = [int(group[0]) for group in groups]

    assert order != sorted(order)
    assert sorted(order) == list(range(200))
    assert len(groups) == 200


@given(st.integers(), st.floats(0, 1), st.floats(0, 1), st.integers(0, 40), st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_nothing_is_lost_doubled_or_kept(seed: int, batch: float, reorder: float, count: int, most: int) -> None:
    mangler = Mangler(Random(seed))
    rules = Webhooks(batch_rate=batch, reorder_rate=reorder, batch_max=most)
    groups = left(mangler, rules, updates(count))

    assert sorted((one for group in groups for one in group), key=int) == [str(index) for index in range(count)]
    assert not mangler.holds
    assert mangler.flush() == []
