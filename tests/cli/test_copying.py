"""A copy is of one moment, whole, and compared; what cannot be copied is said."""

import asyncio
import errno
import hashlib
import json
import os
import threading
from pathlib import Path
from typing import Any

import apsw
import pytest

from penstock.adapters.db import sqlite
from penstock.cli import copying
from penstock.core import blobkey
from penstock.core.errors import StoreUnavailable, Unreachable

DATABASE, BLOBS = Path("penstock-data/penstock.db"), Path("penstock-data/blobs")


def nothing(*_: object) -> None:
    """Nobody looks."""


def copy(target: Path, **more: Any) -> copying.Copied:
    return copying.copy(DATABASE, BLOBS, target, **({"key": None, "tell": nothing} | more))


def test_a_copy_holds_the_database_and_every_attached_file(penstock: Any, acme: Any, tmp_path: Path) -> None:
    acme.receive("1", "2", "3")
    claims = acme.attach(b"one", b"two")
    copied = copy(tmp_path / "copy")

    assert (copied.files, copied.file_bytes, copied.problems) == (2, 6, [])
    assert copied.database_bytes == (tmp_path / "copy/penstock.db").stat().st_size
    contents = {(tmp_path / "copy/blobs" / blobkey.key(claim.id)).read_bytes() for claim in claims}
    assert contents == {b"one", b"two"}
    assert sorted(path.name for path in (tmp_path / "copy").iterdir()) == [
        "audit-log-head.json",
        "blobs",
        "penstock.db",
    ]


