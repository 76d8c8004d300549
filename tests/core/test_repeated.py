"""What the same request, sent several times, shows; and when it is sent again."""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.repeated import APART_S, MOST, TESTED, Answer, Trials, facts, told
from penstock.core.work import Outcome

NOW = 1_795_000_000.0


def answer(outcome: Outcome = Outcome.DELIVERED, **more: str | int) -> Answer:
    known = {"status": 200 if outcome is Outcome.DELIVERED else 405} | more
    return Answer(outcome, 0.1, **known)  # type: ignore[arg-type]


GOOD, BAD = answer(), answer(Outcome.CLIENT_BUG)


def test_where_all_are_answered_it_is_our_own_request_or_no_server_that_was_met() -> None:
    said = "All 10 identical requests, sent as declared over new connections, were answered as they should be."
    assert told([GOOD] * 10, own_request=True) == f"{said} It is our own request that fails."
    assert told([GOOD] * 10, own_request=False) == f"{said} No server that was met refuses it."


def test_where_all_fail_it_is_said_how() -> None:
    said = "All 10 identical requests, sent as declared over new connections, failed: "
    assert told([BAD] * 10, own_request=False) == f"{said}405."
    mixed = [BAD] * 7 + [answer(Outcome.TIMEOUT, status=None)] * 3  # type: ignore[arg-type]
    assert told(mixed, own_request=False) == f"{said}405 7 times, timeout 3 times."


def test_answers_that_differ_say_at_which_places_the_bad_ones_were() -> None:
    differ = "Answers differ for identical requests: 3 of 10 failed"
    good = [answer(peer_address="192.0.2.1") for _ in range(7)]
    bad = [answer(Outcome.UPSTREAM, peer_address=f"192.0.2.{9 - nth % 2}") for nth in range(3)]
    assert told(good + bad, own_request=False) == f"{differ}, all at 2 addresses (192.0.2.8, 192.0.2.9)."
    assert told(good + bad[:1] * 3, own_request=False) == f"{differ}, all at one address (192.0.2.9)."
    one = answer(Outcome.UPSTREAM, peer_address="192.0.2.1")
    assert told(good + [one] * 3, own_request=False) == f"{differ}, at an address that answered others well."
    assert told([GOOD] * 7 + [BAD] * 3, own_request=False) == f"{differ}."


def test_servers_say_more_than_addresses() -> None:
    good = [answer(peer_address="192.0.2.1", server="edge-1") for _ in range(6)]
    bad = [answer(Outcome.UPSTREAM, peer_address="192.0.2.1", server=f"edge-{nth + 2}") for nth in range(4)]
    said = told(good + bad, own_request=False)
    assert said == (
        "Answers differ for identical requests: 4 of 10 failed, all at 4 servers (edge-2, edge-3, edge-4, …)."
    )


def test_the_timeline_keeps_every_answer_and_it_can_be_written_as_json() -> None:
    kept = facts([GOOD, BAD], operation="media.look_up", asked="the known file")
    assert json.loads(json.dumps(kept)) == kept
    assert (kept["requests"], kept["failed"], kept["asked"]) == (2, 1, "the known file")
    assert kept["answers"][1]["outcome"] == "client_bug"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(list(Outcome)), min_size=1, max_size=12), st.booleans())
def test_whatever_was_answered_there_is_one_sentence_with_the_right_count(outcomes: list[Outcome], own: bool) -> None:
    said = told([answer(outcome) for outcome in outcomes], own_request=own)
    failed = sum(outcome is not Outcome.DELIVERED for outcome in outcomes)
    assert str(len(outcomes)) in said
    assert ("Answers differ" in said) == (0 < failed < len(outcomes))
    assert said.endswith(".")


class TestWhen:
    @pytest.mark.parametrize("family", ["auth", "gone", "throttle", "local"])
    def test_what_is_about_a_token_a_limit_or_a_file_is_not_tested(self, family: str) -> None:
        assert not Trials().due(family, "cause", NOW)

    @pytest.mark.parametrize("family", sorted(TESTED))
    def test_each_cause_is_tested_once(self, family: str) -> None:
        trials = Trials()
        assert trials.due(family, "one", NOW)
        assert not trials.due(family, "one", NOW + 10 * APART_S)
        assert not trials.due(family, "another", NOW + APART_S - 1)
        assert trials.due(family, "another", NOW + APART_S)

    def test_what_could_not_be_made_may_be_made_later(self) -> None:
        trials = Trials()
        assert trials.due("upstream", "one", NOW)
        trials.not_made()
        assert not trials.due("upstream", "one", NOW + 1)
        assert trials.due("upstream", "one", NOW + APART_S)

    def test_what_an_earlier_leader_tested_is_not_tested_again(self) -> None:
        trials = Trials()
        trials.made("one")
        assert not trials.due("upstream", "one", NOW)
        assert trials.due("upstream", "another", NOW)

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 200)), max_size=60))
    def test_an_incident_has_so_many_tests_at_most_however_often_its_cause_changes(
        self, causes: list[tuple[int, float]]
    ) -> None:
        trials, now, began = Trials(), NOW, []
        for cause, after_s in causes:
            now += after_s
            if trials.due("upstream", cause, now):
                began.append(now)
        assert len(began) <= MOST
        assert all(later - earlier >= APART_S for earlier, later in pairwise(began))
