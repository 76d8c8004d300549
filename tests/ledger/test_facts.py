"""Rows of provisioning as facts without secrets, and what may be a name, a secret, an address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.errors import WrongUse
from penstock.ledger import facts

SEALED = b"sealed"


def test_facts_have_no_secrets() -> None:
    shown = [
        facts.workspace((1, "acme", 0, 5.0)),
        facts.app((1, "main", SEALED, SEALED, SEALED, "https://example.org", 5.0)),
        facts.credential((1, "token-a", SEALED, 5.0, 6.0, 3)),
        facts.number((1, "100", 2, "acme", 3, "main", 4, "token-a", 1, 5.0)),
    ]

    assert not [value for each in shown for value in each.values() if value == SEALED]
    assert shown[1]["secrets"] == 2
    assert shown[2]["numbers"] == 3
    assert (shown[3]["workspace"], shown[3]["app"], shown[3]["credential"], shown[3]["no_storage"]) == (
        "acme",
        "main",
        "token-a",
        True,
    )


def test_a_number_is_a_route() -> None:
    route = facts.route((1, "100", 2, "acme", 3, "main", 4, "token-a", 1, 5.0))

    assert (route.number_id, route.phone_number_id, route.workspace_id, route.workspace) == (1, "100", 2, "acme")
    assert (route.app_id, route.app, route.credential_id, route.no_storage) == (3, "main", 4, True)


@given(st.text(max_size=80))
def test_names_are_what_the_surface_says(name: str) -> None:
    if 1 <= len(name) <= 63 and set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-"):
        facts.check_name("workspace", name)
        return
    with pytest.raises(WrongUse) as caught:
        facts.check_name("workspace", name)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=80))
def test_secrets_could_be_a_header(secret: str) -> None:
    if secret and all(33 <= ord(each) <= 126 for each in secret):
        facts.check_secret("the token", secret)
        return
    with pytest.raises(WrongUse) as caught:
        facts.check_secret("the token", secret)
    assert len(secret) < 30 or secret not in str(caught.value)


def test_a_secret_that_is_not_given_is_none() -> None:
    facts.check_secret("the token", None)


@pytest.mark.parametrize("url", [None, "", "https://example.org", "http://10.0.0.1:8080/hook?x=1", "https://[::1]/x"])
def test_addresses_that_may_be_forwarded_to(url: str | None) -> None:
    facts.check_url(url)


@pytest.mark.parametrize("number", ["1", "100000000000002", "9" * 32])
def test_phone_number_ids(number: str) -> None:
    facts.check_phone_number_id(number)
