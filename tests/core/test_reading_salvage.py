"""Taking JSON apart: the good parts are kept, the others named, and bytes that no parser takes are mended."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from penstock.core.reading_salvage import decoded, mended, parts


class Leaf(msgspec.Struct):
    name: str | None = None
    size: int | None = None


class Tree(msgspec.Struct):
    leaf: Leaf | None = None
    leaves: list[Leaf] | None = None
    raws: list[Raw] | None = None
    label: str | int | None = msgspec.field(default=None, name="from")


def tried(value: Any) -> tuple[Tree | None, list[str]]:
    spoiled: list[str] = []
    return decoded(json.dumps(value).encode(), Tree, spoiled), spoiled


def test_what_fits_is_decoded_as_it_is() -> None:
    assert tried({"leaf": {"name": "a"}, "leaves": [{}], "from": 7}) == (Tree(Leaf("a"), [Leaf()], None, 7), [])


@pytest.mark.parametrize(
    ("value", "kept", "spoiled"),
    [
        ({"leaf": 7, "from": "x"}, Tree(label="x"), ["leaf"]),
        ({"leaf": {"name": 7, "size": 3}}, Tree(Leaf(None, 3)), ["leaf.name"]),
        ({"leaves": [{"name": "a"}, 7, {"size": "x"}]}, Tree(leaves=[Leaf("a"), Leaf()]), ["leaves", "leaves.size"]),
        ({"leaves": {}, "from": 1.5}, Tree(), ["leaves", "from"]),
        ({"raws": 7}, Tree(), ["raws"]),
    ],
)
def test_what_does_not_fit_is_left_out_and_named(value: Any, kept: Tree, spoiled: list[str]) -> None:
    assert tried(value) == (kept, spoiled)


@pytest.mark.parametrize("value", [7, "x", [], None, True])
def test_what_is_no_object_at_all_is_nothing(value: Any) -> None:
    assert tried(value) == (None, [""])


def test_the_members_of_an_object_come_undecoded() -> None:
    assert {name: bytes(raw) for name, raw in parts(b'{"a": [1, 2] , "b":"x"}').items()} == {
        "a": b"[1, 2]",
        "b": b'"x"',
    }
    assert parts(b"[]") == {}
    assert parts(b"{") == {}


@pytest.mark.parametrize(
    ("body", "after"),
    [
        (rb'"\ud83d"', rb'"\ufffd"'),
        (rb'"\uDC4D"', rb'"\ufffd"'),
        (rb'"\ud83d\udc4d"', rb'"\ud83d\udc4d"'),
        (rb'"\ud83d\ud83d\udc4d"', rb'"\ufffd\ud83d\udc4d"'),
        (rb'"\\ud83d"', rb'"\\ud83d"'),
        (rb'"\\\ud83d"', rb'"\\\ufffd"'),
        (rb'"\ud83d\n"', rb'"\ufffd\n"'),
        (rb'"\ud83d\ud83d"', rb'"\ufffd\ufffd"'),
        (rb'"\u00e9\/\ud83d\u00e9"', rb'"\u00e9\/\ufffd\u00e9"'),
        (b'\xef\xbb\xbf"a"', b'"a"'),
        (b'"a\x01\nb"', b'"a  b"'),
    ],
)
def test_what_no_parser_takes_is_mended_without_a_word(body: bytes, after: bytes) -> None:
    found = mended(body)

    assert (found.body, found.problems) == (after, ())


def test_invalid_utf8_is_mended_and_told() -> None:
    found = mended(b'"caf\xe9"')

    assert (found.body, found.problems) == ('"caf\ufffd"'.encode(), ("the body is not valid UTF-8",))


def test_what_is_nested_too_deeply_is_cut_out_and_told() -> None:
    bomb = b"[" * 5_000 + b"]" * 5_000
    found = mended(b'{"a":' + bomb + b',"b":"[[[{","c":' + bomb + b',"d":1}')
    tree = json.loads(found.body)

    assert found.problems == ("the body is nested too deeply",)
    assert (tree["b"], tree["d"]) == ("[[[{", 1)
    assert found.body.count(b"null") == 2


@pytest.mark.parametrize("body", [b"[" * 50_000, b"]" * 50_000, b'"' + b'\\"' * 50_000, b"\\" * 50_001, b'"' * 50_001])
def test_what_nobody_closes_is_left_as_it_is_and_takes_no_time(body: bytes) -> None:
    assert mended(body).problems == ()


def test_a_list_longer_than_any_of_metas_is_taken_apart_only_so_far() -> None:
    tree, spoiled = tried({"leaves": [{"size": 1}] * 20_001 + [7]})

    assert tree is not None and len(tree.leaves or ()) == 20_000
    assert spoiled == ["leaves"]


@given(st.recursive(st.none() | st.text(st.characters(exclude_categories=()), max_size=6), st.lists, max_leaves=20))
@settings(max_examples=100, deadline=None)
def test_mending_makes_every_tree_decodable_and_changes_only_halves_of_emoji(tree: Any) -> None:
    found = msgspec.json.decode(mended(json.dumps(tree).encode()).body)

    assert found == _without_halves(tree)


def _without_halves(tree: Any) -> Any:
    if isinstance(tree, list):
        return [_without_halves(each) for each in tree]
    if tree is None:
        return None
    return str(tree).encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace")
