"""Cookies that cannot be made up, and links that work once."""

import doctest

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.web import sessions
from penstock.web.sessions import LIFE_S, LINK_LIFE_S, Sessions


@pytest.fixture
def ours() -> Sessions:
    return Sessions(b"key", secure=True)


def test_the_examples_in_its_docstring_hold() -> None:
    assert doctest.testmod(sessions).failed == 0


def test_a_cookie_names_its_token_until_it_expires(ours: Sessions) -> None:
    value = ours.issue(42, now=1_000.0)

    assert ours.read(value, now=1_000.0 + LIFE_S - 1) == 42
    assert ours.read(value, now=1_000.0 + LIFE_S) is None


def test_a_cookie_of_another_key_is_nobodys(ours: Sessions) -> None:
    assert Sessions(b"another key", secure=True).read(ours.issue(42, now=0), now=1) is None


def test_every_changed_letter_of_a_cookie_makes_it_worthless(ours: Sessions) -> None:
    value = ours.issue(42, now=0)
    changed = [value[:at] + ("A" if value[at] != "A" else "B") + value[at + 1 :] for at in range(len(value) - 1)]

    assert {ours.read(each, now=1) for each in changed} == {None}


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=120))
def test_no_text_is_mistaken_for_a_cookie_or_makes_trouble(text: str) -> None:
    assert Sessions(b"key", secure=False).read(text, now=0) is None


def test_a_link_works_once(ours: Sessions) -> None:
    code = ours.link(42, now=0)

    assert ours.redeem(code, now=1) == 42
    assert ours.redeem(code, now=2) is None


def test_a_link_works_for_ten_minutes(ours: Sessions) -> None:
    assert ours.redeem(ours.link(42, now=0), now=LINK_LIFE_S) is None


def test_links_that_nobody_uses_do_not_pile_up(ours: Sessions) -> None:
    first = ours.link(1, now=0)
    for _ in range(1_000):
        last = ours.link(2, now=0)

    assert ours.redeem(first, now=1) is None
    assert ours.redeem(last, now=1) == 2


def test_the_cookie_of_an_encrypted_site_is_bound_to_its_host(ours: Sessions) -> None:
    assert ours.cookie.startswith("__Host-")
    assert not Sessions(b"key", secure=False).cookie.startswith("__Host-")
