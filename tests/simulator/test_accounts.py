"""Tokens, numbers and customers."""

import pytest

from penstock.simulator.accounts import Number, Tokens, customer


def test_a_token_is_known_by_name_until_it_is_revoked_and_again_after_that() -> None:
    tokens = Tokens()
    tokens.add("a", "EAAG1")

    assert tokens.name_of("EAAG1") == "a"
    assert tokens.name_of("EAAG2") is None

    tokens.revoke("a")
    assert not tokens.alive("a")
    tokens.restore("a")
    assert tokens.alive("a")


def test_a_token_that_is_replaced_has_two_texts_for_a_while() -> None:
    tokens = Tokens()
    tokens.add("a", "old")
    tokens.add("a", "new")

    assert {tokens.name_of("old"), tokens.name_of("new")} == {"a"}


def test_nobody_can_revoke_a_name_that_was_never_given() -> None:
    with pytest.raises(KeyError):
        Tokens().revoke("ghost")


def test_a_token_sees_its_own_numbers_and_what_belongs_to_nobody() -> None:
    tokens = Tokens()
    tokens.grant("a", "1")

    assert tokens.sees("a", "1")
    assert not tokens.sees("a", "2")
    assert not tokens.sees("b", "1")
    assert tokens.sees("b", None)


def test_a_customer_is_the_same_one_every_time() -> None:
    assert customer(7) == customer(7)
    assert customer(7).phone != customer(8).phone
    assert len({customer(index).name for index in range(100)}) > 50


def test_secrets_do_not_show_when_somebody_prints_what_holds_them() -> None:
    tokens = Tokens()
    tokens.add("a", "EAAG-secret")
    number = Number("1", "2", "3", "http://127.0.0.1/", b"app-secret")

    assert "EAAG-secret" not in repr(vars(tokens))
    assert "app-secret" not in repr(number)
