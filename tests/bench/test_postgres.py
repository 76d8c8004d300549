"""A PostgreSQL of one's own: it starts without root, survives being killed, and leaves nothing behind."""

from typing import Any

import asyncpg

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