def test_nobody_else_on_the_machine_may_look_into_a_copy(penstock: Any, acme: Any, tmp_path: Path) -> None:
    copy(tmp_path / "copy", key=Path("penstock-data/secret.key"))

    for path in (
        tmp_path / "copy",
        tmp_path / "copy/penstock.db",
        tmp_path / "copy/secret.key",
        tmp_path / "copy/audit-log-head.json",
        tmp_path / "copy/blobs",
    ):
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_file_is_linked_where_that_is_possible_and_copied_where_not(
    penstock: Any, acme: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.receive("1")
    (claim,) = acme.attach(b"one")
    source = BLOBS / blobkey.key(claim.id)
    assert copy(tmp_path / "linked").linked == 1
    assert (tmp_path / "linked/blobs" / blobkey.key(claim.id)).samefile(source)

    def refuse(*_: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "link", refuse)
    assert copy(tmp_path / "copied").linked == 0
    assert not (tmp_path / "copied/blobs" / blobkey.key(claim.id)).samefile(source)
    assert (tmp_path / "copied/blobs" / blobkey.key(claim.id)).read_bytes() == b"one"


def test_a_missing_or_shortened_file_is_named_and_the_rest_is_copied(penstock: Any, acme: Any, tmp_path: Path) -> None:
    acme.receive("1", "2", "3")
    claims = acme.attach(b"one", b"two", b"three")
    (BLOBS / blobkey.key(claims[0].id)).unlink()
    (BLOBS / blobkey.key(claims[1].id)).write_bytes(b"t")
    copied = copy(tmp_path / "copy")

    assert copied.files == 1
    assert copied.problems == [
        f"the bytes of {claims[0].id:016x} are missing",
        f"{claims[1].id:016x} has 1 bytes instead of 3",
    ]


def test_of_many_missing_files_a_few_are_named(penstock: Any, acme: Any, tmp_path: Path) -> None:
    acme.receive(*map(str, range(9)))
    acme.attach(*(b"x" for _ in range(9)))
    for path in BLOBS.glob("*/*"):
        path.unlink()

    problems = copy(tmp_path / "copy").problems
    assert len(problems) == 6
    assert problems[-1] == "and 4 more like these"


def test_progress_is_told_in_pages_and_in_files(penstock: Any, acme: Any, tmp_path: Path) -> None:
    acme.receive("1", "2")
    acme.attach(b"one", b"two")
    told: list[tuple[str, int, int]] = []
    copy(tmp_path / "copy", tell=lambda *each: told.append(each))

    pages = [each for each in told if each[0] == "pages of the database"]
    assert pages[-1][1] == pages[-1][2] > 0
    assert [each for each in told if each[0] == "files"] == [("files", 1, 2), ("files", 2, 2)]


def test_a_damaged_database_is_not_passed_off_as_a_backup(penstock: Any, acme: Any, tmp_path: Path) -> None:
    penstock.done("audit")
    with apsw.Connection(str(DATABASE)) as connection:
        connection.pragma("wal_checkpoint(TRUNCATE)")
        root: Any = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'media_once'").get
    connection.close()
    with DATABASE.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\x0a\x00\x00\x00\x07" + b"\xff" * 60)

    with pytest.raises(Unreachable, match=r"not sound|cannot be copied"):
        copy(tmp_path / "copy")


def test_a_file_that_is_no_database_is_not_copied(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("these are my notes\n" * 500)

    with pytest.raises(Unreachable, match="cannot be copied"):
        copying.copy(tmp_path / "notes", tmp_path, tmp_path / "copy", key=None, tell=nothing)


def test_a_full_disk_is_a_store_that_is_not_available(
    penstock: Any, acme: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> Any:
        raise apsw.FullError("database or disk is full")

    monkeypatch.setattr(copying, "pages", full)

    with pytest.raises(StoreUnavailable, match="cannot be written"):
        copy(tmp_path / "copy")


def test_a_copy_ends_and_is_of_one_moment_although_somebody_writes_all_the_time(
    penstock: Any, acme: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each transaction of the writer attaches a file whose bytes were durable before: no copy may show half of it."""
    for batch in range(20):
        acme.receive(*(f"{batch}-{number}" for number in range(50)))
    ended, started = threading.Event(), threading.Event()
    attached: list[int] = []
    left: list[int] = []

    def write() -> None:
        async def script(ledger: Any) -> None:
            from penstock.core.work import Attached

            while not ended.is_set():
                now = await ledger.now()
                for claim in await ledger.queue.claim(owner="test", limit=5, now=now, lease_s=60):
                    path = BLOBS / blobkey.key(claim.id)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(b"file")
                    ending = Attached(4, hashlib.sha256(b"file").digest(), "image/jpeg")
                    await ledger.queue.settle(claim, ending, [], now=now)
                    attached.append(claim.id)
                await ledger.provisioning.set_workspace("acme", test=bool(len(attached) % 2))
                started.set()

        asyncio.run(acme.whole(script))

    def in_small_steps(source: Any, target: Any) -> Any:
        for step in sqlite.pages(source, target, step=2):
            yield step
            left.append(step[0])
            before = len(attached)
            if len(attached) < 300:
                for _ in range(100):
                    if len(attached) > before:
                        break
                    ended.wait(0.002)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert started.wait(60)
        monkeypatch.setattr(copying, "pages", in_small_steps)
        copied = copy(tmp_path / "copy")
    finally:
        ended.set()
        writer.join()

    assert left == sorted(set(left), reverse=True), "a commit of the writer started the copy anew"
    assert copied.problems == []
    assert 0 < copied.files < len(attached)
    with apsw.Connection(str(tmp_path / "copy/penstock.db"), flags=apsw.SQLITE_OPEN_READONLY) as connection:
        (count,) = connection.execute("SELECT count(*) FROM media WHERE sha256 IS NOT NULL").fetchall()[0]
    connection.close()
    assert count == copied.files


def test_the_head_of_the_audit_log_lies_beside_the_copy(penstock: Any, acme: Any, tmp_path: Path) -> None:
    head = acme.work(lambda ledger: ledger.audit_log.head())
    copied = copy(tmp_path / "copy")

    assert (copied.entries, copied.head) == (head.entries, head.digest.hex())
    assert json.loads((tmp_path / "copy/audit-log-head.json").read_text()) == {
        "entries": head.entries,
        "head": head.digest.hex(),
    }


def test_a_log_without_its_head_is_a_problem_and_a_database_without_the_log_is_none(
    penstock: Any, acme: Any, tmp_path: Path
) -> None:
    with apsw.Connection(str(DATABASE)) as connection:
        connection.execute("DELETE FROM audit_head")
    connection.close()
    assert copy(tmp_path / "headless").problems == ["the head of the audit log is gone: `penstock audit` says more"]
    with apsw.Connection(str(DATABASE)) as connection:
        connection.execute("DROP TABLE audit_head")
    connection.close()
    copied = copy(tmp_path / "older")

    assert (copied.problems, copied.head) == ([], None)
    assert not (tmp_path / "older/audit-log-head.json").exists()
