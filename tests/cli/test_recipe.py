"""Recipes on the command line: listed, shown, and made anew, version by version."""

from typing import Any

import pytest


def test_an_installation_comes_with_one(penstock: Any, acme: Any) -> None:
    del acme
    (only,) = penstock.done("recipe", "list", "--json").answer["recipes"]
    assert (only["recipe"], only["in_use"], only["parameters"], only["created_at"]) == ("standard/1", True, {}, None)
    assert "standard/1 is in use. It fetches by declared" in penstock.done("recipe", "show", "standard").out


def test_a_new_one_is_the_next_version_and_changes_nothing(penstock: Any, acme: Any) -> None:
    del acme
    options = ("--graph-version", "v27.0", "--no-url-hint", "--head-s", "20", "--why", "the next version")
    out = penstock.done("recipe", "add", "next", *options).out
    assert out == "next/1 is there, and nothing is fetched by it yet: penstock rollout start next/1 --why …\n"
    made = penstock.done("recipe", "add", "next", "--implementation", "acme", "--why", "other code", "--json").answer
    assert (made["recipe"]["recipe"], made["recipe"]["implementation"]) == ("next/2", "acme")

    first = penstock.done("recipe", "show", "next/1", "--json").answer["recipe"]
    assert first["parameters"] == {"graph_version": "v27.0", "use_url_hint": False, "head_s": 20.0}
    assert (first["why"], first["in_use"], first["by"].startswith("cli:")) == ("the next version", False, True)
    listed = penstock.done("recipe", "list").out
    assert "graph_version v27.0, head_s 20, use_url_hint no" in listed
    assert "v27.0" in penstock.done("recipe", "show", "next/1").out
    assert "recipe.add" in penstock.done("changes", "list").out


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("next", "--graph-version", "27", "--why", "x"), 2, "a version of Graph is written like v26.0, not '27'"),
        (("next", "--graph-url", "http://a.example", "--why", "x"), 2, "begins with https://"),
        (("next", "--head-s", "0", "--why", "x"), 2, "head_s is from 1 to 300, not 0"),
        (("Next", "--why", "x"), 2, "a recipe's name"),
        (("next", "--why", " "), 2, "--why is empty"),
        (("standard", "--why", "x"), 1, "standard/1 is the same already"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(
    penstock: Any, acme: Any, arguments: tuple[str, ...], code: int, told: str
) -> None:
    del acme
    assert told in penstock("recipe", "add", *arguments).refused(code)


def test_without_tls_only_where_the_settings_permit_it(
    penstock: Any, acme: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    del acme
    monkeypatch.setenv("PENSTOCK_ALLOW_INSECURE_UPSTREAM", "1")
    penstock.done("recipe", "add", "local", "--graph-url", "http://127.0.0.1:9", "--why", "a simulator")


def test_one_that_is_not_there_is_said_so(penstock: Any, acme: Any) -> None:
    del acme
    assert "there is no recipe next/3" in penstock("recipe", "show", "next/3").refused(1)
