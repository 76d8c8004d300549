"""The values between the queue and the fetcher are plain, frozen, and named as the surfaces name them."""

import msgspec
import pytest

from penstock.core.work import Attached, Attempt, Claim, Expired, Failed, Outcome, PutBack, RetryLater


def test_outcomes_are_spelled_as_the_surfaces_spell_them() -> None:
    assert [outcome.value for outcome in Outcome] == [
        "delivered",
        "contract",
        "client_bug",
        "auth",
        "throttle",
        "upstream",
        "timeout",
        "gone",
        "local",
    ]


@pytest.mark.parametrize("value", [Claim, Attempt, Attached, RetryLater, PutBack, Expired, Failed])
def test_values_cannot_be_changed(value: type[msgspec.Struct]) -> None:
    assert value.__struct_config__.frozen


def test_a_put_back_carries_nothing_that_could_count_as_an_attempt() -> None:
    assert PutBack.__struct_fields__ == ("due_at",)


def test_a_retry_keeps_the_url_only_when_it_is_told() -> None:
    again = RetryLater(due_at=1.0, outcome=Outcome.TIMEOUT, reason="too slow")

    assert (again.url, again.url_expires_at) == (None, None)


def test_a_claim_asks_for_what_the_look_up_needs() -> None:
    needed = {name for name in Claim.__struct_fields__ if name not in Claim.__struct_defaults__}

    assert {"id", "fence", "media_id", "credential", "deadline", "attempts"} <= needed


def test_an_outcome_is_found_where_its_text_would_be() -> None:
    assert hash(Outcome.UPSTREAM) == hash("upstream")
    assert {"upstream": 1}[Outcome.UPSTREAM] == 1
