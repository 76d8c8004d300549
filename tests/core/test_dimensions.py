"""What may be a cause and what is only a symptom."""

import pytest

from penstock.core import dimensions
from penstock.core.seen import Seen
from penstock.core.work import Outcome


def seen(**changed: object) -> Seen:
    known: dict[str, object] = {
        "id": 1,
        "media_row": 1,
        "nth": 1,
        "at": 0.0,
        "operation": "media.look_up",
        "declared_method": "GET",
        "wire_method": "POST",
        "host": "graph.example",
        "peer_address": None,
        "status": 405,
        "graph_code": None,
        "graph_subcode": None,
        "outcome": Outcome.CLIENT_BUG,
        "duration_s": 0.1,
        "recipe": "standard/1",
        "server": "edge-3",
        "worker": None,
        "api_version": "v26.0",
        "fresh": True,
        "workspace": "acme",
        "number": "1",
        "app": "main",
        "credential": "token-a",
        "conversation_id": 7,
        "kind": "image",
        "mime_type": "image/jpeg",
        "size": 2_000_000,
        "received_at": 0.0,
    }
    return Seen(**(known | changed))  # type: ignore[arg-type]


def test_what_differs_from_the_declaration_is_a_cause() -> None:
    found = dimensions.causes(seen())
    assert found["contract_ok"] == "no"
    assert (found["wire_method"], found["declared_method"]) == ("POST", "GET")
    assert found["size_band"] == "1 to 16 MB"
    assert dimensions.causes(seen(wire_method="GET"))["contract_ok"] == "yes"


def test_what_is_not_known_is_left_out() -> None:
    found = dimensions.causes(seen(mime_type=None, size=None))
    assert {"peer_address", "worker", "mime_type", "size_band"} & set(found) == set()


def test_a_status_is_a_symptom_and_no_cause() -> None:
    assert dimensions.symptoms(seen()) == {"status": "405", "outcome": "client_bug"}
    assert set(dimensions.causes(seen())) & set(dimensions.SYMPTOMS) == set()
    assert set(dimensions.causes(seen(peer_address="10.0.0.1", worker="f1"))) == set(dimensions.CAUSES)


@pytest.mark.parametrize(
    ("size", "band"),
    [(None, None), (0, "up to 64 KB"), (65_536, "up to 64 KB"), (65_537, "64 KB to 1 MB"), (10**8, "over 16 MB")],
)
def test_sizes_fall_into_bands(size: int | None, band: str | None) -> None:
    assert dimensions.size_band(size) == band
