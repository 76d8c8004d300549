"""A PostgreSQL of one's own: it starts without root, survives being killed, and leaves nothing behind."""

from typing import Any

import asyncpg
import pytest

from penstock.bench.postgres import PostgresServer, new_name


async def test_what_was_committed_is_there_after_a_kill(postgres: Any) -> None:
    del postgres  # it skips where there is no PostgreSQL
    server = PostgresServer()
    try:
        server.start()
        connection = await asyncpg.connect(server.url())
        await connection.execute("CREATE TABLE kept (x int); INSERT INTO kept VALUES (7)")
        connection.terminate()
        server.kill()
        server.start()
        connection = await asyncpg.connect(server.url())
        assert await connection.fetchval("SELECT x FROM kept") == 7
        assert await connection.fetchval("SHOW fsync") == "on"
        await connection.close()
    finally:
        server.remove()
    assert not server.log.parent.exists()


def test_names_are_nobody_elses() -> None:
    assert len({new_name() for _ in range(50)}) == 50


async def test_databases_are_made_and_removed_whoever_is_connected(postgres: Any) -> None:
    name = new_name()
    postgres.server.create(name)
    connection = await asyncpg.connect(postgres.server.url(name))
    assert postgres.server.version().split(".")[0].isdigit()
    postgres.server.drop(name)
    connection.terminate()
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(postgres.server.url(name))
