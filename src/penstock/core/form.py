"""The one body that Penstock ever sends: a small file in a multipart form, the same bytes for the same file.

Meta takes an upload as a form of three fields. The boundary is made from the file's own hash, so there is nothing
random in a request, and the whole of it can be declared and compared before it leaves. It sends nothing. Declared by
``core.contract``; uploaded by the Graph adapter.
"""

import hashlib
import re
from typing import Self

import msgspec

LARGEST_BYTES = 4_096  # a probe's file is tiny; nothing of a customer's ever goes this way

_FILENAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")
_MIME_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+")


class SmallFile(msgspec.Struct, frozen=True, gc=False):
    """A file to upload."""

    name: str
    mime_type: str
    data: bytes

    @property
    def sha256(self) -> bytes:
        """By which it is recognised when it comes back."""
        return hashlib.sha256(self.data).digest()


class Form(msgspec.Struct, frozen=True, gc=False):
    """A body and what its headers say of it."""

    content_type: str
    data: bytes

    @classmethod
    def of(cls, file: SmallFile) -> Self | None:
        """The form that uploads a file; None when the file is not fit to stand in one."""
        boundary = f"penstock-{file.sha256.hex()[:32]}"
        if not 0 < len(file.data) <= LARGEST_BYTES or boundary.encode() in file.data:
            return None
        if not _FILENAME.fullmatch(file.name) or not _MIME_TYPE.fullmatch(file.mime_type):
            return None
        fields = [('name="messaging_product"', b"whatsapp"), ('name="type"', file.mime_type.encode())]
        parts = [
            f"--{boundary}\r\nContent-Disposition: form-data; {name}\r\n\r\n".encode() + said for name, said in fields
        ]
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\n'
        parts.append(f"{head}Content-Type: {file.mime_type}\r\n\r\n".encode() + file.data)
        data = b"\r\n".join((*parts, f"--{boundary}--\r\n".encode()))
        return cls(f"multipart/form-data; boundary={boundary}", data)

    def __repr__(self) -> str:
        """Its size; the bytes say nothing to a reader."""
        return f"Form({len(self.data)} bytes)"
