"""Addresses of PostgreSQL: as every tool writes them, and shown without the password."""

import pytest

from penstock.settings.postgres_url import PostgresUrl, postgres_url


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://penstock@db.example.com/penstock",
        "postgres://db/penstock",
        "postgresql://me:secret@host1:5432,host2:5433/db?target_session_attrs=read-write&sslmode=verify-full",
        "postgresql://me@[::1]:5432/db",
        "postgresql:///db?host=/var/run/postgresql",
    ],
)
def test_addresses_that_are_understood(text: str) -> None:
    assert postgres_url(text) == PostgresUrl(text)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://",
        "postgresql://host",
        "postgresql://host/",
        "postgresql://host:port/db",
        "postgresql://a b/db",
        "postgresql://host/db?colour=red",
        "postgresql://host/db?target_session_attrs=standby",
        "mysql://host/db",
    ],
)
def test_addresses_that_are_not(text: str) -> None:
    with pytest.raises(ValueError, match=r"PostgreSQL|postgresql"):
        postgres_url(text)


def test_a_password_is_never_shown() -> None:
    for text in ("postgresql://me:topsecret@h1,h2/db", "postgresql://h/db?user=me&password=topsecret&sslmode=require"):
        url = postgres_url(text)
        assert "topsecret" not in str(url) + repr(url)
        assert "topsecret" in url.dsn
    with pytest.raises(ValueError, match="without the option") as caught:
        postgres_url("postgresql://me:topsecret@h/db?colour=topsecret")
    assert "topsecret" not in str(caught.value)
