"""That files are near their end is said once for each threshold of each gate, and never missed."""

from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.expiry import DAY_S, HOUR_S, SIX_HOURS_S, Expiring, Share
from penstock.core.nearing import Told, look

NEAR = ((HOUR_S, False), (HOUR_S, True), (SIX_HOURS_S, False), (DAY_S, False))


def behind(near: dict[tuple[float, bool], int]) -> Expiring:
    shares = {key: Share(files, 1) for key, files in near.items() if files}
    return Expiring(Share(sum(near.values()), 1), 0, Share(), shares, 5.0)


def test_each_threshold_is_said_once_the_nearest_end_first() -> None:
    told, near = look({}, {7: behind({(DAY_S, False): 9, (HOUR_S, True): 2})})
    assert [(each.within_s, each.no_storage, each.share.files) for each in near] == [
        (HOUR_S, True, 2),
        (DAY_S, False, 9),
    ]

    told, near = look(told, {7: behind({(DAY_S, False): 8, (HOUR_S, True): 3})})
    assert near == []
    told, near = look(told, {7: behind({(SIX_HOURS_S, False): 8})})
    assert [each.within_s for each in near] == [SIX_HOURS_S]


def test_a_straggler_hides_nothing_of_the_many_that_follow() -> None:
    told, near = look({}, {7: behind({(HOUR_S, False): 1})})
    assert len(near) == 1
    told, near = look(told, {7: behind({(HOUR_S, False): 1, (DAY_S, False): 1_000})})
    assert [(each.within_s, each.share.files) for each in near] == [(DAY_S, 1_000)]
    told, near = look(told, {7: behind({(HOUR_S, False): 9})})
    assert near == []
    told, near = look(told, {7: behind({(HOUR_S, False): 1_000})})
    assert [each.share.files for each in near] == [1_000]


def test_a_gate_that_was_opened_and_shut_again_is_told_of_again() -> None:
    told, near = look({}, {7: behind({(DAY_S, False): 9})})
    told, near = look(told, {})
    assert (told, near) == ({}, [])
    told, near = look(told, {7: behind({(DAY_S, False): 9})})
    assert len(near) == 1


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.integers(1, 3), st.dictionaries(st.sampled_from(NEAR), st.integers(0, 2_000), max_size=4), max_size=3
        ),
        max_size=12,
    )
)
def test_whatever_happens_each_threshold_is_said_at_once_and_seldom(
    rounds: list[dict[int, dict[tuple[float, bool], int]]],
) -> None:
    told: Told = {}
    said: dict[tuple[int, float, bool], int] = {}
    for each in rounds:
        for key in [key for key in said if key[0] not in each]:
            del said[key]  # the gate is open
        told, near = look(told, {gate: behind(shares) for gate, shares in each.items()})
        for one in near:
            key = (one.gate_id, one.within_s, one.no_storage)
            assert one.share.files >= 10 * said.get(key, 0)
            said[key] = one.share.files
        for gate, shares in each.items():
            for (within_s, no_storage), files in shares.items():
                assert files == 0 or (gate, within_s, no_storage) in said
