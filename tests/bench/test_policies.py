"""What stands between a queue and a fleet in trouble: the classic breakers as their libraries are, ours as it runs."""

from penstock.bench.policies import OPEN_S, POLICIES, Classic, InARow, NoGate, Ours, Policy, Rate
from penstock.core.breaker import FEWEST, PROBE_OPENING, TRIES, Tried


def tried(passed: bool, *, at: float = 0.0, job: int = 1, nth: int = 1) -> Tried:
    return Tried(job, nth, at, at, passed)


def test_each_policy_begins_with_nothing_in_the_way() -> None:
    for make in POLICIES.values():
        policy = make()
        assert (policy.free(0.0), policy.shut, policy.opens, policy.probing()) == (None, False, 0, False)


def test_without_a_gate_nothing_is_ever_in_the_way() -> None:
    policy: Policy = NoGate()
    assert all(policy.tried(tried(False)) for _ in range(1_000))
    assert policy.free(1.0) is None


def test_five_failures_in_a_row_open_the_one() -> None:
    policy = InARow()
    assert all(policy.tried(tried(False)) for _ in range(4))
    assert policy.tried(tried(True))
    assert [policy.tried(tried(False)) for _ in range(5)] == [True] * 4 + [False]
    assert (policy.shut, policy.opens, policy.free(1.0)) == (True, 1, 0)


def test_half_of_a_hundred_calls_open_the_other() -> None:
    policy = Rate()
    assert all(policy.tried(tried(n % 2 == 0)) for n in range(19))
    assert not policy.tried(tried(False))
    assert policy.shut


def half_open(policy: Classic) -> None:
    while policy.tried(tried(False)):
        pass
    assert policy.free(OPEN_S - 1.0) == 0
    assert policy.free(OPEN_S) == 3


def test_a_classic_breaker_closes_when_most_of_ten_calls_pass_and_opens_again_when_they_do_not() -> None:
    policy = InARow()
    half_open(policy)
    assert [policy.tried(tried(n > 3, at=OPEN_S)) for n in range(10)] == [True] * 9 + [False]
    assert policy.free(OPEN_S + 1.0) is None
    policy = InARow()
    half_open(policy)
    for n in range(10):
        policy.tried(tried(n > 4, at=OPEN_S))
    assert policy.free(OPEN_S + 1.0) == 0
    assert policy.free(2 * OPEN_S) == 3


def test_ours_lets_a_probe_through_every_five_seconds_once_files_do_not_pass() -> None:
    policy = Ours()
    for job in range(FEWEST):
        for nth in range(1, TRIES + 1):
            policy.tried(tried(False, job=job, nth=nth))
    passing = 0
    for second in range(100):
        free = policy.free(100.0 + second)
        assert free is not None
        assert policy.shut
        assert policy.probing()
        for _ in range(free):
            policy.tried(tried(False, at=100.0 + second, nth=4))
        passing += free
    assert abs(passing - 100 * PROBE_OPENING) <= 1
    assert policy.opens == 1
