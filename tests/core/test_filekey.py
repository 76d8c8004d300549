"""A file has one key, whichever body names it; two files have two."""

from typing import Any

from penstock.core.filekey import GAP, key, named
from penstock.core.reading import read

NUMBER = "100000000000002"


def test_a_key_tells_number_message_and_file_apart() -> None:
    keys = {key(n, wamid, file) for n in (1, 2) for wamid in ("wamid.A", "wamid.B") for file in ("m1", "m2")}

    assert len(keys) == 8
    assert key(1, "wamid.A", "m1") == key(1, "wamid.A", "m1")
    assert key(1, "wamid.A", "m1").message == key(1, "wamid.A", "m2").message


def test_a_gap_is_of_its_message_and_no_file() -> None:
    assert key(1, "wamid.A", "").file == GAP
    assert key(1, "wamid.A", "").message == key(1, "wamid.A", "m1").message


def test_keys_fit_a_column_of_either_database() -> None:
    for number in range(100):
        assert all(-(1 << 63) <= part < 1 << 63 for part in key(1, f"wamid.{number}", "m1"))


def test_a_body_names_what_it_brings_to_each_registration(webhooks: Any) -> None:
    body = webhooks.body(
        webhooks.file("wamid.A", "m1"), webhooks.edit("wamid.E", "wamid.A", "m2"), webhooks.text("wamid.T")
    )

    assert named(read(body), {7: NUMBER, 8: "1"}) == {key(7, "wamid.A", "m1"), key(7, "wamid.A", "m2")}
    assert named(read(b"garbage"), {7: NUMBER}) == set()
