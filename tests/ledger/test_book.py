"""The ledger opens, brings its schema up once however many start, and says in one line why it cannot."""

import asyncio
import sys
import textwrap
from pathlib import Path
from typing import Any

import apsw
import asyncpg
import pytest

from penstock.adapters.db.postgres import PostgresDatabase
from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.adapters.seal.fernet import FernetSealer
from penstock.core.errors import NewerSchema, StoreUnavailable, Unreachable, WrongUse
from penstock.ledger import schema
from penstock.ledger.book import Ledger

OPENED = {
    "sqlite": "SqliteDatabase(Path(sys.argv[1]))",
    "postgres": "PostgresDatabase(sys.argv[1])",
}


def ledger_at(path: Path, *, create: bool = True) -> Ledger:
    return Ledger(SqliteDatabase(path, busy_timeout_s=0.1, create=create), FernetSealer(["key"]))


@pytest.fixture
async def place(store: Any, postgres_or_none: Any) -> Any:
    """A store without anything in it, not even a schema."""
    if store.dialect == "postgres":
        store.address = await postgres_or_none.new()
    return store


@pytest.fixture
def postgres_or_none(store: Any, request: pytest.FixtureRequest) -> Any:
    """The server, for tests that are run on it."""
    return request.getfixturevalue("postgres") if store.dialect == "postgres" else None


async def test_a_new_database_is_brought_up_once(place: Any) -> None:
    first = place.ledger()
    applied = await first.start()
    await first.stop()
    second = place.ledger()
    nothing = await second.start()
    await second.stop()

    assert applied == [name for _, name, _ in schema.available(place.dialect)]
    assert nothing == []


async def test_several_processes_may_start_on_a_new_database_at_once(place: Any) -> None:
    program = f"""
        import asyncio, sys
        from pathlib import Path
        from penstock.adapters.db.postgres import PostgresDatabase
        from penstock.adapters.db.sqlite import SqliteDatabase
        from penstock.adapters.seal.fernet import FernetSealer
        from penstock.ledger.book import Ledger

        async def main():
            ledger = Ledger({OPENED[place.dialect]}, FernetSealer(["key"]))
            print(len(await ledger.start()))
            await ledger.provisioning.add_workspace(sys.argv[2], now=1.0)
            await ledger.stop()

        asyncio.run(main())
    """
    starting = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", textwrap.dedent(program), place.address, f"w{n}", stdout=asyncio.subprocess.PIPE
        )
        for n in range(5)
    ]
    said = [await process.communicate() for process in starting]

    assert [process.returncode for process in starting] == [0] * 5
    every = str(len(schema.available(place.dialect))).encode()
    assert sorted(out.strip() for out, _ in said) == [b"0", b"0", b"0", b"0", every]
    ledger = place.ledger()
    await ledger.start()
    assert len(await ledger.provisioning.workspaces()) == 5
    await ledger.stop()


async def test_a_newer_schema_is_refused_in_one_line(place: Any) -> None:
    ledger = place.ledger()
    await ledger.start()
    await ledger.stop()
    await place.rows("INSERT INTO migrations VALUES (9999, 'from_the_future', 1.0)")

    with pytest.raises(NewerSchema, match="9999") as caught:
        await place.ledger().start()
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 3


async def test_somebody_elses_database_is_left_alone(place: Any) -> None:
    await place.rows("CREATE TABLE migrations (id INTEGER, what TEXT)")
    await place.rows("CREATE TABLE apps (x INTEGER)")
    with pytest.raises(WrongUse):
        await place.ledger().start()

    listed = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    tables = await place.rows(listed if place.dialect == "postgres" else "SELECT name FROM sqlite_master")
    assert sorted(row[0] for row in tables) == ["apps", "migrations"]


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


async def test_who_must_not_change_a_database_is_told_that_it_is_empty(place: Any) -> None:
    if place.dialect == "sqlite":
        Path(place.address).touch()
    with pytest.raises(Unreachable, match="penstock migrate"):
        await place.ledger().start(migrate=False)


async def test_an_existing_database_opens_without_being_changed(place: Any) -> None:
    ledger = place.ledger()
    await ledger.start()
    beside = place.ledger()

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


async def test_a_postgresql_that_became_read_only_is_told_and_found_out_by_storing(postgres: Any) -> None:
    url = await postgres.new()
    ledger = Ledger(PostgresDatabase(url, patience_s=0.2), FernetSealer(["key"]))
    await ledger.start()
    await ledger.can_store()
    name = url.rpartition("/")[2]
    await postgres.run(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    await postgres.run(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()"
    )
    with pytest.raises(StoreUnavailable, match="takes no writes"):
        await ledger.can_store()
    await postgres.run(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    async with asyncio.timeout(60):
        while True:
            try:
                await ledger.can_store()
                break
            except StoreUnavailable:  # it keeps a pause between two attempts
                await asyncio.sleep(0.05)
    await ledger.stop()


async def test_the_clock_is_the_databases(place: Any) -> None:
    ledger = place.ledger()
    await ledger.start()
    assert await ledger.now() > 1_700_000_000
    await ledger.stop()


async def test_the_clock_goes_on_while_the_database_is_away(postgres: Any) -> None:
    database = PostgresDatabase(await postgres.new())
    await database.start()
    before = await database.now()
    connection = await asyncpg.connect(postgres.server.url())
    told = await connection.fetchval("SELECT extract(epoch FROM clock_timestamp())::float8")
    await connection.close()
    await database.stop()

    assert abs(told - before) < 60
    assert await database.now() >= before


async def test_connections_are_told_where_there_is_a_server(store: Any) -> None:
    ledger = store.ledger()
    await ledger.start()
    told = ledger.connections
    await ledger.stop()

    assert (told is None) == (store.dialect == "sqlite")
    assert told is None or told.limit >= told.in_use + told.idle
