"""A chain of entries, each bound to the one before it by its hash, so that none can be changed or dropped unnoticed.

The digest of an entry is SHA-256 of the digest before it followed by the entry's bytes. Whoever rewrites an entry must
rewrite all that came after it, and then the head is another one than the head that somebody noted. Nothing here knows
what an entry says or where it is kept. Used by the ledger's audit log.

>>> first = after(START, canonical({"why": "a test"}))
>>> first.entries, first.digest == after(START, b'{"why":"a test"}').digest
(1, True)
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Head(NamedTuple):
    """How far a chain has come: how many entries there are, and the digest of the last one."""

    entries: int
    digest: bytes


class Kept(NamedTuple):
    """An entry as it was found."""

    number: int  # from 1
    entry: bytes
    digest: bytes


START = Head(0, bytes(32))  # before the first entry


def canonical(values: Mapping[str, object]) -> bytes:
    """The one way to write an entry: JSON with sorted keys, ASCII alone, no spaces. Raises ValueError or TypeError."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def after(head: Head, entry: bytes) -> Head:
    """The head once an entry was added."""
    return Head(head.entries + 1, hashlib.sha256(head.digest + entry).digest())


def follow(head: Head, found: Iterable[Kept]) -> tuple[Head, list[str]]:
    """Where a chain stands after more of it was read, and what is wrong with what was read, each in a sentence.

    After a fault the chain is followed from what was found there, so that one fault is told once. A chain that was
    rewritten from some place to its end shows no fault: only a head that was noted before tells.
    """
    problems = []
    for number, entry, digest in found:
        expected = after(head, entry)
        if number > expected.entries:
            problems.append(_missing(expected.entries, number - 1))
        elif number < expected.entries:
            problems.append(f"entry {number} of the audit log is there more than once")
        elif digest != expected.digest:
            problems.append(f"entry {number} of the audit log is not what was written, or the one before it is not")
        head = Head(number, digest)
    return head, problems


def ended(head: Head, noted: Head) -> str | None:
    """What is wrong when a chain was followed to its end, beside the head that was kept with it; None = nothing."""
    if head == noted:
        return None
    if head.entries < noted.entries:
        return _missing(head.entries + 1, noted.entries)
    if head.entries > noted.entries:
        return f"the audit log has {head.entries} entries, and {noted.entries} were counted when they were written"
    return "the audit log does not end with the head that was kept when its last entry was written"


def _missing(first: int, last: int) -> str:
    if first == last:
        return f"entry {first} of the audit log is missing"
    return f"entries {first} to {last} of the audit log are missing"
