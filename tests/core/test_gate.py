"""Which of several gates counts for an item: the smallest opening, unless an operator overrules the machines."""

from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.gate import (
    AUTOMATIC,
    HOPS,
    OPERATOR,
    SCOPES,
    Board,
    Gate,
    counting,
    covers,
    in_force,
    narrowest,
    opening,
)

NOW = 1_795_000_000.0
FACTS = {
    "app": "main",
    "workspace": "acme",
    "credential": "token-a",
    "number": "100000000000002",
    "kind": "audio",
    "operation": "media.look_up",
}


def gate(
    scope: dict[str, str] | None = None,
    rate: float | None = 0.0,
    *,
    id_: int = 1,
    owner: str = OPERATOR,
    until: float | None = None,
    override: bool = False,
) -> Gate:
    return Gate(id_, scope or {}, rate, owner, "anna", "a test", NOW - 60, until, override)


# -- what a gate is for -------------------------------------------------------------------------


def test_without_a_gate_the_way_is_wide_open() -> None:
    assert opening([], FACTS, NOW) is None


def test_a_shut_gate_holds_everything_in_its_scope() -> None:
    shut = gate({"workspace": "acme"})

    assert opening([shut], FACTS, NOW) is shut
    assert opening([shut], {**FACTS, "workspace": "other"}, NOW) is None


def test_an_empty_scope_is_everything() -> None:
    shut = gate({})

    assert opening([shut], FACTS, NOW) is shut
    assert opening([shut], {}, NOW) is shut


def test_a_scope_of_several_facts_needs_them_all() -> None:
    both = gate({"workspace": "acme", "kind": "audio"})

    assert covers(both, FACTS)
    assert not covers(both, {**FACTS, "kind": "image"})


def test_a_fact_that_is_not_known_yet_is_in_no_scope() -> None:
    assert opening([gate({"host": "lookaside.fbsbx.com"})], FACTS, NOW) is None


def test_a_host_may_be_named_by_what_is_above_it() -> None:
    at_host = {**FACTS, "host": "lookaside.fbsbx.com"}

    assert covers(gate({"host": ".fbsbx.com"}), at_host)
    assert not covers(gate({"host": "fbsbx.com"}), at_host)
    assert not covers(gate({"host": ".fbsbx.com"}), FACTS)


def test_a_gate_ends_at_its_until() -> None:
    brief = gate(until=NOW + 1)

    assert in_force(brief, NOW)
    assert opening([brief], FACTS, NOW + 0.5) is brief
    assert opening([brief], FACTS, NOW + 1) is None


# -- several gates ------------------------------------------------------------------------------


def test_the_smallest_opening_wins_whoever_set_it() -> None:
    trickle = gate(rate=0.2, id_=1, owner="breaker")
    wider = gate(rate=5.0, id_=2)

    assert opening([wider, trickle], FACTS, NOW) is trickle


def test_a_wide_open_gate_narrows_nothing() -> None:
    assert opening([gate(rate=None)], FACTS, NOW) is None
    slow = gate(rate=3.0, id_=2)
    assert opening([gate(rate=None), slow], FACTS, NOW) is slow


def test_of_equal_gates_the_persons_is_named() -> None:
    machine, person = gate(id_=1, owner="breaker"), gate(id_=2)

    assert opening([machine, person], FACTS, NOW) is person


def test_an_operator_may_say_that_automatic_gates_do_not_count() -> None:
    machines = [gate(id_=number, owner=owner) for number, owner in enumerate(sorted(AUTOMATIC), 1)]
    open_all = gate({"workspace": "acme"}, None, id_=9, override=True)

    assert opening([*machines, open_all], FACTS, NOW) is None
    assert opening([*machines, open_all], {**FACTS, "workspace": "other"}, NOW) is machines[0]


def test_overruling_leaves_other_operators_gates_in_force() -> None:
    person = gate({"number": FACTS["number"]}, id_=2)
    gates = [gate(id_=1, owner="throttle"), person, gate({}, None, id_=3, override=True)]

    assert opening(gates, FACTS, NOW) is person


