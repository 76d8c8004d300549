"""A trace covers what a gate of its scope would, while it is on, and is full when it is full."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.trace import FULL, Trace, covers, fits, is_on, state

TRACE = Trace(1, {"workspace": "acme"}, "cli:anna", "a look", 100.0, 200.0, 3, 100)
FACTS = {"workspace": "acme", "operation": "media.look_up", "kind": "image"}


def test_a_trace_is_on_until_its_time_is_over_or_somebody_ends_it_or_it_is_full() -> None:
    assert [state(TRACE, at) for at in (100.0, 199.9, 200.0)] == ["on", "on", "over"]
    off = msgspec.structs.replace(TRACE, ended_at=150.0, ended_by="cli:ben")
    full = msgspec.structs.replace(TRACE, ended_at=150.0, ended_by=FULL)
    assert (state(off, 160.0), state(full, 300.0)) == ("off", "full")
    assert is_on(TRACE, 150.0)
    assert not is_on(off, 150.0)


def test_a_scope_covers_everything_or_what_has_its_one_fact() -> None:
    assert covers(TRACE, FACTS)
    assert not covers(TRACE, FACTS | {"workspace": "globex"})
    assert covers(msgspec.structs.replace(TRACE, scope={}), FACTS)
    assert not covers(msgspec.structs.replace(TRACE, scope={"kind": "video"}), FACTS)


def test_a_host_may_be_the_one_until_it_is_known() -> None:
    of_host = msgspec.structs.replace(TRACE, scope={"host": ".fbsbx.com"})
    assert covers(of_host, FACTS)
    assert covers(of_host, FACTS | {"host": "lookaside.fbsbx.com"})
    assert not covers(of_host, FACTS | {"host": "graph.facebook.com"})


@settings(max_examples=60, deadline=None)
@given(sizes=st.lists(st.integers(1, 60), max_size=8), exchanges=st.integers(0, 4), held=st.integers(0, 120))
def test_no_more_is_kept_than_there_is_room_for(sizes: list[int], exchanges: int, held: int) -> None:
    trace = msgspec.structs.replace(TRACE, exchanges=exchanges, bytes=held)
    fitting = fits(trace, sizes)
    assert fitting == 0 or exchanges + fitting <= trace.most_exchanges
    assert fitting == 0 or held + sum(sizes[:fitting]) <= trace.most_bytes
    if fitting < len(sizes):
        assert exchanges + fitting + 1 > trace.most_exchanges or held + sum(sizes[: fitting + 1]) > trace.most_bytes
