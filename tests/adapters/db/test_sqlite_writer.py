"""One thread writes: many scripts to a commit, one failure undoes only itself, and nobody waits for ever."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from penstock.adapters.db import sqlite_writer
from penstock.adapters.db.port import Call, Gives, Script
from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.core.errors import NotFound, StoreUnavailable

Insert = Callable[[int], Callable[[], Script[int]]]
Numbers = Callable[[], Script[list[int]]]
BODY = b"x" * 100_000


def connection_of(db: SqliteDatabase) -> apsw.Connection:
    assert db._writer is not None
    return db._writer._connection


def table() -> Script[None]:
    yield Call("CREATE TABLE numbers (n INTEGER PRIMARY KEY)")


def bulky(number: int) -> Callable[[], Script[None]]:
    def script() -> Script[None]:
        yield Call("INSERT INTO numbers (n, body) VALUES (?1, ?2)", (number, BODY))

    return script


def pragma(text: str) -> Callable[[], Script[Any]]:
    def script() -> Script[Any]:
        rows = yield Call(f"PRAGMA {text}")
        return rows[0][0] if rows else None

    return script


# -- group commit -------------------------------------------------------------------------------


async def test_scripts_that_come_together_share_one_commit(
    db: SqliteDatabase, insert: Insert, numbers: Numbers
) -> None:
    commits: list[int] = []

    def hook() -> bool:
        commits.append(1)
        return False

    connection_of(db).set_commit_hook(hook)

    results = await asyncio.gather(*(db.write(insert(number)) for number in range(100)))

    assert results == list(range(100))
    assert await db.read(numbers) == list(range(100))
    assert len(commits) == 1


async def test_scripts_that_come_during_a_commit_go_into_the_next_one(
    db: SqliteDatabase, insert: Insert, numbers: Numbers
) -> None:
    commits: list[int] = []
    held, going_on = threading.Event(), threading.Event()

    def hook() -> bool:
        commits.append(1)
        if len(commits) == 1:
            held.set()
            going_on.wait(60)
        return False

    connection_of(db).set_commit_hook(hook)
    first = asyncio.create_task(db.write(insert(0)))
    await asyncio.to_thread(held.wait, 60)
    others = [asyncio.create_task(db.write(insert(number))) for number in range(1, 50)]
    await asyncio.sleep(0)
    going_on.set()
    await asyncio.gather(first, *others)

    assert len(commits) == 2
    assert len(await db.read(numbers)) == 50


async def test_a_result_is_given_out_only_when_others_can_see_it(
    db: SqliteDatabase, path: Path, insert: Insert
) -> None:
    other = apsw.Connection(str(path))
    for number in range(20):
        await db.write(insert(number))
        assert other.execute("SELECT max(n) FROM numbers").fetchall() == [(number,)]
    other.close()


async def test_nobody_is_told_of_a_commit_that_failed(db: SqliteDatabase, insert: Insert, numbers: Numbers) -> None:
    connection_of(db).set_commit_hook(lambda: True)  # SQLite makes a rollback of it
    results = await asyncio.gather(*(db.write(insert(number)) for number in range(5)), return_exceptions=True)
    connection_of(db).set_commit_hook(None)

    assert all(isinstance(result, apsw.ConstraintError) for result in results)
    assert await db.read(numbers) == []


# -- one failure undoes only itself ---------------------------------------------------------------


def raising(error: BaseException) -> Callable[[], Script[int]]:
    def script() -> Script[int]:
        yield Call("INSERT INTO numbers (n) VALUES (1000)")
        raise error

    return script


def not_a_generator() -> Script[int]:
    return 7  # type: ignore[return-value]


def empty_handed() -> Script[int]:
    raise StopIteration


@pytest.mark.parametrize(
    ("spoiler", "expected"),
    [
        (raising(NotFound("no such thing")), NotFound),
        (raising(SystemExit(3)), RuntimeError),
        (raising(KeyboardInterrupt()), RuntimeError),
        (raising(asyncio.CancelledError()), RuntimeError),
        (not_a_generator, TypeError),
        (empty_handed, RuntimeError),
    ],
    ids=["exception", "exit", "interrupt", "cancelled", "no generator", "stop iteration"],
)
async def test_a_script_that_raises_undoes_only_itself(
    db: SqliteDatabase,
    insert: Insert,
    numbers: Numbers,
    spoiler: Callable[[], Script[int]],
    expected: type[Exception],
) -> None:
    before, bad, after = await asyncio.gather(
        db.write(insert(1)), db.write(spoiler), db.write(insert(2)), return_exceptions=True
    )

    assert (before, after) == (1, 2)
    assert isinstance(bad, expected)
    assert await db.read(numbers) == [1, 2]
    assert await db.write(insert(3)) == 3  # and the thread lives on


async def test_a_constraint_error_undoes_only_its_own_script(
    db: SqliteDatabase, insert: Insert, numbers: Numbers
) -> None:
    await db.write(insert(1))

    def twice() -> Script[None]:
        yield Call("INSERT INTO numbers (n) VALUES (50)")
        yield Call("INSERT INTO numbers (n) VALUES (1)")

    results = await asyncio.gather(
        db.write(insert(2)), db.write(twice), db.write(twice), db.write(insert(3)), return_exceptions=True
    )

    assert results[0] == 2
    assert results[3] == 3
    assert all(isinstance(result, apsw.ConstraintError) for result in results[1:3])
    assert results[1] is not results[2]
    assert await db.read(numbers) == [1, 2, 3]


# -- a store that cannot take it now ------------------------------------------------------------


async def test_a_full_disk_stores_nothing_of_the_commit_and_says_so_to_everybody(
    db: SqliteDatabase, insert: Insert, numbers: Numbers
) -> None:
    pages = await db.write(pragma("page_count"))
    await db.write(pragma(f"max_page_count = {pages + 3}"))

    results = await asyncio.gather(db.write(insert(1)), db.write(bulky(2)), db.write(insert(3)), return_exceptions=True)

    assert all(isinstance(result, StoreUnavailable) and "full" in str(result) for result in results)
    assert await db.read(numbers) == []
    assert await db.write(insert(4)) == 4  # what is small enough still fits
    await db.write(pragma("max_page_count = 1000000"))
    await db.write(bulky(5))
    assert await db.read(numbers) == [4, 5]


async def test_a_full_disk_met_by_one_of_many_scripts_is_still_the_store_being_unavailable(
    db: SqliteDatabase, insert: Insert, numbers: Numbers
) -> None:
    pages = await db.write(pragma("page_count"))
    await db.write(pragma(f"max_page_count = {pages + 3}"))

    # The raising script makes the batch run one by one, so the full disk is met in a savepoint.
    results = await asyncio.gather(
        db.write(raising(NotFound("no"))), db.write(bulky(2)), db.write(insert(3)), return_exceptions=True
    )

    assert isinstance(results[1], StoreUnavailable)
    assert [result for result in results if isinstance(result, apsw.Error)] == []
    assert set(await db.read(numbers)) <= {3}


async def test_a_lock_that_outlasts_the_timeout_is_the_store_being_unavailable(
    db: SqliteDatabase, path: Path, insert: Insert, numbers: Numbers
) -> None:
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")

    results = await asyncio.gather(db.write(insert(1)), db.write(insert(2)), return_exceptions=True)

    assert all(isinstance(result, StoreUnavailable) and result.retryable for result in results)
    other.execute("ROLLBACK")
    other.close()
    assert await db.write(insert(3)) == 3
    assert await db.read(numbers) == [3]


async def test_a_short_lock_of_another_connection_is_waited_for(path: Path, insert: Insert) -> None:
    db = SqliteDatabase(path, busy_timeout_s=10)
    await db.start()
    await db.write(table)
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")

    writing = asyncio.create_task(db.write(insert(1)))
    await asyncio.sleep(0.05)
    assert not writing.done()
    other.execute("COMMIT")
    other.close()

    assert await writing == 1
    await db.stop()


async def test_a_store_that_turns_read_only_is_unavailable(db: SqliteDatabase, insert: Insert) -> None:
    await db.write(pragma("query_only = ON"))
    with pytest.raises(StoreUnavailable):
        await db.write(insert(1))
    connection_of(db).pragma("query_only", False)
    assert await db.write(insert(2)) == 2


# -- nobody waits for ever ------------------------------------------------------------------------


async def test_whatever_goes_wrong_in_the_thread_those_who_wait_are_told(
    db: SqliteDatabase, insert: Insert, numbers: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> list[sqlite_writer.Result]:
        raise MemoryError

    monkeypatch.setattr(sqlite_writer, "commit", broken)
    async with asyncio.timeout(60):
        results = await asyncio.gather(db.write(insert(1)), db.write(insert(2)), return_exceptions=True)
    monkeypatch.undo()

    assert all(isinstance(result, MemoryError) for result in results)
    assert await db.write(insert(3)) == 3
    assert await db.read(numbers) == [3]


async def test_stopping_commits_what_is_queued_and_takes_nothing_more(path: Path, insert: Insert) -> None:
    db = SqliteDatabase(path)
    await db.start()
    await db.write(table)
    writing = [asyncio.ensure_future(db.write(insert(number))) for number in range(1_200)]
    await asyncio.sleep(0)
    stopping = asyncio.create_task(db.stop())
    await asyncio.sleep(0)
    with pytest.raises(StoreUnavailable):
        await db.write(insert(9_999))
    async with asyncio.timeout(60):
        await stopping
        results = await asyncio.gather(*writing)

    assert results == list(range(1_200))
    left = apsw.Connection(str(path))
    assert left.execute("SELECT count(*) FROM numbers").fetchall() == [(1_200,)]
    left.close()


async def test_somebody_who_stopped_waiting_troubles_nobody(
    db: SqliteDatabase, insert: Insert, numbers: Numbers
) -> None:
    writing = [asyncio.create_task(db.write(insert(number))) for number in range(3)]
    await asyncio.sleep(0)
    writing[1].cancel()
    results = await asyncio.gather(*writing, return_exceptions=True)

    assert results[0] == 0
    assert isinstance(results[1], asyncio.CancelledError)
    assert results[2] == 2
    assert await db.read(numbers) == [0, 1, 2]


# -- answers and the log --------------------------------------------------------------------------


async def test_statements_answer_with_what_was_asked_for(db: SqliteDatabase) -> None:
    insert = "INSERT INTO numbers (n) VALUES (?1) ON CONFLICT DO NOTHING"
    update = "UPDATE numbers SET body = x'00' WHERE n >= ?1"

    calls = (
        Call(insert, (7,), gives=Gives.ROW_ID),
        Call(insert, (7,), gives=Gives.ROW_ID),
        Call(insert, (8,), gives=Gives.COUNT),
        Call(update, (1,), gives=Gives.COUNT),
        Call(insert, [(8,), (9,)], many=True, gives=Gives.ROW_ID),
        Call(update, [(9,), (1,), (99,)], many=True, gives=Gives.COUNT),
        Call(insert, [(10,), (11,)], many=True),
        Call("SELECT n FROM numbers WHERE n > ?1", (9,)),
    )

    def script() -> Script[list[object]]:
        answers: list[object] = []
        for call in calls:
            rows = yield call
            answers.append(rows)
        return answers

    assert await db.write(script) == [
        [(7,)],
        [],
        [()],
        [(), ()],
        [(None,), (9,)],
        [(1,), (3,), (0,)],
        [],
        [(10,), (11,)],
    ]


async def test_a_long_log_is_brought_into_the_file(
    db: SqliteDatabase, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_writer, "_CHECKPOINT_PAGES", 50)
    for number in range(60):
        await db.write(bulky(number))
    log = path.with_name(path.name + "-wal")

    assert log.stat().st_size < 20 * len(BODY)


async def test_the_writer_keeps_nobody_from_ending_who_forgot_to_stop_it(path: Path) -> None:
    db = SqliteDatabase(path)
    await db.start()
    assert db._writer is not None
    assert db._writer._thread.daemon
    with contextlib.suppress(StoreUnavailable):
        await db.stop()
