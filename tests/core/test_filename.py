"""A sender's file name, made safe to offer."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.filename import LONGEST_BYTES, clean

PDF = "application/pdf"


def cleaned(name: str | None, content_type: str = PDF) -> str:
    return clean(name, content_type=content_type, fallback="file-7")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Résumé example.pdf", "Résumé example.pdf"),
        ("Rechnung.PDF", "Rechnung.PDF"),
        ("../../escaped.ogg", "escaped.pdf"),
        ("/etc/passwd", "passwd.pdf"),
        ("C:\\Windows\\system32\\cmd.exe", "cmd.pdf"),
        ("a\uff0fb\u2044c.pdf", "c.pdf"),
        ("..", "file-7.pdf"),
        (".", "file-7.pdf"),
        ("", "file-7.pdf"),
        (None, "file-7.pdf"),
        ("   ", "file-7.pdf"),
        (".pdf", "pdf.pdf"),
        (".bashrc", "bashrc.pdf"),
        ("a\r\nSet-Cookie: x=1.pdf", "a Set-Cookie_ x=1.pdf"),
        ("a\x00b.pdf", "a b.pdf"),
        ("invoice\u202efdp.exe", "invoice fdp.pdf"),
        ("zero\u200bwidth.pdf", "zero width.pdf"),
        ("\u0645\u06cc\u200c\u062e.pdf", "\u0645\u06cc\u200c\u062e.pdf"),
        ("CON", "_CON.pdf"),
        ("nul.pdf", "_nul.pdf"),
        ("Com1.tar.pdf", "_Com1.tar.pdf"),
        ("lpt¹.pdf", "_lpt¹.pdf"),
        ("console.pdf", "console.pdf"),
        ('a<b>c:d"e|f?g*h.pdf', "a_b_c_d_e_f_g_h.pdf"),
        ("name. . .pdf", "name.pdf"),
        ("name.pdf...", "name.pdf"),
        ("two  \t blanks.pdf", "two blanks.pdf"),
        ("e\u0301.pdf", "é.pdf"),
        ("\ud800.pdf", "pdf.pdf"),
    ],
)
def test_a_name_is_one_visible_part_without_a_path(name: str | None, expected: str) -> None:
    assert cleaned(name) == expected


@pytest.mark.parametrize(
    ("name", "content_type", "expected"),
    [
        ("photo.jpeg", "image/jpeg", "photo.jpeg"),
        ("photo.exe", "image/jpeg", "photo.jpg"),
        ("photo", "image/jpeg", "photo.jpg"),
        ("invoice.pdf.exe", "application/pdf", "invoice.pdf.pdf"),
        ("invoice.pdf", "text/html", "invoice.html"),
        ("notes.md", "text/plain", "notes.md"),
        ("notes.bat", "text/plain", "notes.txt"),
        ("data.xyz", "application/octet-stream", "data.xyz"),
        ("v1.2 final", "application/octet-stream", "v1.2 final"),
        (None, "audio/ogg", "file-7.ogg"),
        (None, "application/octet-stream", "file-7"),
    ],
)
def test_the_ending_fits_the_bytes(name: str | None, content_type: str, expected: str) -> None:
    assert cleaned(name, content_type) == expected


def test_a_long_name_is_cut_without_breaking_a_letter_or_losing_its_ending() -> None:
    name = cleaned("ä" * 500 + ".pdf")
    assert len(name.encode()) <= LONGEST_BYTES
    assert name.endswith("ä.pdf")


@given(
    st.one_of(st.none(), st.text(max_size=300)),
    st.sampled_from(["image/jpeg", "application/pdf", "text/plain", "application/octet-stream", "audio/ogg"]),
)
@settings(deadline=None, max_examples=500)
def test_no_name_gets_out_of_hand(name: str | None, content_type: str) -> None:
    result = cleaned(name, content_type)
    assert 0 < len(result.encode()) <= LONGEST_BYTES
    assert not set(result) & set('/\\<>:"|?*')
    assert result not in {".", ".."} and result == result.strip(" .")
    assert all(unicodedata.category(each) not in {"Cc", "Cs", "Zl", "Zp"} for each in result)
    assert result.partition(".")[0].lower() not in {"con", "nul", "aux", "prn", "com1"}
    assert cleaned(result, content_type) == result
