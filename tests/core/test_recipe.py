"""Recipes as values: what one may hold, and how it is named."""

from typing import Any

import msgspec
import pytest

from penstock.core import recipe
from penstock.core.errors import WrongUse
from penstock.core.recipe import Parameters, Recipe


def test_a_recipe_is_named_by_its_name_and_version() -> None:
    assert Recipe("fast", 2).label == "fast/2"
    assert recipe.STANDARD.label == "standard/1"
    assert recipe.read_label("fast/2") == ("fast", 2)
    assert recipe.read_label("fast") == ("fast", None)


@pytest.mark.parametrize("text", ["", "Fast", "fast/0", "fast/x", "fast/1/2", "/1", "fast ", "1fast", "f" * 64])
def test_a_label_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(WrongUse, match="like fast or fast/2"):
        recipe.read_label(text)


def test_what_can_be_used_passes() -> None:
    every = Parameters(
        graph_version="v27.0",
        graph_url="https://graph.example.com/base",
        head_s=20,
        file_s=30.5,
        use_url_hint=False,
        concurrency=8,
        error_budget=0,
        user_agent="Penstock/2 (a test)",
    )
    recipe.check(Recipe("fast", 1, "acme.fetch", every))
    recipe.check(recipe.STANDARD)
    recipe.check(Recipe("local", 1, parameters=Parameters(graph_url="http://127.0.0.1:9")), insecure=True)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"graph_version": "26.0"}, "like v26.0"),
        ({"graph_version": "v26.0/"}, "like v26.0"),
        ({"graph_url": "http://graph.example.com"}, "begins with https://"),
        ({"graph_url": "graph.example.com"}, "https://, a host"),
        ({"graph_url": "https://graph.example.com/?a=b"}, "https://, a host"),
        ({"graph_url": "https://user@graph.example.com"}, "https://, a host"),
        ({"head_s": 0.5}, "head_s is from 1 to 300"),
        ({"head_s": float("nan")}, "head_s is from 1 to 300"),
        ({"file_s": 4_000.0}, "file_s is from 1 to 3600"),
        ({"concurrency": 0}, "concurrency is from 1 to 4096"),
        ({"error_budget": -1}, "error_budget is from 0 to 1000"),
        ({"user_agent": "two\r\nlines"}, "printable ASCII"),
        ({"user_agent": " spaced "}, "printable ASCII"),
        ({"user_agent": ""}, "printable ASCII"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(given: dict[str, Any], told: str) -> None:
    with pytest.raises(WrongUse, match=told) as refusal:
        recipe.check(Recipe("fast", 1, parameters=Parameters(**given)))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", ["", "Fast", "a b", "-a", "a/b"])
def test_names_are_checked(name: str) -> None:
    with pytest.raises(WrongUse):
        recipe.check(Recipe(name, 1))
    with pytest.raises(WrongUse):
        recipe.check(Recipe("fast", 1, implementation=name))


def test_parameters_are_kept_as_little_as_possible_and_can_be_a_key() -> None:
    assert msgspec.json.encode(Parameters()) == b"{}"
    assert msgspec.json.encode(Parameters(use_url_hint=False)) == b'{"use_url_hint":false}'
    assert len({Parameters(), Parameters(), Parameters(concurrency=2)}) == 2
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"graph_verison": "v1.0"}', type=Parameters)
