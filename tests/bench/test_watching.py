"""Simulated traffic for the watch."""

import random

import pytest

from penstock.bench import watching


@pytest.mark.parametrize("workspaces", [1, 20])
def test_a_third_of_the_fleet_failing_is_noticed(workspaces: int) -> None:
    found = watching.delay(random.Random(1), rate=10, workspaces=workspaces, failing=0.3, streams=10)
    assert found.outcomes < 1_000
    assert found.onset_error_s < 30


def test_quiet_days_are_quiet() -> None:
    for bursts in (False, True):
        rang = watching.false_alarms(random.Random(1), rate=0.1, workspaces=50, days=2, bursts=bursts, streams=10)
        assert rang <= 1


def test_the_wrong_method_is_named_with_the_servers_that_refuse_it() -> None:
    found = watching.incident(random.Random(1), failures=100)
    assert found == watching.Named(claimed=True, cause=True, servers=True)


def test_failures_without_structure_are_no_diagnosis() -> None:
    assert not watching.quiet(random.Random(1), attempts=2_000)


def test_the_middle_is_a_value_of_them() -> None:
    assert watching.middle([3.0, 1.0, 2.0]) == 2.0
    assert watching.middle([3.0, 1.0, 2.0], 0.95) == 3.0