def test_an_overruling_gate_may_itself_be_narrow() -> None:
    careful = gate({}, 2.0, id_=2, override=True)

    assert opening([gate(id_=1, owner="auth"), careful], FACTS, NOW) is careful


def test_an_overruling_that_has_ended_overrules_nothing() -> None:
    machine = gate(id_=1, owner="auth")

    assert opening([machine, gate({}, None, id_=2, override=True, until=NOW)], FACTS, NOW) is machine


def test_a_machine_cannot_overrule_machines() -> None:
    machine = gate(id_=1, owner="breaker")

    assert opening([machine, gate({}, None, id_=2, owner="flag", override=True)], FACTS, NOW) is machine


def test_an_item_has_to_pass_every_gate_that_counts_and_the_narrowest_decides() -> None:
    gates = [gate(rate=5.0), gate({"workspace": "acme"}, 0.5, id_=2, owner="throttle"), gate({"kind": "video"}, id_=3)]

    assert counting(gates, FACTS, NOW) == gates[:2]
    assert narrowest(gates[:2]) is gates[1]
    assert narrowest([]) is None


# -- many gates at hand -------------------------------------------------------------------------

HOSTS = {"media.look_up": ("graph.facebook.com",), "media.download": (".fbsbx.com", "cdn.example")}


def numbers(found: list[Gate]) -> list[int]:
    return [each.id for each in found]


def test_a_gate_on_an_operation_is_before_its_hop_only() -> None:
    board = Board([gate({"operation": "media.download"}, 2.0, id_=4), gate({}, 9.0, id_=2)], HOSTS)

    assert numbers(board.before(FACTS, ["media.look_up"], NOW)) == [2]
    assert numbers(board.before(FACTS, ["media.download"], NOW)) == [2, 4]
    assert numbers(board.before(FACTS, HOPS, NOW)) == [2, 4]


def test_any_host_that_a_download_may_go_to_counts_until_it_is_known() -> None:
    gates = [
        gate({"host": "lookaside.fbsbx.com"}, 2.0, id_=1),
        gate({"host": "cdn.example"}, 2.0, id_=2),
        gate({"host": "graph.facebook.com"}, 2.0, id_=3),
        gate({"host": "elsewhere.example"}, 2.0, id_=4),
        gate({"host": ".lookaside.fbsbx.com"}, 2.0, id_=5),
    ]
    board = Board(gates, HOSTS)

    assert numbers(board.before(FACTS, ["media.look_up"], NOW)) == [3]
    assert numbers(board.before(FACTS, ["media.download"], NOW)) == [1, 2, 5]
    assert numbers(board.before(FACTS, ["media.download"], NOW, host="cdn.example")) == [2]
    assert numbers(board.before(FACTS, ["media.download"], NOW, host="x.lookaside.fbsbx.com")) == [5]
    assert board.before(FACTS, ["media.download"], NOW, host="other.fbsbx.com") == []


def test_a_shut_gate_of_either_hop_holds_an_item_and_a_narrow_one_does_not() -> None:
    shut = gate({"host": "lookaside.fbsbx.com"}, id_=7, owner="breaker")

    assert Board([gate({}, 1.0), shut], HOSTS).holding(FACTS, NOW) is shut
    assert Board([gate({}, 0.2)], HOSTS).holding(FACTS, NOW) is None
    probing = gate({}, 0.2, owner="breaker")
    assert Board([probing], HOSTS).holding(FACTS, NOW) is probing
    assert Board([shut]).holding(FACTS, NOW) is None
    assert Board().holding(FACTS, NOW) is None


def test_it_is_known_when_the_next_gate_ends() -> None:
    board = Board([gate(until=NOW + 5), gate({"kind": "audio"}, id_=2, until=NOW + 9), gate({"app": "x"}, id_=3)])

    assert (board.next_end(NOW), board.next_end(NOW + 5), board.next_end(NOW + 9)) == (NOW + 5, NOW + 9, float("inf"))


def test_another_opening_is_another_gate_in_the_same_place() -> None:
    board = Board([gate(rate=0.0)])

    assert board.places() == Board([gate(rate=5.0)]).places()
    assert board.places() != Board([gate(rate=None)]).places()
    assert board.places() != Board([gate({"app": "main"})]).places()


