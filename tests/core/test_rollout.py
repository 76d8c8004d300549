"""The stages of a rollout: what moves it on, what takes it back, and that it is never stuck."""

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.guard import Guard, Side, Tally
from penstock.core.rollout import MOVES, NEEDS, At, Move, Tested, in_words, judge, judge_test, moved, needs
from penstock.core.staging import DONE, ENDED, ROLLED_BACK, SHARES, STAGES, TEST, WHOLE
from penstock.core.work import Outcome

FLOWING = tuple(NEEDS)


def tally(candidate: tuple[int, int], control: tuple[int, int], share: float = 0.01) -> Tally:
    return Tally(expected=share, candidate=Side(*candidate), control=Side(*control))


def move(stage: str, numbers: Tally, **told: object) -> Move | None:
    facts = {"held_s": 3_600.0, **told}
    return judge(At(stage), numbers, NEEDS[stage], **facts).move  # type: ignore[arg-type]


def test_a_hundred_clean_outcomes_leave_the_first_percent() -> None:
    assert move("1", tally((99, 0), (9_900, 50))) is None
    assert move("1", tally((100, 0), (9_900, 50))) is Move.ADVANCE


def test_after_a_failure_the_bound_wants_more_of_them() -> None:
    assert move("1", tally((140, 1), (14_000, 70))) is None
    assert move("1", tally((158, 1), (14_000, 70))) is Move.ADVANCE


def test_where_upstream_fails_for_everybody_the_bound_is_relative() -> None:
    assert move("1", tally((400, 40), (40_000, 200))) is None
    assert move("1", tally((400, 40), (40_000, 4_000))) is Move.ADVANCE


def test_a_quarter_is_left_when_the_candidate_cannot_fail_twice_as_often() -> None:
    assert move("25", tally((1_300, 6), (3_900, 21), 0.25)) is Move.ADVANCE
    assert move("25", tally((1_300, 12), (3_900, 21), 0.25)) is None
    assert move("25", tally((1_300, 0), (3_900, 0), 0.25)) is Move.ADVANCE


def test_everybody_has_it_for_a_while_before_it_is_the_default() -> None:
    assert move(WHOLE, tally((2_000, 9), (0, 0)), held_s=599.0) is None
    assert move(WHOLE, tally((2_000, 9), (0, 0)), held_s=600.0) is Move.ADVANCE
    assert moved(At(WHOLE), Move.ADVANCE) == At(DONE)


def test_some_evidence_of_harm_holds_it_and_much_takes_it_back() -> None:
    guard = Guard(tally((10_000, 0), (10_000, 0)))
    for nth in range(2):
        guard.saw(Outcome.UPSTREAM, candidate=True, unit=str(nth), at=0.0)
    assert move("1", guard.tally) is None
    for nth in range(2, 5):
        guard.saw(Outcome.UPSTREAM, candidate=True, unit=str(nth), at=0.0)
    assert move("1", guard.tally) is Move.ROLL_BACK
    assert move("1", guard.tally, frozen="incident 7") is Move.ROLL_BACK


def test_an_open_incident_freezes_it_and_is_named() -> None:
    judged = judge(At("1"), tally((100, 0), (9_900, 0)), NEEDS["1"], held_s=0.0, frozen="incident 7")
    assert judged.move is None
    assert "incident 7" in judged.why


def test_fewer_outcomes_may_be_asked_for_and_prove_less() -> None:
    small = needs(20)
    assert [need.outcomes for need in small.values()] == [20, 20, 20, 20]
    assert judge(At("1"), tally((20, 0), (0, 0)), small["1"], held_s=0.0).move is Move.ADVANCE
    assert judge(At("25"), tally((20, 0), (60, 0), 0.25), small["25"], held_s=0.0).move is Move.ADVANCE
    assert judge(At(WHOLE), tally((20, 0), (0, 0)), small[WHOLE], held_s=0.0).move is Move.ADVANCE
    assert needs() is NEEDS


def test_the_evidence_is_in_words() -> None:
    said = in_words(tally((12, 4), (1_240, 6)))
    assert said.startswith("With the candidate 4 of 12 failed, with the recipe before 6 of 1")
    assert "nobody is left" in in_words(tally((12, 4), (0, 0)), stage=WHOLE)
    assert "nothing was tried yet" in in_words(tally((0, 0), (0, 0)))


def test_the_test_stage_wants_files_that_are_the_same() -> None:
    def said(tested: Tested, **told: object) -> Move | None:
        facts = {"wanted": 5, "refused": None, "different": None, **told}
        return judge_test(At(TEST), tested, **facts).move  # type: ignore[arg-type]

    assert said(Tested()) is None
    assert said(Tested(same=4)) is None
    assert said(Tested(same=5)) is Move.ADVANCE
    assert said(Tested(same=5, unsure=3)) is Move.ADVANCE
    assert said(Tested(), wanted=None) is Move.ADVANCE
    assert said(Tested(same=5), refused="POST is not GET") is Move.ROLL_BACK
    assert said(Tested(same=5), different="it is 3 bytes shorter") is Move.ROLL_BACK
    assert said(Tested(failed=2, trouble="Graph answered 405.")) is Move.ROLL_BACK
    assert said(Tested(failed=1)) is None
    assert said(Tested(same=5, failed=1)) is None
    assert said(Tested(same=10, failed=1)) is Move.ADVANCE
    assert said(Tested(same=5, failed=3)) is Move.ROLL_BACK
    assert said(Tested(same=5), frozen="incident 3") is None
    assert said(Tested(failed=2), frozen="incident 3") is Move.ROLL_BACK
    assert said(Tested(), wanted=None, frozen="incident 3") is None


