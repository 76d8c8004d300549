"""Writes the sample document: a one-page PDF with real text, by a writer of a few lines instead of a library.

Imported by ``samples`` on demand; it can write any short page of plain lines.
"""

_LETTERS = (
    ("Order confirmation 1042", ("Two cups and a teapot, blue.", "Delivery: Friday, between 10 and 12.")),
    ("Signed form", ("I accept the terms of delivery.", "Zoë Müller, Köln")),
    ("Invoice 2026/117", ("1 x teapot    30.00 USD", "2 x cup       12.00 USD", "Total         42.00 USD")),
    ("Résumé", ("Lucía Example", "Ten years of pottery, five of them in Málaga.")),
)


def file_name(variant: int) -> str:
    """What its sender called one of the sample letters."""
    return _LETTERS[variant % len(_LETTERS)][0].replace("/", "-") + ".pdf"


def letter(variant: int) -> bytes:
    """One of the sample letters."""
    title, lines = _LETTERS[variant % len(_LETTERS)]
    return page(title, lines)


def page(title: str, lines: tuple[str, ...]) -> bytes:
    """A PDF of one A5 page with a title and lines of text (Latin letters only)."""
    commands = ["BT", "/F1 18 Tf", "48 520 Td", f"({_escaped(title)}) Tj", "/F1 11 Tf", "0 -14 Td"]
    for line in lines:
        commands += ["0 -18 Td", f"({_escaped(line)}) Tj"]
    content = "\n".join([*commands, "ET"]).encode("cp1252", "replace")
    return _file(
        (
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 420 595] /Contents 4 0 R /Resources 6 0 R >>",
            b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
            b"<< /Font << /F1 5 0 R >> >>",
        )
    )


def _file(objects: tuple[bytes, ...]) -> bytes:
    """The objects, numbered from 1, with the table that says where each begins."""
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
