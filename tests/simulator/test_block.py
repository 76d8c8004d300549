"""The punishment for failing look-ups."""

from penstock.simulator.block import Block
from penstock.simulator.scenario import Rules

RULES = Rules(block_after_errors=3, block_window_s=60, block_for_s=100)


def test_a_number_is_blocked_after_so_many_errors_and_free_again_in_time() -> None:
    block = Block()
    for at in (0.0, 1.0):
        block.error("1", at, RULES)
    assert block.left_s("1", 1.0) == 0

    block.error("1", 2.0, RULES)

    assert block.left_s("1", 2.0) == 100
    assert block.left_s("2", 2.0) == 0
    assert block.left_s("1", 102.0) == 0


def test_old_errors_are_forgotten() -> None:
    block = Block()
    for at in (0.0, 1.0, 61.0, 122.0):
        block.error("1", at, RULES)

    assert block.left_s("1", 122.0) == 0


def test_nobody_is_blocked_when_the_rules_have_it_off() -> None:
    block = Block()
    for at in range(100):
        block.error("1", float(at), Rules())

    assert block.left_s("1", 100.0) == 0
