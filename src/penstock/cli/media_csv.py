"""The CSV of ``penstock import media``, line by line: what is well-formed, and in a few words what is not.

A line is a row: no value may hold a line break, so a stray quote spoils its own line and no other. Nothing is read into
memory but the line. It knows neither files' names nor the ledger. Used by ``cli.importing``.

>>> columns = header(b"media_id,phone_number_id,received_at")
>>> row(b"1000000000000101,100000000000002,2026-11-10T10:00:00Z", columns, now=1_795_000_000.0).media_id
'1000000000000101'
>>> row(b"1000000000000101,+15550001234,", columns, now=1_795_000_000.0)
Traceback (most recent call last):
penstock.cli.media_csv.Malformed: phone_number_id is not up to 32 digits
"""

import csv
import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from penstock.cli.arguments import moment
from penstock.core import reading_scalars
from penstock.core.errors import WrongUse
from penstock.core.media import KINDS
from penstock.core.reading_media import digest, kind_of
from penstock.ledger.imports import ImportRow

NEEDED = ("media_id", "phone_number_id")
OPTIONAL = ("wamid", "kind", "mime_type", "sha256", "received_at")

_LINE_BYTES = 16_384
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_DAY_S = 86_400.0
_WHATSAPP_BEGAN = 1_230_768_000.0  # 2009: a time before it is a number that means something else
_MEDIA_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_PHONE_NUMBER_ID = re.compile(r"[0-9]{1,32}")
_WAMID = re.compile(r"[!-~]{1,512}")
_MIME_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+[ -~]{0,200}", re.ASCII)
_OURS = "import:"  # how the ledger marks the place of a message that nobody named


class Malformed(WrongUse):
    """A line that is not as it should be; the text says why, without repeating it."""


def lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Every line with its number, from 1, without its end. Of an overlong one a little more than is permitted."""
    number = 0
    while line := file.readline(_LINE_BYTES + 2):
        number += 1
        rest = line
        while not rest.endswith(b"\n") and len(rest) >= _LINE_BYTES:
            rest = file.readline(_LINE_BYTES + 2)
        yield number, line.rstrip(b"\r\n")


def header(line: bytes) -> tuple[str, ...]:
    """The names of the columns. Raises WrongUse."""
    if line.startswith(_UTF16):
        raise WrongUse("the file is in UTF-16: save it as CSV in UTF-8")
    try:
        columns = tuple(_fields(line.removeprefix(_BOM)))
    except Malformed as error:
        raise WrongUse(f"the first line should name the columns, but it is {error}") from error
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(columns) == 1 and separator in columns[0]:
            raise WrongUse(f"the columns are separated by {name}: save the file with commas")
    known = f"the columns are {', '.join(NEEDED)} and, if you have them, {', '.join(OPTIONAL)}"
    if missing := [name for name in NEEDED if name not in columns]:
        raise WrongUse(f"the first line does not name the column {missing[0]}; {known}")
    if unknown := [name for name in columns if name not in NEEDED + OPTIONAL]:
        raise WrongUse(f"there is no column {unknown[0][:40]!r}; {known}")
    if twice := [name for name in columns if columns.count(name) > 1]:
        raise WrongUse(f"the first line names the column {twice[0]} twice")
    return columns


def row(line: bytes, columns: Sequence[str], *, now: float) -> ImportRow:
    """One line as a row to import. Raises Malformed."""
    fields = _fields(line)
    if len(fields) != len(columns):
        raise Malformed(f"{len(fields)} values for {len(columns)} columns")
    values = dict(zip(columns, fields, strict=True))
    mime_type = _checked(values.get("mime_type"), _MIME_TYPE, "mime_type is not a type such as image/jpeg")
    return ImportRow(
        media_id=_needed(values["media_id"], _MEDIA_ID, "media_id is not 1 to 128 letters, digits and _ . : -"),
        phone_number_id=_needed(values["phone_number_id"], _PHONE_NUMBER_ID, "phone_number_id is not up to 32 digits"),
        wamid=_wamid(values.get("wamid")),
        kind=_kind(values.get("kind"), mime_type),
        mime_type=mime_type,
        sha256=_sha256(values.get("sha256")),
        received_at=_received_at(values.get("received_at"), now),
    )


def _fields(line: bytes) -> list[str]:
    if len(line) > _LINE_BYTES:
        raise Malformed(f"longer than {_LINE_BYTES} bytes")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("not in UTF-8") from None
    if '"' not in text:
        return [field.strip() for field in text.split(",")]
    try:
        fields = next(csv.reader([text], strict=True, skipinitialspace=True))
    except csv.Error:
        raise Malformed("badly quoted (a value cannot hold a line break)") from None
    return [field.strip() for field in fields]


def _needed(text: str, form: re.Pattern[str], otherwise: str) -> str:
    if not form.fullmatch(text):
        raise Malformed(otherwise)
    return text


def _checked(text: str | None, form: re.Pattern[str], otherwise: str) -> str | None:
    return _needed(text, form, otherwise) if text else None


def _wamid(text: str | None) -> str:
    if text and text.startswith(_OURS):
        raise Malformed(f"wamid begins with {_OURS}, which no message id does")
    return _checked(text, _WAMID, "wamid is not visible ASCII without spaces") or ""


def _kind(text: str | None, mime_type: str | None) -> str:
    if not text:
        return kind_of(mime_type)
    if text not in KINDS:
        raise Malformed(f"kind is not one of {', '.join(KINDS)}")
    return text


def _sha256(text: str | None) -> bytes | None:
    if not text:
        return None
    found = digest(text)
    if found is None or len(found) != 32:
        raise Malformed("sha256 is neither 64 hex digits nor 32 bytes in base64")
    return found


def _received_at(text: str | None, now: float) -> float | None:
    if not text:
        return None
    at = reading_scalars.moment(text)  # epoch seconds or milliseconds
    if not at:
        try:
            at = moment(text)
        except (ValueError, OverflowError):
            raise Malformed("received_at is neither a time such as 2026-11-24T10:30:00Z nor epoch seconds") from None
    if not _WHATSAPP_BEGAN <= at <= now + _DAY_S:
        raise Malformed("received_at is not in the past that WhatsApp has")
    return at
