"""The class table, line by line."""

from typing import Any

import pytest

from penstock.core.exchange import Exchange, Trouble
from penstock.core.verdict import GONE_SENTENCE, Verdict, judge
from penstock.core.work import Outcome

NOW = 1_795_000_000.0
DAY_S = 86_400.0
LOOK_UP, DOWNLOAD = "media.look_up", "media.download"


def exchange(operation: str = LOOK_UP, **facts: Any) -> Exchange:
    known: dict[str, Any] = {"declared_method": "GET", "wire_method": "GET", "at": NOW, "duration_s": 0.1}
    return Exchange(operation=operation, **(known | facts))


def judged(operation: str = LOOK_UP, *, age_s: float = 3_600.0, life_s: float = 7 * DAY_S, **facts: Any) -> Verdict:
    received_at = NOW - age_s
    return judge(exchange(operation, **facts), now=NOW, received_at=received_at, deadline=received_at + life_s)


@pytest.mark.parametrize("operation", [LOOK_UP, DOWNLOAD])
def test_a_whole_and_checked_answer_is_delivered(operation: str) -> None:
    verdict = judged(operation, status=200)
    assert (verdict.outcome, verdict.final, verdict.fault, verdict.alarm) == (Outcome.DELIVERED, None, None, False)


@pytest.mark.parametrize("operation", [LOOK_UP, DOWNLOAD])
@pytest.mark.parametrize(
    ("status", "code", "outcome", "fault"),
    [
        (401, 190, Outcome.AUTH, "yours"),
        (200, 190, Outcome.AUTH, "yours"),  # by code, whatever the status
        (400, 102, Outcome.AUTH, "yours"),
        (400, 0, Outcome.AUTH, "yours"),
        (400, 3, Outcome.AUTH, "yours"),
        (403, 10, Outcome.AUTH, "yours"),
        (403, 200, Outcome.AUTH, "yours"),
        (400, 299, Outcome.AUTH, "yours"),
        (400, 131005, Outcome.AUTH, "yours"),
        (400, 368, Outcome.AUTH, "yours"),
        (400, 131031, Outcome.AUTH, "yours"),
        (400, 130497, Outcome.AUTH, "yours"),
        (400, 4, Outcome.THROTTLE, "theirs"),
        (429, 4, Outcome.THROTTLE, "theirs"),
        (400, 17, Outcome.THROTTLE, "theirs"),
        (400, 341, Outcome.THROTTLE, "theirs"),
        (400, 613, Outcome.THROTTLE, "theirs"),
        (400, 80007, Outcome.THROTTLE, "theirs"),
        (400, 130429, Outcome.THROTTLE, "theirs"),
        (429, None, Outcome.THROTTLE, "theirs"),
        (500, 1, Outcome.UPSTREAM, "theirs"),
        (400, 1, Outcome.UPSTREAM, "theirs"),
        (500, 2, Outcome.UPSTREAM, "theirs"),
        (400, 131000, Outcome.UPSTREAM, "theirs"),
        (503, 131016, Outcome.UPSTREAM, "theirs"),
        (400, 131057, Outcome.UPSTREAM, "theirs"),
        (200, 2, Outcome.UPSTREAM, "theirs"),
        (500, None, Outcome.UPSTREAM, "theirs"),
        (503, None, Outcome.UPSTREAM, "theirs"),
        (599, None, Outcome.UPSTREAM, "theirs"),
        (204, None, Outcome.UPSTREAM, "theirs"),
        (206, None, Outcome.UPSTREAM, "theirs"),
        (500, 987654, Outcome.UPSTREAM, "theirs"),  # a code that nobody knows: by status
        (408, None, Outcome.TIMEOUT, "theirs"),
        (405, None, Outcome.CLIENT_BUG, "ours"),
        (405, 1, Outcome.CLIENT_BUG, "ours"),  # a generic code says less than the status
        (405, 100, Outcome.CLIENT_BUG, "ours"),
        (415, None, Outcome.CLIENT_BUG, "ours"),
        (501, None, Outcome.CLIENT_BUG, "ours"),
        (501, 2, Outcome.CLIENT_BUG, "ours"),
        (400, None, Outcome.CLIENT_BUG, "ours"),
        (400, 100, Outcome.CLIENT_BUG, "ours"),
        (400, 104, Outcome.CLIENT_BUG, "ours"),
        (400, 2500, Outcome.CLIENT_BUG, "ours"),
        (400, 987654, Outcome.CLIENT_BUG, "ours"),
        (414, None, Outcome.CLIENT_BUG, "ours"),
        (401, None, Outcome.AUTH, "theirs"),
        (403, None, Outcome.AUTH, "theirs"),
        (404, 803, Outcome.GONE, "theirs"),
    ],
)
def test_what_graph_says_decides_by_code_and_then_by_status(
    operation: str, status: int, code: int | None, outcome: Outcome, fault: str
) -> None:
    verdict = judged(operation, status=status, graph_code=code)
    assert (verdict.outcome, verdict.fault, verdict.final) == (outcome, fault, None)
    assert verdict.alarm == (outcome is Outcome.CLIENT_BUG)


