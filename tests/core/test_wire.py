"""What went over the wire is noted, and never shown by accident."""

from penstock.core.contract import Prepared
from penstock.core.wire import FileSeen, Wire


def test_nothing_of_an_exchange_is_in_a_repr() -> None:
    wire = Wire(token="EAAGsecret", body=b"secret body", status=200, headers=(("X", "secret"),))
    wire.file = FileSeen(3, b"\x01" * 32, b"secret head")
    wire.prepared = Prepared("GET", "https", "h", 443, "/secret", (("Authorization", "Bearer EAAGsecret"),))
    assert repr(wire) == "Wire(status=200)"
    assert repr(wire.file) == "FileSeen(3 bytes)"


def test_a_second_connection_makes_the_first_one_forgotten() -> None:
    wire = Wire(connected_at=5.0)
    wire.connecting()
    wire.answered(200, "OK", [("A", "1"), ("A", "2")], at=7.0)
    assert (wire.connected_at, wire.headed_at, wire.headers) == (None, 7.0, (("A", "1"), ("A", "2")))
