"""A line of an import is a row, or a few words on what is wrong with it."""

import base64
import doctest
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.cli import media_csv
from penstock.core.errors import WrongUse
from penstock.ledger.imports import ImportRow

NOW = 1_795_000_000.0
DIGEST = bytes(range(32))
ALL = (*media_csv.NEEDED, *media_csv.OPTIONAL)


def row(line: str | bytes, columns: tuple[str, ...] = ALL) -> ImportRow:
    return media_csv.row(line.encode() if isinstance(line, str) else line, columns, now=NOW)


def test_the_examples_in_the_module_hold() -> None:
    assert doctest.testmod(media_csv).failed == 0


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("1,2,,,,,", ImportRow("1", "2")),
        (" 1 , 2 ,,,,, ", ImportRow("1", "2")),
        ('"1","2","","image","image/jpeg","",""', ImportRow("1", "2", kind="image", mime_type="image/jpeg")),
        ('1, "2",wamid.HBgL=,,,,', ImportRow("1", "2", wamid="wamid.HBgL=")),
        ("1,2,,,video/mp4,,", ImportRow("1", "2", kind="video", mime_type="video/mp4")),
        ('1,2,,,"audio/ogg; codecs=opus",,', ImportRow("1", "2", kind="audio", mime_type="audio/ogg; codecs=opus")),
        (f"1,2,,,,{DIGEST.hex()},", ImportRow("1", "2", sha256=DIGEST)),
        (f"1,2,,,,{DIGEST.hex().upper()},", ImportRow("1", "2", sha256=DIGEST)),
        (f"1,2,,,,{base64.b64encode(DIGEST).decode()},", ImportRow("1", "2", sha256=DIGEST)),
        (f"1,2,,,,{base64.urlsafe_b64encode(DIGEST).decode()},", ImportRow("1", "2", sha256=DIGEST)),
        ("1,2,,,,,1794000000", ImportRow("1", "2", received_at=1_794_000_000.0)),
        ("1,2,,,,,1794000000.5", ImportRow("1", "2", received_at=1_794_000_000.5)),
        ("1,2,,,,,1794000000123", ImportRow("1", "2", received_at=1_794_000_000.123)),
        ("1,2,,,,,2026-11-06T21:20:00Z", ImportRow("1", "2", received_at=1_794_000_000.0)),
    ],
)
def test_a_well_formed_line_is_a_row(line: str, expected: ImportRow) -> None:
    assert row(line) == expected


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("1,2", "2 values for 7 columns"),
        ("1,2,,,,,,", "8 values for 7 columns"),
        (",2,,,,,", "media_id is not"),
        ("../etc,2,,,,,", "media_id is not"),
        ("1 2,2,,,,,", "media_id is not"),
        (f"{'1' * 129},2,,,,,", "media_id is not"),
        ("1,,,,,,", "phone_number_id is not"),
        ("1,+15550001234,,,,,", "phone_number_id is not"),
        ("1,٢,,,,,", "phone_number_id is not"),
        ("1,2,two words,,,,", "wamid is not"),
        ("1,2,import:7,,,,", "wamid begins with import:"),
        ("1,2,,voice,,,", "kind is not one of image, audio, video, document, sticker"),
        ("1,2,,,jpeg,,", "mime_type is not"),
        ("1,2,,,image/jpeg\x00,,", "mime_type is not"),
        ("1,2,,,,abc,", "sha256 is neither"),
        (f"1,2,,,,{'ab ' * 21}a,", "sha256 is neither"),
        (f"1,2,,,,{'g' * 64},", "sha256 is neither"),
        ("1,2,,,,,yesterday", "received_at is neither"),
        ("1,2,,,,,24.11.2026", "received_at is neither"),
        ("1,2,,,,,2026-11-31", "received_at is neither"),
        ("1,2,,,,,2026", "received_at is not in the past"),
        ("1,2,,,,,2027-11-24", "received_at is not in the past"),
        ('1,"2,,,,,', "badly quoted"),
        ('1,"2"3,,,,,', "badly quoted"),
        (b"1,2,\xff,,,,", "not in UTF-8"),
        ("1,2," + "x" * 20_000 + ",,,,", "longer than 16384 bytes"),
    ],
)
def test_a_malformed_line_says_why_without_repeating_it(line: str | bytes, why: str) -> None:
    with pytest.raises(media_csv.Malformed, match=why) as raised:
        row(line)

    assert "15550001234" not in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "line",
    [
        b"media_id,phone_number_id",
        b"\xef\xbb\xbfmedia_id,phone_number_id",
        b'"media_id","phone_number_id"',
        b" phone_number_id , media_id ",
        b"sha256,media_id,phone_number_id,wamid",
    ],
)
def test_a_header_names_the_columns_in_any_order(line: bytes) -> None:
    assert set(media_csv.NEEDED) <= set(media_csv.header(line))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"media_id", "does not name the column phone_number_id"),
        (b"1000000000000101,100000000000002", "does not name the column media_id"),
        (b"media_id;phone_number_id", "separated by semicolons"),
        (b"media_id\tphone_number_id", "separated by tabs"),
        (b"media_id,phone_number_id,colour", "no column 'colour'"),
        (b"media_id,phone_number_id,media_id", "names the column media_id twice"),
        (b"\xff\xfem\x00e\x00", "UTF-16"),
        (b"PK\x03\x04\x80\x81", "not in UTF-8"),
        (b'media_id,"phone_number_id', "badly quoted"),
    ],
)
def test_a_file_of_another_kind_is_known_by_its_first_line(line: bytes, why: str) -> None:
    with pytest.raises(WrongUse, match=why):
        media_csv.header(line)


def test_lines_are_counted_whatever_ends_them() -> None:
    file = io.BytesIO(b"a\r\nb\n\nc" + b"x" * 50_000 + b"\nd")

    found = list(media_csv.lines(file))

    assert [number for number, _ in found] == [1, 2, 3, 4, 5]
    assert [line for _, line in found][:3] == [b"a", b"b", b""]
    assert len(found[3][1]) < 17_000
    assert found[4][1] == b"d"


def test_a_line_of_exactly_the_longest_kind_does_not_swallow_the_next_one() -> None:
    for length in range(16_380, 16_390):
        file = io.BytesIO(b"x" * length + b"\nnext\n")
        assert [line for _, line in media_csv.lines(file)][1:] == [b"next"]


@given(st.binary(max_size=80))
@settings(max_examples=300, deadline=None)
def test_no_bytes_are_more_than_a_row_or_a_refusal(line: bytes) -> None:
    try:
        found = media_csv.row(line, media_csv.NEEDED, now=NOW)
    except media_csv.Malformed:
        return
    assert found.media_id
    assert found.phone_number_id.isdecimal()