def test_a_404_that_does_not_name_the_media_is_our_fault_at_the_look_up_and_the_urls_at_the_download() -> None:
    verdict = judged(LOOK_UP, status=404)
    assert (verdict.outcome, verdict.final, verdict.alarm) == (Outcome.CLIENT_BUG, None, True)
    for status in (404, 410):
        verdict = judged(DOWNLOAD, status=status)
        assert (verdict.outcome, verdict.final, verdict.fresh_url) == (Outcome.GONE, None, True)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_refusal_of_the_url_asks_for_a_fresh_one_at_the_download_only(status: int) -> None:
    assert judged(DOWNLOAD, status=status).fresh_url
    assert not judged(LOOK_UP, status=status).fresh_url


@pytest.mark.parametrize("status", [405, 415, 429, 500, 501, 503])
def test_other_refusals_keep_the_url(status: int) -> None:
    assert not judged(DOWNLOAD, status=status).fresh_url


@pytest.mark.parametrize("status", [400, 405, 404, 415, 501])
@pytest.mark.parametrize("age_s", [1.0, 8 * DAY_S])
def test_a_refusal_of_our_request_is_never_the_end_of_the_file(status: int, age_s: float) -> None:
    assert judged(LOOK_UP, status=status, age_s=age_s).final is None


class TestUnknownMedia:
    def test_is_dead_once_metas_copy_is_past_its_time(self) -> None:
        verdict = judged(status=400, graph_code=100, graph_subcode=33, age_s=7 * DAY_S)
        assert (verdict.outcome, verdict.final, verdict.sentence) == (Outcome.GONE, "expired", GONE_SENTENCE)

    def test_is_dead_after_an_hour_on_a_number_without_storage(self) -> None:
        verdict = judged(status=400, graph_code=100, graph_subcode=33, age_s=3_601.0, life_s=3_600.0)
        assert verdict.final == "expired"

    def test_is_ambiguous_before_and_asked_for_sparingly(self) -> None:
        verdict = judged(status=400, graph_code=100, graph_subcode=33, age_s=7 * DAY_S - 1)
        assert (verdict.outcome, verdict.final, verdict.sparing) == (Outcome.GONE, None, True)

    def test_may_just_not_be_there_yet_when_it_was_announced_a_moment_ago(self) -> None:
        verdict = judged(status=400, graph_code=100, graph_subcode=33, age_s=2.0)
        assert (verdict.final, verdict.sparing) == (None, False)

    def test_another_subcode_does_not_name_the_media(self) -> None:
        assert judged(status=400, graph_code=100, graph_subcode=34).outcome is Outcome.CLIENT_BUG


@pytest.mark.parametrize(
    ("code", "fault"),
    [(131052, "sender"), (33, "yours")],
)
def test_what_can_never_be_had_fails_at_once_and_says_whose_fault_it_is(code: int, fault: str) -> None:
    verdict = judged(status=400, graph_code=code)
    assert (verdict.outcome, verdict.final, verdict.fault) == (Outcome.GONE, "failed", fault)


