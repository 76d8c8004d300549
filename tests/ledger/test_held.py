"""What holds a waiting file: a shut gate on anything that it is, for either of the two hops."""

import msgspec
import pytest

from penstock.core.expiry import Waiting
from penstock.core.gate import Board, Gate
from penstock.ledger.held import attributed, gate_of, holding

ITEM = {"workspace": "acme", "app": "main", "credential": "token-a", "number": "1", "kind": "video"}


def gate(scope: dict[str, str], *, opening: float | None = 0.0) -> Gate:
    return Gate(1, scope, opening, "operator", "anna", "a test", 1.0, None, override_automatic=False)


@pytest.mark.parametrize(
    "scope",
    [
        *({name: value} for name, value in ITEM.items()),
        {},
        {"operation": "media.look_up"},
        {"operation": "media.download"},
    ],
    ids=lambda scope: "-".join(scope) + "-" + "".join(scope.values()),
)
def test_a_shut_gate_on_anything_that_a_file_is_holds_it(scope: dict[str, str]) -> None:
    shut = gate(scope)

    assert holding(Board([shut]), **ITEM, now=5.0) == shut


@pytest.mark.parametrize("scope", [{"workspace": "other"}, {"kind": "image"}])
def test_another_scope_holds_nothing(scope: dict[str, str]) -> None:
    assert holding(Board([gate(scope)]), **ITEM, now=5.0) is None


def test_a_trickle_holds_nothing() -> None:
    assert holding(Board([gate({}, opening=0.5)]), **ITEM, now=5.0) is None
    assert holding(Board(), **ITEM, now=5.0) is None


def test_what_waits_is_counted_behind_the_gate_that_holds_it() -> None:
    row = Waiting(**ITEM, no_storage=False, files=3, past=0, hour=1, six_hours=0, day=0, before=1, first_at=9.0)
    other = msgspec.structs.replace(row, workspace="other")
    trickle = msgspec.structs.replace(gate({"kind": "video"}, opening=1.0), id=2)

    assert attributed(Board([gate({"workspace": "acme"}), trickle]), [row, other, row], 5.0) == {1: [row, row]}
    assert attributed(Board([gate({"workspace": "nobody"})]), [row], 5.0) == {1: []}


def test_a_row_becomes_a_gate() -> None:
    row = (7, "kind", "video", None, "flag", "ben", "why", 3.0, 9.0, 1)

    assert gate_of(row) == Gate(7, {"kind": "video"}, None, "flag", "ben", "why", 3.0, 9.0, override_automatic=True)
    assert gate_of((7, "", "", 0.0, *row[4:])).scope == {}


def test_a_shut_gate_on_a_host_that_a_file_may_come_from_holds_it() -> None:
    hosts = {"media.look_up": ("graph.facebook.com",), "media.download": (".fbsbx.com",)}

    for host in ("graph.facebook.com", "lookaside.fbsbx.com", ".fbsbx.com"):
        assert holding(Board([gate({"host": host})], hosts), **ITEM, now=5.0) == gate({"host": host})
    assert holding(Board([gate({"host": "fbsbx.com"})], hosts), **ITEM, now=5.0) is None
