"""What is noted of an exchange holds no token and stays on one line."""

import pytest

from penstock.adapters.graph.checked import Call
from penstock.adapters.graph.record import Record, told
from penstock.core import contract, hosts
from penstock.core.answers import GraphError
from penstock.core.contract import Declared, Pinned
from penstock.core.exchange import Trouble
from penstock.core.operation import LOOK_UP

TOKEN = "EAAGtokenA"


def record() -> Record:
    graph = hosts.read("https://graph.facebook.com")
    assert graph is not None
    pinned = Pinned(graph, "v26.0", (".fbsbx.com",), False, "Penstock/1")
    web = contract.look_up(pinned, "1")
    assert web is not None
    return Record(Call(Declared(LOOK_UP, web, TOKEN), pinned), at=1_795_000_000.0)


def test_an_exchange_that_did_nothing_yet_knows_what_was_declared() -> None:
    exchange = record().exchange(duration_s=0.5)
    assert (exchange.operation, exchange.declared_method, exchange.host) == (
        "media.look_up",
        "GET",
        "graph.facebook.com",
    )
    assert (exchange.wire_method, exchange.status, exchange.peer_address, exchange.duration_s) == (
        None,
        None,
        None,
        0.5,
    )


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ("Rate limit hit", "Rate limit hit"),
        (f"Malformed access token {TOKEN}", "Malformed access token [token]"),
        (f"Malformed access token {TOKEN}XYZ", "Malformed access token [token]XYZ"),
        ("Malformed access token EAABwzLixnjYBO", "Malformed access token [token]"),
        ("a secret of " + "x" * 90, "a secret of [token]"),
        ("two\r\nlines\x00\u202e", "two  lines  "),
        ("word " * 200, ("word " * 200)[:300]),
    ],
)
def test_graphs_text_is_cleaned_before_it_is_kept(message: str, kept: str) -> None:
    noted = record()
    noted.refused(GraphError(190, message=message))
    assert noted.exchange(duration_s=0).graph_message == kept


def test_a_trace_id_comes_from_the_headers_or_else_from_the_error() -> None:
    noted = record()
    noted.answered(400, {"x-fb-trace-id": "FromHeader"})
    noted.refused(GraphError(1, fbtrace_id="FromError"))
    assert noted.exchange(duration_s=0).trace_id == "FromHeader"
    noted = record()
    noted.answered(400, {})
    noted.refused(GraphError(1, fbtrace_id="FromError"))
    assert noted.exchange(duration_s=0).trace_id == "FromError"
    noted = record()
    noted.refused(GraphError(1, fbtrace_id="two words"))
    assert noted.exchange(duration_s=0).trace_id is None


def test_the_one_line_names_the_trouble() -> None:
    assert told(Trouble.CUT_SHORT, None) == "cut short"
    assert told(Trouble.TOO_LONG, "more than 5 bytes came") == "too long: more than 5 bytes came"


def test_a_server_that_names_itself_is_noted_and_so_is_the_version_that_was_asked() -> None:
    noted = record()
    noted.answered(200, {"x-served-by": "edge-12"})
    exchange = noted.exchange(duration_s=0)
    assert (exchange.server, exchange.api_version, exchange.fresh) == ("edge-12", "v26.0", None)
