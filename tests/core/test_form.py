"""The one body that is ever sent: the same bytes for the same file, readable as a form by somebody else's parser."""

from email.message import Message
from email.parser import BytesParser

from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.form import LARGEST_BYTES, Form, SmallFile

FILE = SmallFile("probe.txt", "text/plain", b"hello\n")
GOLDEN = b"""\
--penstock-5891b5b522d5df086d0ff0b110fbd9d2\r
Content-Disposition: form-data; name="messaging_product"\r
\r
whatsapp\r
--penstock-5891b5b522d5df086d0ff0b110fbd9d2\r
Content-Disposition: form-data; name="type"\r
\r
text/plain\r
--penstock-5891b5b522d5df086d0ff0b110fbd9d2\r
Content-Disposition: form-data; name="file"; filename="probe.txt"\r
Content-Type: text/plain\r
\r
hello
\r
--penstock-5891b5b522d5df086d0ff0b110fbd9d2--\r
"""


def parts(form: Form) -> list[Message]:
    """The form as Python's own parser of mail reads it."""
    whole = BytesParser().parsebytes(f"Content-Type: {form.content_type}\r\n\r\n".encode() + form.data)
    found = whole.get_payload()
    assert isinstance(found, list)
    return [part for part in found if isinstance(part, Message)]


def test_the_bytes_are_these() -> None:
    form = Form.of(FILE)
    assert form is not None
    assert form.data == GOLDEN
    assert form.content_type == "multipart/form-data; boundary=penstock-5891b5b522d5df086d0ff0b110fbd9d2"
    assert repr(form) == f"Form({len(GOLDEN)} bytes)"


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=LARGEST_BYTES))
def test_whatever_the_file_holds_the_same_file_is_the_same_form(data: bytes) -> None:
    form = Form.of(SmallFile("probe.bin", "application/octet-stream", data))
    assert form == Form.of(SmallFile("probe.bin", "application/octet-stream", data))
    assert form is not None
    assert form.data.count(form.content_type.partition("boundary=")[2].encode()) == 4
    assert data in form.data


@settings(max_examples=40, deadline=None)
@given(st.text("abc -\n", min_size=1, max_size=200).map(str.encode))
def test_somebody_elses_parser_reads_the_three_fields(data: bytes) -> None:
    form = Form.of(SmallFile("probe.txt", "text/plain", data))
    assert form is not None
    product, kind, file = parts(form)
    assert product.get_payload() == "whatsapp"
    assert kind.get_payload() == "text/plain"
    assert (file.get_filename(), file.get_content_type()) == ("probe.txt", "text/plain")
    assert str(file.get_payload()).encode().splitlines() == data.splitlines()


def test_what_could_be_read_in_another_way_is_no_file() -> None:
    assert Form.of(SmallFile("a", "text/plain", b"x")) is not None
    for name, mime_type, data in (
        ('a"; name="method', "text/plain", b"x"),
        ("a\r\nX: y", "text/plain", b"x"),
        ("", "text/plain", b"x"),
        ("../a", "text/plain", b"x"),
        ("a", "text/plain\r\nX: y", b"x"),
        ("a", "text", b"x"),
        ("a", "text/plain", b""),
        ("a", "text/plain", b"x" * (LARGEST_BYTES + 1)),
    ):
        assert Form.of(SmallFile(name, mime_type, data)) is None, (name, mime_type)
