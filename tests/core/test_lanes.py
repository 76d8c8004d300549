"""Nobody waits for ever, nobody gets more than the limit, nothing free is left unused, and each lane keeps its order."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core import lanes
from penstock.core.lanes import Lane, Limits, Ready, Turns

NOW = 1_795_000_000.0
DAY_S = 86_400.0

some_lanes = st.sets(
    st.builds(Lane, st.integers(1, 5), st.integers(1, 4), st.sampled_from(["image", "audio"])), max_size=20
).map(sorted)
counts = st.dictionaries(st.integers(1, 5), st.integers(0, 8))


def of(workspace: int, number: int = 1) -> Lane:
    return Lane(workspace, number, "image")


# -- turns ------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=200)
@given(waiting=some_lanes, free=st.integers(0, 60), most=st.none() | st.integers(1, 10), under_way=counts)
def test_all_that_is_free_is_given_out_and_no_limit_is_passed(
    waiting: list[Lane], free: int, most: int | None, under_way: dict[int, int]
) -> None:
    quotas = lanes.share(waiting, free=free, turns=Turns(), limits=Limits(most, under_way))

    assert set(quotas) <= set(waiting)
    assert all(quota > 0 for quota in quotas.values())
    by_workspace = Counter[int]()
    for lane, quota in quotas.items():
        by_workspace[lane.workspace_id] += quota
    if most is None:
        assert sum(quotas.values()) == (free if waiting else 0)
        return
    room = {lane.workspace_id: max(0, most - under_way.get(lane.workspace_id, 0)) for lane in waiting}
    assert all(items <= room[workspace] for workspace, items in by_workspace.items())
    assert sum(quotas.values()) == min(free, sum(room.values()))


@settings(deadline=None, max_examples=100)
@given(waiting=some_lanes, free=st.integers(1, 60))
def test_lanes_without_a_limit_get_the_same_within_one(waiting: list[Lane], free: int) -> None:
    quotas = lanes.share(waiting, free=free, turns=Turns(), limits=Limits())
    shares = [quotas.get(lane, 0) for lane in waiting]
    assert not shares or max(shares) - min(shares) <= 1


@settings(deadline=None, max_examples=60)
@given(waiting=some_lanes.filter(bool), free=st.integers(1, 6), most=st.none() | st.integers(1, 3), data=st.data())
def test_no_lane_starves_whoever_else_comes_and_goes(
    waiting: list[Lane], free: int, most: int | None, data: st.DataObject
) -> None:
    """Every claim ends before the next one; all lanes but the first come and go as they like."""
    patient, others = waiting[0], waiting[1:]
    turns = Turns()
    for _ in range(len(waiting)):
        there = [lane for lane in others if data.draw(st.booleans())]
        quotas = lanes.share([*there, patient], free=free, turns=turns, limits=Limits(most))
        turns = lanes.after(turns, dict.fromkeys(quotas, 1))
        if patient in quotas:
            return
    raise AssertionError("it had no turn")


@settings(deadline=None, max_examples=200)
@given(
    waiting=some_lanes,
    free=st.integers(0, 60),
    left=st.lists(st.integers(0, 9), min_size=3, max_size=3),
    data=st.data(),
)
def test_no_gate_lets_more_through_than_it_has_left_and_what_it_has_is_given_out(
    waiting: list[Lane], free: int, left: list[int], data: st.DataObject
) -> None:
    before = {lane: data.draw(st.sampled_from([(), (0,), (1,), (0, 1), (1, 2)])) for lane in waiting}
    limits = Limits(narrow={lane: gates for lane, gates in before.items() if gates}, left=dict(enumerate(left)))
    quotas = lanes.share(waiting, free=free, turns=Turns(), limits=limits)

    passed = Counter(gate for lane, items in quotas.items() for gate in before[lane] for _ in range(items))
    assert all(items <= left[gate] for gate, items in passed.items())
    assert sum(quotas.values()) <= free
    if sum(quotas.values()) < free:  # then no lane could have given one more
        assert all(any(passed[gate] == left[gate] for gate in before[lane]) for lane in waiting if before[lane])
        assert not any(not before[lane] for lane in waiting)
    after = limits.with_more(quotas)
    assert dict(after.left) == {gate: items - passed[gate] for gate, items in enumerate(left)}


@settings(deadline=None, max_examples=40)
@given(count=st.integers(1, 12), each=st.integers(1, 3))
def test_behind_one_narrow_gate_every_lane_has_its_turn(count: int, each: int) -> None:
    waiting = [of(n) for n in range(count)]
    narrow, turns = dict.fromkeys(waiting, (7,)), Turns()
    came: list[Lane] = []
    while len(came) < count:
        quotas = lanes.share(waiting, free=50, turns=turns, limits=Limits(narrow=narrow, left={7: each}))
        came += quotas
        turns = lanes.after(turns, dict.fromkeys(quotas, 1))
    assert set(came) == set(waiting)


def test_who_had_no_turn_for_longest_is_next() -> None:
    waiting = [of(n) for n in range(1, 6)]
    turns, order = Turns(), []
    for _ in range(5):
        quotas = lanes.share(waiting, free=2, turns=turns, limits=Limits())
        order += [lane.workspace_id for lane in quotas]
        turns = lanes.after(turns, dict.fromkeys(quotas, 1))
    assert order == [1, 2, 3, 4, 5, 1, 2, 3, 4, 5]


def test_a_workspace_with_many_lanes_leaves_room_for_others() -> None:
    waiting = [*(of(1, n) for n in range(100)), of(2)]
    quotas = lanes.share(waiting, free=60, turns=Turns(), limits=Limits(48, {1: 40}))
    assert sum(quota for lane, quota in quotas.items() if lane.workspace_id == 1) == 8
    assert quotas[of(2)] == 48


def test_what_is_begun_counts_towards_the_limit() -> None:
    limits = Limits(3, {1: 1}).with_more({of(1): 1, of(1, 2): 1, of(2): 1})
    assert (limits.room(1), limits.room(2), limits.room(3)) == (0, 2, 3)
    assert Limits().room(1) == float("inf")


def test_room_is_kept_free_only_where_there_are_others() -> None:
    assert lanes.most_of_one(64, workspaces=1) is None
    assert lanes.most_of_one(64, workspaces=2) == 48
    assert lanes.most_of_one(1, workspaces=9) == 1


def test_what_is_remembered_has_an_end() -> None:
    turns = Turns()
    for start in range(0, 24_000, 4_000):
        turns = lanes.after(turns, {of(n): 1 for n in range(start, start + 4_000)})
    assert turns.given == 24_000
    assert len(turns.last) <= 20_000
    assert of(23_999) in turns.last


# -- within a lane ----------------------------------------------------------------------------------------

BACKLOG = [Ready(n, NOW + DAY_S + n) for n in range(100, 120)]
LIVE = [Ready(n, NOW + 7 * DAY_S + n) for n in range(200, 220)]


def test_live_and_backlog_alternate_four_to_one_over_many_claims() -> None:
    picked, turn = [], 0
    backlog, live = list(BACKLOG), list(LIVE)
    for _ in range(10):
        (one,), mixed = lanes.mix(backlog, live, quota=1, turn=turn, now=NOW)
        picked.append(one)
        turn += mixed
        backlog = [item for item in backlog if item.id != one]
        live = [item for item in live if item.id != one]
    assert picked == [200, 201, 202, 203, 100, 204, 205, 206, 207, 101]
    assert lanes.mix(BACKLOG, LIVE, quota=10, turn=0, now=NOW) == (picked, 10)


def test_what_is_near_its_end_goes_before_everything_and_takes_no_turn() -> None:
    near = [Ready(1, NOW + 10), Ready(2, NOW + 3_599)]
    assert lanes.mix([*near, *BACKLOG], LIVE, quota=4, turn=4, now=NOW) == ([1, 2, 100, 200], 2)
    assert lanes.mix([*near, *BACKLOG], LIVE, quota=1, turn=4, now=NOW) == ([1], 0)


@settings(deadline=None, max_examples=200)
@given(
    old=st.lists(st.integers(0, 40), unique=True, max_size=12),
    new=st.lists(st.integers(20, 60), unique=True, max_size=12),
    quota=st.integers(0, 20),
    turn=st.integers(0, 9),
)
def test_a_lane_gives_as_much_as_it_has_and_nothing_twice(
    old: list[int], new: list[int], quota: int, turn: int
) -> None:
    everything = sorted({*old, *new})
    earliest = [Ready(n, NOW + 1_000.0 * n) for n in everything[:quota]]
    live = [Ready(n, NOW + 1_000.0 * n) for n in sorted(new)[:quota]]
    picked, mixed = lanes.mix(earliest, live, quota=quota, turn=turn, now=NOW)

    assert len(picked) == len(set(picked)) == min(quota, len(everything))
    near = [item.id for item in earliest if item.deadline < NOW + lanes.NEAR_S]
    assert picked[: len(near)] == near
    assert mixed == len(picked) - len(near)


def test_live_is_what_arrived_in_the_last_ten_minutes_to_the_minute() -> None:
    since = lanes.live_minute(NOW) * 60
    assert NOW - 660 < since <= NOW - 600