def test_one_is_not_many() -> None:
    said = judge_test(At(TEST), Tested(same=1), wanted=2, refused=None, different=None).why
    assert said == "1 file was fetched again and is the same byte for byte. 1 more file of a test workspace is needed."
    assert judge(At("1"), tally((99, 0), (0, 0)), NEEDS["1"], held_s=0.0).why.endswith(" 1 more outcome is needed.")


def test_at_the_end_an_incident_is_somebodys_to_judge() -> None:
    said = judge(At(WHOLE), tally((3_000, 0), (0, 0)), NEEDS[WHOLE], held_s=700.0, frozen="incident 3")
    assert said.move is None
    assert "incident 3 is over. If that began with this recipe, roll it back" in said.why


places = st.builds(At, st.sampled_from([*STAGES, DONE, ROLLED_BACK]), st.booleans())


@given(at=places, steps=st.lists(st.sampled_from(list(Move)), max_size=20))
@settings(deadline=None, max_examples=200)
def test_it_only_ever_reaches_more_until_it_is_over_and_being_over_is_final(at: At, steps: list[Move]) -> None:
    order = (*STAGES, DONE)
    for step in steps:
        following = moved(at, step)
        if following is None:
            continue
        assert at.stage not in ENDED
        if following.stage != ROLLED_BACK:
            assert order.index(following.stage) >= order.index(at.stage)
            assert order.index(following.stage) - order.index(at.stage) <= 1
        if at.paused:
            assert step in {Move.RESUME, Move.ROLL_BACK}
        at = following


def test_everywhere_it_can_be_taken_back_until_it_is_over() -> None:
    for stage in STAGES:
        for paused in (False, True):
            assert MOVES[At(stage, paused), Move.ROLL_BACK] == At(ROLLED_BACK)
    assert not any(at.stage in ENDED for at, _ in MOVES)


numbers = st.builds(
    lambda share, a, b, c, d, sums: Tally(
        expected=share, candidate=Side(a, min(a, b)), control=Side(c, min(c, d)), sums=sums
    ),
    st.sampled_from([0.01, 0.05, 0.25, 1.0]),
    *(st.integers(0, 5_000) for _ in range(4)),
    st.lists(st.floats(-50, 50), min_size=5, max_size=5),
)


@given(
    stage=st.sampled_from(FLOWING),
    numbers=numbers,
    held_s=st.floats(0, 1e5),
    paused=st.booleans(),
    frozen=st.booleans(),
)
@settings(deadline=None, max_examples=200)
def test_nothing_is_promoted_while_it_is_frozen_or_paused(
    stage: str, numbers: Tally, held_s: float, paused: bool, frozen: bool
) -> None:
    at = At(stage, paused)
    judged = judge(at, numbers, NEEDS[stage], held_s=held_s, frozen="an incident" if frozen else None)
    assert judged.why
    if paused or frozen:
        assert judged.move in {None, Move.ROLL_BACK}
    if judged.move is not None:
        assert moved(at, judged.move) is not None
    refused = judge(at, numbers, NEEDS[stage], held_s=held_s, violation="it would be a POST", frozen="an incident")
    assert refused.move is Move.ROLL_BACK


@pytest.mark.parametrize("normal", [0.0, 0.004, 0.08])
@pytest.mark.parametrize("worse", [1.0, 1.5, 8.0])
def test_it_is_never_stuck(normal: float, worse: float) -> None:
    """Whatever fails how often, at the end it has reached everybody or nobody."""
    rng, at, at_s = random.Random(3), At("1"), 0.0
    following = at
    guard = Guard.of(SHARES["1"])
    for _ in range(60_000):
        share = SHARES[at.stage]
        for candidate in (True, False):
            rate, fails = 200 * (share if candidate else 1 - share), normal * (worse if candidate else 1.0)
            tried = int(rate) + (rng.random() < rate % 1)
            failed = sum(rng.random() < fails for _ in range(tried)) if fails else 0
            guard.passed(candidate=(tried - failed) * candidate, control=(tried - failed) * (not candidate))
            for nth in range(failed):
                guard.saw(Outcome.UPSTREAM, candidate=candidate, unit=f"{at_s}:{nth}:{candidate}", at=at_s)
        at_s += 61.0
        judged = judge(at, guard.tally, NEEDS[at.stage], held_s=at_s)
        if judged.move is not None:
            following = moved(at, judged.move) or at
            if following.stage in ENDED:
                break
            at, guard = following, Guard.of(SHARES[following.stage])
    assert following.stage in ENDED
    if normal and worse > 4:
        assert following.stage == ROLLED_BACK
    if worse == 1.0:
        assert following.stage == DONE


def test_what_is_kept_is_plain_data() -> None:
    assert msgspec.convert(msgspec.to_builtins(Tested(files=[1], same=1)), Tested) == Tested(files=[1], same=1)