TROUBLE_TABLE: dict[Trouble, tuple[Outcome, str]] = {
    Trouble.CONTRACT: (Outcome.CONTRACT, "ours"),
    Trouble.HOST_REFUSED: (Outcome.UPSTREAM, "theirs"),
    Trouble.ADDRESS_REFUSED: (Outcome.LOCAL, "yours"),
    Trouble.DNS: (Outcome.LOCAL, "yours"),
    Trouble.CONNECT: (Outcome.UPSTREAM, "theirs"),
    Trouble.TLS: (Outcome.UPSTREAM, "theirs"),
    Trouble.RESET: (Outcome.UPSTREAM, "theirs"),
    Trouble.CONNECT_TIMEOUT: (Outcome.TIMEOUT, "theirs"),
    Trouble.READ_TIMEOUT: (Outcome.TIMEOUT, "theirs"),
    Trouble.TOTAL_TIMEOUT: (Outcome.TIMEOUT, "theirs"),
    Trouble.TOO_SLOW: (Outcome.TIMEOUT, "theirs"),
    Trouble.BAD_FRAMING: (Outcome.UPSTREAM, "theirs"),
    Trouble.ENDLESS_HEADERS: (Outcome.UPSTREAM, "theirs"),
    Trouble.REDIRECT: (Outcome.UPSTREAM, "theirs"),
    Trouble.ENCODED: (Outcome.UPSTREAM, "theirs"),
    Trouble.CUT_SHORT: (Outcome.UPSTREAM, "theirs"),
    Trouble.TOO_LARGE: (Outcome.GONE, "sender"),
    Trouble.OVER_LIMIT: (Outcome.UPSTREAM, "theirs"),
    Trouble.TOO_LONG: (Outcome.UPSTREAM, "theirs"),
    Trouble.HTML: (Outcome.UPSTREAM, "theirs"),
    Trouble.NOT_JSON: (Outcome.UPSTREAM, "theirs"),
    Trouble.WRONG_SHAPE: (Outcome.UPSTREAM, "theirs"),
    Trouble.FOREIGN_URL: (Outcome.UPSTREAM, "theirs"),
    Trouble.ERROR_BODY: (Outcome.UPSTREAM, "theirs"),
    Trouble.WRONG_SIZE: (Outcome.UPSTREAM, "theirs"),
    Trouble.WRONG_HASH: (Outcome.UPSTREAM, "theirs"),
    Trouble.LOCAL: (Outcome.LOCAL, "ours"),
}


def test_the_table_of_these_tests_is_whole() -> None:
    assert TROUBLE_TABLE.keys() == set(Trouble)


@pytest.mark.parametrize("trouble", list(Trouble))
@pytest.mark.parametrize("status", [None, 200])
def test_a_trouble_ends_in_its_class(trouble: Trouble, status: int | None) -> None:
    outcome, fault = TROUBLE_TABLE[trouble]
    verdict = judged(DOWNLOAD, trouble=trouble, status=status)
    assert (verdict.outcome, verdict.fault) == (outcome, fault)
    assert verdict.final == ("failed" if trouble is Trouble.TOO_LARGE else None)
    assert verdict.alarm == (trouble in {Trouble.CONTRACT, Trouble.ADDRESS_REFUSED})


@pytest.mark.parametrize("trouble", [Trouble.HOST_REFUSED, Trouble.REDIRECT, Trouble.OVER_LIMIT, Trouble.WRONG_HASH])
def test_a_url_that_leads_to_something_else_is_not_used_again(trouble: Trouble) -> None:
    assert judged(DOWNLOAD, trouble=trouble).fresh_url


def test_an_error_object_in_a_file_is_judged_by_its_code() -> None:
    verdict = judged(DOWNLOAD, status=200, trouble=Trouble.ERROR_BODY, graph_code=190)
    assert verdict.outcome is Outcome.AUTH


class TestWaiting:
    def test_a_throttle_waits_as_long_as_it_was_told(self) -> None:
        assert judged(status=429, retry_after_s=17.0).after_s == 17.0
        assert judged(status=400, graph_code=80007, regain_s=300.0).after_s == 300.0
        assert judged(status=429, retry_after_s=17.0, regain_s=300.0).after_s == 300.0

    def test_a_throttle_that_names_no_time_still_waits(self) -> None:
        assert judged(status=429).after_s == 30.0

    def test_no_answer_sends_us_away_for_ever(self) -> None:
        assert judged(status=429, retry_after_s=1e12).after_s == 3_600.0

    def test_any_refusal_may_ask_for_patience(self) -> None:
        assert judged(status=503, retry_after_s=9.0).after_s == 9.0
        assert judged(status=503).after_s is None
        assert judged(status=503, regain_s=900.0).after_s is None  # the limits are another matter


def test_a_dead_token_is_asked_for_sparingly_and_a_refusal_without_a_code_is_not() -> None:
    assert judged(status=401, graph_code=190).sparing
    assert not judged(status=401).sparing
