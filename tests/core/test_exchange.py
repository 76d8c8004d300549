"""When an exchange succeeded."""

from typing import Any

import pytest

from penstock.core.exchange import Exchange, Trouble


def exchange(**facts: Any) -> Exchange:
    return Exchange(operation="media.look_up", declared_method="GET", at=0.0, duration_s=0.0, **facts)


def test_a_200_without_trouble_or_error_succeeded() -> None:
    assert exchange(status=200).succeeded


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"status": 204},
        {"status": 404},
        {"status": 200, "graph_code": 2},
        {"status": 200, "trouble": Trouble.WRONG_HASH},
    ],
    ids=str,
)
def test_anything_else_did_not(facts: dict[str, Any]) -> None:
    assert not exchange(**facts).succeeded
