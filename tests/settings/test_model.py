"""The table of settings: defaults as documented, nothing secret in what is printed, nothing undocumented."""

import re
from pathlib import Path

import pytest

from penstock.settings import Settings, alert_targets
from penstock.settings.model import PREFIX, RULES, described
from penstock.settings.values import Bind, SqliteUrl

PAGE = Path(__file__).resolve().parents[2] / "docs" / "settings.md"
SHAPES = {
    "database_url": "sqlite:///./penstock-data/penstock.db",
    "blobs_url": "file:///./penstock-data/blobs",
    "bind": "127.0.0.1:8080",
    "graph_url": "https://graph.facebook.com",
    "media_hosts": ".fbsbx.com,.fbcdn.net,.facebook.com",
    "allow_insecure_upstream": "0",
    "fetch_concurrency": "64",
    "log_level": "info",
}


def test_the_names_are_the_ones_that_scripts_rely_on() -> None:
    assert [each["name"].removeprefix(PREFIX) for each in described()] == [
        "DATABASE_URL",
        "BLOBS_URL",
        "SECRET_KEY",
        "DATABASE_CONNECTIONS",
        "BIND",
        "PUBLIC_URL",
        "GRAPH_URL",
        "GRAPH_VERSION",
        "MEDIA_HOSTS",
        "ALLOW_INSECURE_UPSTREAM",
        "FETCH_CONCURRENCY",
        "LOOKUP_ERROR_BUDGET",
        "ALERTS",
        "HEARTBEAT_URL",
        "FLAG_PROVIDER",
        "FLAG_KEY",
        "LOG_FORMAT",
        "LOG_LEVEL",
    ]


@pytest.mark.parametrize("name", SHAPES)
def test_a_default_is_what_its_documentation_says(name: str) -> None:
    rule = RULES[name]

    assert rule.default == SHAPES[name]
    assert rule.parse(rule.default) == getattr(Settings(), name)


def test_the_newest_known_version_of_graph_is_the_default() -> None:
    assert RULES["graph_version"].default.startswith(Settings().graph_version)


def test_a_printed_settings_value_shows_no_secret() -> None:
    targets = alert_targets("pagerduty://topsecret,slack+https://hooks.example.com/topsecret")
    beats = "https://hc.example.com/topsecret"
    shown = repr(Settings(secret_key=("topsecret",), alerts=targets, heartbeat_url=beats)) + repr(targets)

    assert "topsecret" not in shown


def test_links_begin_with_the_public_address_or_else_with_the_bind_address() -> None:
    assert Settings(public_url="https://media.example.com").public_base == "https://media.example.com"
    assert Settings(bind=Bind("::1", 1)).public_base == "http://[::1]:1"


def test_the_secret_key_lies_beside_the_database() -> None:
    assert Settings(database_url=SqliteUrl(Path("/srv/x/p.db"))).key_file == Path("/srv/x/secret.key")


def test_every_setting_is_documented_and_nothing_else_is() -> None:
    named = set(re.findall(r"PENSTOCK_[A-Z_]*[A-Z]", PAGE.read_text("utf-8")))

    assert named - {"PENSTOCK_CONFIG"} == {each["name"] for each in described()}
