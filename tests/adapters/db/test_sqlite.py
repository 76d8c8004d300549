"""The store as its callers see it: snapshots, other processes beside it, opening and closing."""

import asyncio
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from penstock.adapters.db.port import Call, Script
from penstock.adapters.db.sqlite import SqliteDatabase, pages
from penstock.core.errors import NotFound, StoreUnavailable, Unreachable

Insert = Callable[[int], Callable[[], Script[int]]]
Numbers = Callable[[], Script[list[int]]]


def table() -> Script[None]:
    yield Call("CREATE TABLE numbers (n INTEGER PRIMARY KEY)")


async def test_what_was_written_is_there_after_a_restart(
    db: SqliteDatabase, path: Path, insert: Insert, numbers: Numbers
) -> None:
    await db.write(insert(1))
    await db.stop()
    again = SqliteDatabase(path)
    await again.start()

    assert await again.read(numbers) == [1]
    await again.stop()


async def test_a_reading_script_sees_one_moment(db: SqliteDatabase, insert: Insert) -> None:
    looked, going_on = threading.Event(), threading.Event()

    def script() -> Script[tuple[int, int]]:
        before = yield Call("SELECT count(*) FROM numbers")
        looked.set()
        going_on.wait(60)
        after = yield Call("SELECT count(*) FROM numbers")
        return before[0][0], after[0][0]

    reading = asyncio.create_task(db.read(script))
    await asyncio.to_thread(looked.wait, 60)
    await db.write(insert(1))
    going_on.set()

    assert await reading == (0, 0)


async def test_a_reader_holds_up_no_writer(db: SqliteDatabase, insert: Insert) -> None:
    looked, going_on = threading.Event(), threading.Event()

    def script() -> Script[None]:
        yield Call("SELECT count(*) FROM numbers")
        looked.set()
        going_on.wait(60)

    reading = asyncio.create_task(db.read(script))
    await asyncio.to_thread(looked.wait, 60)
    async with asyncio.timeout(40):  # less than the reader waits
        await db.write(insert(1))
    going_on.set()
    await reading


async def test_a_reading_script_cannot_write(db: SqliteDatabase, insert: Insert, numbers: Numbers) -> None:
    with pytest.raises(Unreachable):
        await db.read(insert(1))
    assert await db.read(numbers) == []


async def test_a_reading_script_may_raise(db: SqliteDatabase, numbers: Numbers) -> None:
    def script() -> Script[None]:
        yield Call("SELECT 1")
        raise NotFound("there is no such thing")

    for _ in range(5):
        with pytest.raises(NotFound):
            await db.read(script)
    assert await db.read(numbers) == []


async def test_a_damaged_file_is_one_clear_line(
    db: SqliteDatabase, path: Path, insert: Insert, numbers: Numbers
) -> None:
    await db.write(insert(1))
    await db.stop()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xee" * (len(content) - 4096)
    path.write_bytes(content)
    again = SqliteDatabase(path)
    await again.start()
    with pytest.raises(Unreachable, match="damaged"):
        await again.read(numbers)
    with pytest.raises(StoreUnavailable, match="damaged"):
        await again.write(insert(2))
    await again.stop()


async def test_before_the_start_and_after_the_end_there_is_no_store(
    path: Path, insert: Insert, numbers: Numbers
) -> None:
    db = SqliteDatabase(path)
    with pytest.raises(StoreUnavailable):
        await db.write(insert(1))
    with pytest.raises(Unreachable):
        await db.read(numbers)
    await db.start()
    await db.stop()
    await db.stop()
    with pytest.raises(StoreUnavailable):
        await db.write(insert(1))
    with pytest.raises(Unreachable):
        await db.read(numbers)


async def test_a_second_process_may_write_at_the_same_time(path: Path, insert: Insert, numbers: Numbers) -> None:
    db = SqliteDatabase(path, busy_timeout_s=20)
    await db.start()
    await db.write(table)
    program = """
        import asyncio, sys
        from pathlib import Path
        from penstock.adapters.db.port import Call
        from penstock.adapters.db.sqlite import SqliteDatabase

        async def main():
            db = SqliteDatabase(Path(sys.argv[1]), busy_timeout_s=20)
            await db.start()
            print("ready", flush=True)
            for number in range(1000, 1100):
                def script():
                    seen = yield Call("SELECT count(*) FROM numbers")  # a snapshot, then a write: what could be too old
                    yield Call("INSERT INTO numbers (n) VALUES (?1)", (number,))
                await db.write(script)
            await db.stop()

        asyncio.run(main())
    """
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", textwrap.dedent(program), str(path), stdout=subprocess.PIPE
    )
    assert other.stdout is not None
    assert await other.stdout.readline() == b"ready\n"
    for start in range(0, 200, 4):
        await asyncio.gather(*(db.write(insert(number)) for number in range(start, start + 4)))
    assert await other.wait() == 0

    assert await db.read(numbers) == [*range(200), *range(1000, 1100)]
    await db.stop()


async def test_a_live_database_can_be_copied_while_others_write(
    db: SqliteDatabase, path: Path, tmp_path: Path, insert: Insert
) -> None:
    for number in range(200):
        await db.write(insert(number))
    live, copy = apsw.Connection(str(path)), apsw.Connection(str(tmp_path / "copy.db"))
    live.execute("BEGIN")
    live.execute("SELECT count(*) FROM numbers").fetchall()
    steps = 0
    for left, of in pages(live, copy, step=1):
        await db.write(insert(1_000 + steps))
        steps += 1
        assert 0 <= left < of
    live.close()

    assert steps > 1
    assert copy.execute("SELECT count(*) FROM numbers").fetchall() == [(200,)]
    copy.close()


async def test_the_clock_is_the_machines(db: SqliteDatabase) -> None:
    first = await db.now()
    assert 1_700_000_000 < first <= await db.now()
