"""So many connections at most, made again with patience, and nobody waits for ever."""

import asyncio
from typing import Any

import asyncpg
import pytest

from penstock.adapters.db.postgres_pool import Pool
from penstock.core.errors import StoreUnavailable


async def test_there_are_so_many_at_most_and_the_others_wait_their_turn(postgres: Any) -> None:
    made: list[Any] = []

    async def connect() -> Any:
        made.append(await asyncpg.connect(postgres.server.url()))
        return made[-1]

    pool = Pool(connect, size=2, patience_s=10)

    async def use() -> None:
        connection = await pool.take()
        assert 1 <= pool.in_use <= 2
        await connection.execute("SELECT 1")
        pool.give(connection)

    await asyncio.gather(*(use() for _ in range(12)))
    assert (pool.in_use, pool.idle) == (0, len(made))
    await pool.close()

    assert len(made) <= 2
    assert all(each.is_closed() for each in made)


async def test_who_finds_all_of_them_busy_for_too_long_is_told(postgres: Any) -> None:
    pool = Pool(lambda: asyncpg.connect(postgres.server.url()), size=1, patience_s=0.1)
    taken = await pool.take()
    with pytest.raises(StoreUnavailable, match="busy"):
        await pool.take()
    pool.give(taken)
    pool.give(await pool.take())
    await pool.close()


async def test_attempts_have_growing_pauses_and_end_when_the_patience_does() -> None:
    attempts = 0

    async def connect() -> Any:
        nonlocal attempts
        attempts += 1
        raise ConnectionRefusedError(111, "Connection refused")

    pool = Pool(connect, size=8, patience_s=0.5)
    found = await asyncio.gather(*(pool.take() for _ in range(30)), return_exceptions=True)

    assert {type(each) for each in found} == {StoreUnavailable}
    assert attempts < 60
    with pytest.raises(StoreUnavailable, match="Connection refused"):
        await pool.take()


async def test_one_that_broke_takes_the_idle_ones_with_it(postgres: Any) -> None:
    pool = Pool(lambda: asyncpg.connect(postgres.server.url()), size=3, patience_s=10)
    first, second = await pool.take(), await pool.take()
    pool.give(first)
    pool.drop(second, others=True)
    third = await pool.take()

    assert first.is_closed()
    assert not third.is_closed()
    pool.give(third)
    await pool.close()
