"""The class table is whole and speaks plainly."""

import pytest

from penstock.core import classes
from penstock.core.classes import CODES, DOWNLOAD_STATUSES, STATUSES, TROUBLES, Pace, Rule
from penstock.core.exchange import Trouble
from penstock.core.work import Outcome

SINGLE = (classes.UNKNOWN_MEDIA, classes.REQUEST_REFUSED, classes.SERVER_FAILED, classes.UNEXPECTED_STATUS)
RULES = [*CODES.values(), *STATUSES.values(), *DOWNLOAD_STATUSES.values(), *TROUBLES.values(), *SINGLE]


def test_every_trouble_has_its_line() -> None:
    assert TROUBLES.keys() == set(Trouble)


def test_every_class_but_success_has_a_line() -> None:
    assert {rule.outcome for rule in RULES} == set(Outcome) - {Outcome.DELIVERED}


def test_no_refusal_of_our_request_is_final_and_each_is_an_alarm() -> None:
    for rule in RULES:
        if rule.outcome in {Outcome.CLIENT_BUG, Outcome.CONTRACT}:
            assert rule.final is None and rule.alarm and rule.fault == "ours", rule


def test_only_what_can_never_be_had_is_final() -> None:
    finals = {rule.sentence for rule in RULES if rule.final is not None}
    assert len(finals) == 3  # a deleted number, a file that WhatsApp could not take, a file over the limit
    assert all(rule.outcome is Outcome.GONE for rule in RULES if rule.final is not None)


def test_what_is_named_by_a_code_about_a_token_is_asked_for_sparingly() -> None:
    assert all(rule.pace is Pace.SPARING for rule in CODES.values() if rule.outcome is Outcome.AUTH)


@pytest.mark.parametrize("rule", RULES, ids=[f"{number} {rule.outcome}" for number, rule in enumerate(RULES)])
def test_every_sentence_is_plain(rule: Rule) -> None:
    sentence = rule.sentence
    assert sentence[0].isupper() and sentence.endswith(".") and len(sentence) < 230, sentence
    assert not any(word in sentence.lower() for word in ("!", "sorry", "oops", "unfortunately", "please")), sentence
    assert not any(word in sentence for word in ("HTTP", "JSON", "sha256", "errno", "Graph")), sentence
