"""The ledger opens, brings its schema up once however many start, and says in one line why it cannot."""

import asyncio
import sys
import textwrap
from pathlib import Path

import apsw
import pytest

from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.adapters.seal.fernet import FernetSealer
from penstock.core.errors import NewerSchema, StoreUnavailable, Unreachable, WrongUse
from penstock.ledger.book import Ledger


def ledger_at(path: Path, *, create: bool = True) -> Ledger:
    return Ledger(SqliteDatabase(path, busy_timeout_s=0.1, create=create), FernetSealer(["key"]))


async def test_a_new_database_is_brought_up_once(tmp_path: Path) -> None:
    path = tmp_path / "penstock.db"
    first = ledger_at(path)
    applied = await first.start()
    await first.stop()
    second = ledger_at(path)
    nothing = await second.start()
    await second.stop()

    assert applied == ["first"]
    assert nothing == []


async def test_several_processes_may_start_on_a_new_database_at_once(tmp_path: Path) -> None:
    program = """
        import asyncio, sys
        from pathlib import Path
        from penstock.adapters.db.sqlite import SqliteDatabase
        from penstock.adapters.seal.fernet import FernetSealer
        from penstock.ledger.book import Ledger

        async def main():
            ledger = Ledger(SqliteDatabase(Path(sys.argv[1])), FernetSealer(["key"]))
            print(len(await ledger.start()))
            await ledger.provisioning.add_workspace(sys.argv[2], now=1.0)
            await ledger.stop()

        asyncio.run(main())
    """
    path = tmp_path / "new" / "penstock.db"
    starting = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", textwrap.dedent(program), str(path), f"w{n}", stdout=asyncio.subprocess.PIPE
        )
        for n in range(5)
    ]
    said = [await process.communicate() for process in starting]

    assert [process.returncode for process in starting] == [0] * 5
    assert sorted(out.strip() for out, _ in said) == [b"0", b"0", b"0", b"0", b"1"]
    ledger = ledger_at(path)
    await ledger.start()
    assert len(await ledger.provisioning.workspaces()) == 5
    await ledger.stop()


async def test_a_newer_schema_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "penstock.db"
    ledger = ledger_at(path)
    await ledger.start()
    await ledger.stop()
    connection = apsw.Connection(str(path))
    connection.execute("INSERT INTO migrations VALUES (9999, 'from_the_future', 1.0)")
    connection.close()

    with pytest.raises(NewerSchema, match="9999") as caught:
        await ledger_at(path).start()
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 3


async def test_somebody_elses_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE migrations (id, what); CREATE TABLE apps (x)")
    with pytest.raises(WrongUse):
        await ledger_at(path).start()

    assert sorted(row[0] for row in connection.execute("SELECT name FROM sqlite_master")) == ["apps", "migrations"]
    connection.close()


async def test_who_must_not_make_a_database_makes_none(tmp_path: Path) -> None:
    path = tmp_path / "penstock.db"
    with pytest.raises(Unreachable):
        await ledger_at(path, create=False).start(migrate=False)
    assert not path.exists()

    path.touch()
    with pytest.raises(Unreachable, match="penstock migrate"):
        await ledger_at(path, create=False).start(migrate=False)
    connection = apsw.Connection(str(path))
    assert connection.execute("SELECT count(*) FROM sqlite_master").fetchall() == [(0,)]
    connection.close()


async def test_an_existing_database_opens_without_being_changed(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path / "penstock.db")
    await ledger.start()
    beside = ledger_at(tmp_path / "penstock.db", create=False)

    assert await beside.start(migrate=False) == []
    await beside.stop()
    await ledger.stop()


async def test_whether_it_can_store_is_found_out_by_storing(tmp_path: Path) -> None:
    path = tmp_path / "penstock.db"
    ledger = ledger_at(path)
    await ledger.start()
    await ledger.can_store()
    before = await ledger.provisioning.version()
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable):
        await ledger.can_store()
    other.execute("ROLLBACK")
    other.close()
    await ledger.can_store()

    assert await ledger.provisioning.version() == before
    await ledger.stop()


async def test_the_clock_is_the_databases(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path / "penstock.db")
    await ledger.start()
    assert await ledger.now() > 1_700_000_000
    await ledger.stop()
