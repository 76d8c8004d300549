"""What the ledger answers with holds what it must, and shows no secret."""

import msgspec
import pytest

from penstock.ledger import rows


def test_an_app_shows_its_name_only() -> None:
    app = rows.App(1, "main", (b"very-secret",), "verify-me", "https://example.org/?key=hidden")

    for shown in (repr(app), str(app), f"{app}", repr([app]), repr(app.__rich_repr__())):
        assert "main" in shown
        assert not [each for each in ("very-secret", "verify-me", "hidden") if each in shown]


def test_a_snapshot_shows_its_version_only() -> None:
    snapshot = rows.Snapshot(7, (), (), {1: "EAAGtoken"})

    assert repr(snapshot) == "Snapshot(version=7)"
    assert "EAAG" not in repr(snapshot.__rich_repr__())


@pytest.mark.parametrize(
    "kind",
    [each for each in vars(rows).values() if isinstance(each, type) and issubclass(each, msgspec.Struct)],
    ids=lambda kind: kind.__name__,
)
def test_answers_do_not_change(kind: type[msgspec.Struct]) -> None:
    assert kind.__struct_config__.frozen