# -- properties ---------------------------------------------------------------------------------

values = st.sampled_from(["acme", "main", "audio", "x"])
scopes = st.dictionaries(st.sampled_from(SCOPES), values, max_size=2)
gates = st.lists(
    st.builds(
        Gate,
        id=st.integers(1, 50),
        scope=scopes,
        opening=st.none() | st.floats(0, 1000),
        owner=st.sampled_from([OPERATOR, *sorted(AUTOMATIC)]),
        by=st.just("anna"),
        why=st.just("a test"),
        since=st.just(NOW),
        until=st.none() | st.floats(NOW - 10, NOW + 10),
        override_automatic=st.booleans(),
    ),
    max_size=6,
    unique_by=lambda each: each.id,
)
facts = st.dictionaries(st.sampled_from(SCOPES), values, min_size=3)


@given(gates, facts)
@settings(max_examples=200, deadline=None)
def test_the_gate_that_counts_is_in_force_covers_the_item_and_is_the_narrowest(
    standing: list[Gate], item: dict[str, str]
) -> None:
    found = opening(standing, item, NOW)
    counting = [each for each in standing if in_force(each, NOW) and covers(each, item)]
    overruled = any(each.override_automatic and each.owner == OPERATOR for each in counting)
    rates = [
        each.opening for each in counting if each.opening is not None and not (overruled and each.owner in AUTOMATIC)
    ]

    assert (found.opening if found is not None else None) == (min(rates) if rates else None)
    assert found is None or found in counting


@given(gates, facts)
@settings(max_examples=100, deadline=None)
def test_the_order_of_gates_does_not_matter(standing: list[Gate], item: dict[str, str]) -> None:
    assert opening(standing, item, NOW) == opening(standing[::-1], item, NOW)


@given(gates, facts, st.floats(0, 1000))
@settings(max_examples=100, deadline=None)
def test_another_operators_gate_never_widens_the_way(standing: list[Gate], item: dict[str, str], rate: float) -> None:
    before = opening(standing, item, NOW)
    after = opening([*standing, gate({}, rate, id_=99)], item, NOW)

    assert after is not None and after.opening is not None
    assert before is None or before.opening is None or after.opening <= before.opening


named_hosts = st.sampled_from(["graph.facebook.com", "lookaside.fbsbx.com", ".fbsbx.com", "cdn.example", "x"])
placed = st.lists(
    st.builds(
        Gate,
        id=st.integers(1, 50),
        scope=st.one_of(
            scopes,
            st.builds(lambda host: {"host": host}, named_hosts),
            st.sampled_from([{"operation": each} for each in HOPS]),
        ),
        opening=st.none() | st.floats(0, 3),
        owner=st.sampled_from([OPERATOR, "breaker"]),
        by=st.just("anna"),
        why=st.just("a test"),
        since=st.just(NOW),
        until=st.none() | st.floats(NOW - 10, NOW + 10),
        override_automatic=st.booleans(),
    ),
    max_size=8,
    unique_by=lambda each: each.id,
)


@given(placed, facts, st.none() | st.sampled_from(["graph.facebook.com", "lookaside.fbsbx.com", "cdn.example"]))
@settings(max_examples=200, deadline=None)
def test_a_board_finds_what_going_through_all_gates_finds(
    standing: list[Gate], item: dict[str, str], host: str | None
) -> None:
    board = Board(standing, HOSTS)
    item = {name: value for name, value in item.items() if name not in ("host", "operation")}
    everywhere = {value for each in standing for value in [each.scope.get("host")] if value}
    reached = {
        "media.look_up": {"graph.facebook.com"} & everywhere,
        "media.download": {"lookaside.fbsbx.com", ".fbsbx.com", "cdn.example"} & everywhere,
    }
    for operation in HOPS:
        known = {**item, "operation": operation}
        ways = [{**known, "host": host}] if host else [known, *({**known, "host": each} for each in reached[operation])]
        expected = {each.id for way in ways for each in counting(standing, way, NOW)}
        assert numbers(board.before(item, [operation], NOW, host=host)) == sorted(expected)
