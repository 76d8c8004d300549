"""The audit log: only added to, chained across processes, and telling when somebody wrote over it."""

import asyncio
from typing import Any

import pytest

from penstock.adapters.db.port import Script
from penstock.core.errors import Unreachable
from penstock.ledger.audit_log import Entry, entered
from penstock.ledger.book import Ledger

SHUT = Entry(
    "cli:anna", "gate.shut", {"workspace": "acme"}, "Meta is down", before=None, after={"opening": 0.0, "until": None}
)


async def test_an_entry_is_read_as_it_was_written(ledger: Ledger) -> None:
    assert await ledger.audit_log.append(SHUT, now=5.25) == 1
    assert await ledger.audit_log.append(Entry("token:ops", "gate.open", {}, "a\0b\udc80ü"), now=6.0) == 2

    first, second = await ledger.audit_log.read()
    assert (first.number, first.at, first.entry) == (1, 5.25, SHUT)
    assert (second.entry.who, second.entry.why, second.entry.before) == ("token:ops", "a\0b\udc80ü", None)
    assert (await ledger.audit_log.head()) == (2, second.digest)


async def test_the_log_is_read_from_either_end(ledger: Ledger) -> None:
    for number in range(1, 8):
        await ledger.audit_log.append(Entry("me", f"act.{number}", {}), now=float(number))

    def numbers(found: Any) -> list[int]:
        return [each.number for each in found]

    assert numbers(await ledger.audit_log.read(after=2, limit=3)) == [3, 4, 5]
    assert numbers(await ledger.audit_log.latest(limit=3)) == [5, 6, 7]
    assert numbers(await ledger.audit_log.latest(limit=3, before=5)) == [2, 3, 4]
    assert numbers(await ledger.audit_log.latest(since=6.0)) == [6, 7]


async def test_an_entry_stands_or_falls_with_the_change_that_it_tells_of(ledger: Ledger) -> None:
    def script() -> Script[None]:
        yield from entered(ledger._sql, SHUT, 5.0)
        raise RuntimeError("the change is undone")

    with pytest.raises(RuntimeError):
        await ledger._db.write(script)
    assert await ledger.audit_log.read() == []
    assert await ledger.audit_log.append(SHUT, now=6.0) == 1
    assert (await ledger.audit_log.verify()).ok


async def test_writers_of_several_processes_make_one_chain(ledger: Ledger, store: Any) -> None:
    others = [store.ledger() for _ in range(3)]
    for other in others:
        await other.start()

    async def write(book: Ledger, name: str) -> list[int]:
        return [await book.audit_log.append(Entry(name, "act", {"n": n}), now=1.0) for n in range(15)]

    given = await asyncio.gather(*(write(book, str(at)) for at, book in enumerate([ledger, *others, *others])))
    for other in others:
        await other.stop()

    assert sorted(number for each in given for number in each) == list(range(1, 106))
    verified = await ledger.audit_log.verify()
    assert (verified.ok, verified.entries, verified.problems) == (True, 105, ())


async def test_verification_goes_page_by_page_and_finds_noted_heads(ledger: Ledger, monkeypatch: Any) -> None:
    monkeypatch.setattr("penstock.ledger.audit_log._PAGE", 3)
    noted = [(await ledger.audit_log.head()).digest.hex()]
    for number in range(7):
        await ledger.audit_log.append(Entry("me", "act", {"n": number}), now=1.0)
        noted.append((await ledger.audit_log.head()).digest.hex())

    verified = await ledger.audit_log.verify(seen=tuple(each.upper() for each in noted))
    assert (verified.ok, verified.entries, verified.head, verified.unseen) == (True, 7, noted[-1], ())
    other = await ledger.audit_log.verify(seen=(noted[3], "ab" * 32))
    assert (other.ok, other.unseen) == (False, ("ab" * 32,))
    assert "rewritten" in other.problems[0]


@pytest.mark.parametrize(
    ("deed", "told"),
    [
        ("UPDATE audit_log SET entry = digest WHERE number = 2", "entry 2 of the audit log is not what was written"),
        ("UPDATE audit_log SET digest = entry WHERE number = 4", "entry 4 of the audit log is not what was written"),
        ("UPDATE audit_log SET at = 9 WHERE number = 3", "the number or time of entry 3"),
        ("DELETE FROM audit_log WHERE number = 2", "entry 2 of the audit log is missing"),
        ("DELETE FROM audit_log WHERE number = 4", "entry 4 of the audit log is missing"),
        ("DELETE FROM audit_log", "entries 1 to 4 of the audit log are missing"),
        ("UPDATE audit_head SET entries = 3", "the audit log has 4 entries, and 3 were counted"),
        ("UPDATE audit_log SET number = 9 WHERE number = 4", "entries 4 to 8 of the audit log are missing"),
    ],
)
async def test_whatever_is_written_over_it_shows(ledger: Ledger, store: Any, deed: str, told: str) -> None:
    for number in range(4):
        await ledger.audit_log.append(Entry("me", "act", {"n": number}), now=1.0)
    await store.rows(deed)

    verified = await ledger.audit_log.verify()
    assert not verified.ok
    assert verified.problems[0].startswith(told)
    assert len(await ledger.audit_log.latest()) in {0, 3, 4}  # and what is left can be read all the same


async def test_a_log_without_its_head_is_refused(ledger: Ledger, store: Any) -> None:
    await store.rows("DELETE FROM audit_head")

    with pytest.raises(Unreachable, match="head of the audit log"):
        await ledger.audit_log.append(SHUT, now=1.0)
    with pytest.raises(Unreachable, match="head of the audit log"):
        await ledger.audit_log.verify()
