"""What a gate costs is added up from counts by lane, and said in one sentence."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.expiry import (
    DAY_S,
    HOUR_S,
    SIX_HOURS_S,
    Share,
    Waiting,
    add_up,
    cost,
    held_by,
    in_scope,
    moment,
    nearing,
    option,
    scope_name,
)
from penstock.core.gate import Gate

NOW = 1_795_773_600.0  # Friday 27 November 2026, 10:00 UTC


def row(workspace: str = "acme", *, no_storage: bool = False, **counts: Any) -> Waiting:
    zero: dict[str, Any] = dict.fromkeys(("files", "past", "hour", "six_hours", "day", "before"), 0)
    facts = {"app": "main", "credential": "token-a", "number": "1", "kind": "image", "first_at": None}
    return Waiting(workspace=workspace, no_storage=no_storage, **{**facts, **zero, **counts})


def said(*rows: Waiting, opening: float | None = 0.0, until: float | None = None) -> str:
    return cost(add_up(rows), opening=opening, now=NOW, until=until).replace("\u2009", " ")


# -- the sentence ---------------------------------------------------------------------------


def test_the_sentence_says_how_many_of_whom_expire_before_when() -> None:
    rows = [
        row("acme", files=1_000, before=400, six_hours=400),
        row("beta", files=10, before=11, day=11),
        row("gamma", files=17, before=17, hour=17, no_storage=True),
        row("delta", files=1),
    ]

    assert said(*rows, until=NOW + 4 * HOUR_S) == (
        "428 files of 3 workspaces expire before Friday 14:00 UTC; 17 on No-Storage numbers within the hour."
    )


def test_without_an_end_it_looks_a_day_ahead() -> None:
    assert said(row(files=1, before=1)) == "1 file of 1 workspace expires before Saturday 10:00 UTC."


def test_where_nothing_expires_it_says_what_waits() -> None:
    assert said(row(files=1_203), row("beta", files=1)) == (
        "1 204 files of 2 workspaces wait in its scope, none of which expires before Saturday 10:00 UTC."
    )
    assert said() == "No file waits in its scope now."


def test_what_is_past_its_time_is_said_apart() -> None:
    assert said(row(files=3, before=1, past=2)) == (
        "1 file of 1 workspace expires before Saturday 10:00 UTC; 2 are past the time that Meta keeps them."
    )


def test_a_rate_says_how_long_the_work_takes() -> None:
    assert said(row(files=7_201), opening=2.0) == (
        "7 201 files of 1 workspace wait in its scope, 1 h of work at this rate; none expires before Saturday 10:00 UTC."
    )
    assert "2 m of work at this rate; 5 files of 1 workspace expire" in said(row(files=90, before=5), opening=1.0)


def test_what_is_near_is_said_with_the_way_out() -> None:
    sentence = nearing({"workspace": "acme"}, Share(12, 1), within_s=SIX_HOURS_S, first_at=NOW + HOUR_S, now=NOW)

    assert sentence.replace("\u2009", " ") == (
        "12 files of 1 workspace behind the shut gate of workspace acme expire within 6 h, the first one Friday 11:00 UTC: "
        "`penstock gate open --workspace acme` lets them through."
    )
    assert "everything expires within 1" in nearing({}, Share(1, 1), within_s=HOUR_S, first_at=None, now=NOW)


def test_a_scope_has_a_name_and_an_option() -> None:
    assert (scope_name({}), option({})) == ("everything", "--all")
    assert (scope_name({"kind": "video"}), option({"kind": "video"})) == ("kind video", "--kind video")


def test_a_moment_that_is_far_away_has_a_date() -> None:
    assert moment(NOW + 5 * DAY_S, NOW) == "Wednesday 10:00 UTC"
    assert moment(NOW + 7 * DAY_S, NOW) == "4 Dec 2026 10:00 UTC"


def test_a_held_file_says_why_since_when_and_by_whom() -> None:
    gate = Gate(1, {}, 0.0, "breaker", "breaker", "graph is down.", NOW - 60, None, False)

    assert held_by(gate, NOW) == '"graph is down" since Friday 09:59 UTC, by breaker'


# -- the sums -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "inside"),
    [
        ({}, True),
        ({"workspace": "acme"}, True),
        ({"workspace": "beta"}, False),
        ({"number": "1"}, True),
        ({"kind": "audio"}, False),
        ({"operation": "media.look_up"}, True),
        ({"host": "graph.facebook.com"}, True),
    ],
)
def test_files_are_in_the_scope_of_what_they_need(scope: dict[str, str], inside: bool) -> None:
    assert in_scope(scope, row(files=1)) is inside


COUNTS = st.tuples(*[st.integers(0, 5)] * 5)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), COUNTS), max_size=8))
def test_no_file_is_added_up_twice_and_none_is_left_out(lanes: list[tuple[str, bool, Any]]) -> None:
    rows = [
        row(
            workspace,
            no_storage=no_storage,
            files=past + hour + six + day + rest,
            past=past,
            hour=hour,
            six_hours=six,
            day=day,
            before=hour + six,
            first_at=float(hour) or None,
        )
        for workspace, no_storage, (past, hour, six, day, rest) in lanes
    ]
    found = add_up(rows)

    assert found.waiting.files == sum(each.files for each in rows)
    assert found.waiting.workspaces == len({each.workspace for each in rows if each.files})
    assert found.before.files == found.within(SIX_HOURS_S) == sum(each.before for each in rows)
    assert found.within(DAY_S) == sum(each.hour + each.six_hours + each.day for each in rows)
    assert found.no_storage() == sum(each.hour for each in rows if each.no_storage)
    assert all(share.files and share.workspaces for share in found.near.values())
    assert cost(found, opening=0.0, now=NOW, until=None).count("\n") == 0
