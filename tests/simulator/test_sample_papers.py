"""A PDF of our own making."""

import re

from penstock.simulator.sample_papers import file_name, letter, page


def test_the_table_of_a_page_says_where_every_object_begins() -> None:
    data = page("Title (1)", ("a \\ b", "Zoë"))
    start = int(data.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    rows = data[start:].split(b"\n")[3:9]

    assert data.startswith(b"%PDF-1.4\n")
    assert data.endswith(b"%%EOF\n")
    assert data[start:].startswith(b"xref\n0 7\n")
    for number, row in enumerate(rows, 1):
        assert data[int(row[:10]) :].startswith(b"%d 0 obj\n" % number)


def test_the_text_of_a_page_is_in_it_and_escaped() -> None:
    data = page("Title (1)", ("a \\ b", "Zoë"))
    length = int(re.findall(rb"/Length (\d+)", data)[0])

    assert b"(Title \\(1\\)) Tj" in data
    assert b"(a \\\\ b) Tj" in data
    assert "(Zoë) Tj".encode("cp1252") in data
    assert data.split(b"stream\n", 1)[1][length:].startswith(b"\nendstream")


def test_there_are_four_letters() -> None:
    assert len({letter(variant) for variant in range(4)}) == 4
    assert [file_name(variant) for variant in (2, 3)] == ["Invoice 2026-117.pdf", "Résumé.pdf"]
    assert letter(0) == letter(4)
