"""What a file is, by its bytes."""

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from penstock.core.sniff import content_type, inline_safe, looks_like_html

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100)


def ftyp(brand: bytes) -> bytes:
    return b"\x00\x00\x00\x18ftyp" + brand + b"\x00\x00\x00\x00isommp42"


def zipped(*names: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name in names:
            archive.writestr(name, "application/epub+zip" if name == "mimetype" else "x")
    return data.getvalue()


def picture(form: str) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(data, form)
    return data.getvalue()


@pytest.mark.parametrize(
    ("head", "declared", "expected"),
    [
        (picture("JPEG"), "image/jpeg", "image/jpeg"),
        (picture("PNG"), "image/png", "image/png"),
        (picture("GIF"), None, "image/gif"),
        (picture("WEBP"), "image/webp", "image/webp"),
        (picture("PDF"), "application/pdf", "application/pdf"),
        (ftyp(b"isom"), "video/mp4", "video/mp4"),
        (ftyp(b"mp42"), "audio/mp4", "audio/mp4"),
        (ftyp(b"M4A "), "video/mp4", "audio/mp4"),
        (ftyp(b"3gp4"), "video/3gpp", "video/3gpp"),
        (ftyp(b"3gp5"), "audio/3gpp", "audio/3gpp"),
        (ftyp(b"qt  "), "video/mp4", "video/quicktime"),
        (ftyp(b"heic"), "image/jpeg", "image/heic"),
        (ftyp(b"avif"), "image/jpeg", "image/avif"),
        (b"OggS\x00\x02" + bytes(22) + b"\x01\x13OpusHead", "audio/ogg; codecs=opus", "audio/ogg"),
        (b"OggS\x00\x02" + bytes(22) + b"\x01\x2a\x80theora", "audio/ogg", "video/ogg"),
        (b"ID3\x04\x00" + bytes(20), "audio/mpeg", "audio/mpeg"),
        (b"\xff\xfb\x90\x00" + bytes(20), "audio/mpeg", "audio/mpeg"),
        (b"\xff\xf3\x40\xc0" + bytes(20), "audio/mpeg", "audio/mpeg"),
        (b"\xff\xf1\x50\x80" + bytes(20), "audio/aac", "audio/aac"),
        (b"\xff\xf9\x50\x80" + bytes(20), "audio/aac", "audio/aac"),
        (b"#!AMR\n" + bytes(20), "audio/amr", "audio/amr"),
        (b"#!AMR-WB\n" + bytes(20), "audio/amr", "audio/amr-wb"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav", "audio/wav"),
        (b"\x1a\x45\xdf\xa3" + bytes(20) + b"webm", "video/webm", "video/webm"),
        (zipped("[Content_Types].xml", "word/document.xml"), DOCX, DOCX),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), DOCX, XLSX),
        (zipped("[Content_Types].xml", "ppt/presentation.xml"), None, PPTX),
        (zipped("mimetype", "content.opf"), None, "application/epub+zip"),
        (zipped("a.txt"), DOCX, DOCX),
        (zipped("a.txt"), "image/jpeg", "application/zip"),
        (OLE, "application/msword", "application/msword"),
        (OLE, "application/vnd.ms-excel", "application/vnd.ms-excel"),
        (OLE, "image/jpeg", "application/x-ole-storage"),
        (b"{\\rtf1\\ansi", "application/msword", "application/rtf"),
        ("Grüße, 你好".encode(), "text/plain", "text/plain"),
        (("ä" * 3000).encode()[:4095], "text/plain", "text/plain"),
        (b"a,b\n1,2\n", "text/csv", "text/csv"),
        (b'{"a": 1}', "application/json", "application/json"),
        (b"just words", "image/jpeg", "text/plain"),
        (b"just words", None, "text/plain"),
        (b"", "image/jpeg", "application/octet-stream"),
        (b"\x00\x01\x02\x03", "image/jpeg", "application/octet-stream"),
        (b"caf\xe9 au lait", "text/plain", "application/octet-stream"),
    ],
)
def test_the_bytes_decide_and_the_declaration_only_refines(head: bytes, declared: str | None, expected: str) -> None:
    assert content_type(head, declared) == expected


@pytest.mark.parametrize(
    "head",
    [
        b"<!DOCTYPE html><html>",
        b"<html>",
        b"  \r\n\t<HTML lang=en>",
        b"\xef\xbb\xbf<html>",
        b"<script>alert(1)</script>",
        b"<!-- hello --><body onload=alert(1)>",
        b"<!-- never ends",
        b"<iframe src=x>",
        b"<img src=x onerror=alert(1)>",
        b"<a href=x>",
        b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">',
    ],
)
@pytest.mark.parametrize("declared", ["image/jpeg", "text/plain", None])
def test_a_page_is_a_page_whatever_was_declared(head: bytes, declared: str | None) -> None:
    found = content_type(head, declared)
    assert found == "text/html"
    assert not inline_safe(found)


@pytest.mark.parametrize(
    "head",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)">',
        b'<?xml version="1.0"?>\n<!DOCTYPE svg PUBLIC>\n<svg>',
        b"<!-- x --><svg>",
        b"<s:svg xmlns:s='http://www.w3.org/2000/svg'>",
    ],
)
def test_a_picture_made_of_markup_is_never_shown_in_place(head: bytes) -> None:
    found = content_type(head, "image/png")
    assert found == "image/svg+xml"
    assert not inline_safe(found)


def test_other_xml_is_xml_and_not_shown_in_place() -> None:
    assert content_type(b'<?xml version="1.0"?><a/>', "image/png") == "text/xml"
    assert not inline_safe("text/xml")


@pytest.mark.parametrize(
    "kind", ["image/jpeg", "image/webp", "video/mp4", "audio/ogg", "Audio/OGG; codecs=opus", "video/3gpp"]
)
def test_pictures_sound_and_video_may_be_shown_in_place(kind: str) -> None:
    assert inline_safe(kind)


@pytest.mark.parametrize(
    "kind",
    [
        "text/html",
        "image/svg+xml",
        "text/xml",
        "application/pdf",
        "text/plain",
        "application/octet-stream",
        "",
        "image/jpeg, text/html",
    ],
)
def test_nothing_else_may(kind: str) -> None:
    assert not inline_safe(kind)


@given(st.binary(max_size=300), st.one_of(st.none(), st.text(max_size=20)))
@settings(deadline=None, max_examples=300)
def test_what_a_browser_would_take_for_a_page_is_never_shown_in_place(head: bytes, declared: str | None) -> None:
    for data in (head, b"<script>" + head, b"<html>" + head, b"\n <svg " + head):
        found = content_type(data, declared)
        assert "/" in found
        if looks_like_html(data):
            assert not inline_safe(found)
