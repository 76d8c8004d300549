"""A primary with a synchronous standby, killed under load: the standby takes over, and nothing acknowledged is lost."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from penstock.adapters.db.postgres import PostgresDatabase
from penstock.adapters.seal.fernet import FernetSealer
from penstock.bench.postgres import PostgresServer, programs
from penstock.core.errors import StoreUnavailable
from penstock.flow.auditing import audit
from penstock.flow.receiver import Receiver, Taken
from penstock.flow.registry import Registry
from penstock.ledger.book import Ledger

NUMBER = "100000000000002"


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[PostgresServer, PostgresServer]]:
    """A primary, and the standby that it waits for at every commit."""
    if programs() is None:
        pytest.skip("there is no PostgreSQL on this machine; install it with: make install")
    primary, standby = PostgresServer(), PostgresServer()
    try:
        primary.start()
        standby.follow(primary)
        yield primary, standby
    finally:
        primary.remove()
        standby.remove()


async def wait_for_standby(primary: PostgresServer) -> None:
    connection = await asyncpg.connect(primary.url())
    await connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
    await connection.execute("SELECT pg_reload_conf()")
    async with asyncio.timeout(300):
        while not await connection.fetchval("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"):
            await asyncio.sleep(0.1)
    await connection.close()


@pytest.mark.long
async def test_the_standby_takes_over_and_nothing_acknowledged_is_lost(
    pair: Any, webhooks: Any, signed: Callable[[bytes], bytes]
) -> None:
    primary, standby = pair
    await wait_for_standby(primary)
    both = f"postgresql://penstock@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/postgres"
    ledger = Ledger(PostgresDatabase(both), FernetSealer(["a key of the tests"]))
    await ledger.start()
    now = await ledger.now()
    await ledger.provisioning.add_workspace("acme", now=now)
    await ledger.provisioning.add_app("main", secret="app-secret", verify_token="verify-me", now=now)
    await ledger.provisioning.add_number(NUMBER, workspace="acme", app="main", token="EAAGtokenA", now=now)
    registry = Registry(ledger)
    await registry.start()
    receiver = Receiver(ledger, registry)
    acknowledged: list[str] = []
    refused = 0
    stopped = asyncio.Event()

    async def keep_sending(part: int) -> None:
        nonlocal refused
        count = 0
        while not stopped.is_set():
            wamid = f"wamid.{part}.{count}"
            body = webhooks.body(webhooks.file(wamid, f"m.{part}.{count}", sender=f"1555000{part:04}"))
            try:
                assert isinstance(await receiver.take(body, signed(body)), Taken)
            except StoreUnavailable:
                refused += 1  # as Meta would: the same again, a little later
                await asyncio.sleep(0.2)
            else:
                acknowledged.append(wamid)
                count += 1

    async def more(count: int) -> None:
        enough = len(acknowledged) + count
        async with asyncio.timeout(300):
            while len(acknowledged) < enough:
                await asyncio.sleep(0.1)

    senders = [asyncio.create_task(keep_sending(part)) for part in range(8)]
    await more(300)
    primary.kill()
    await asyncio.sleep(1)
    await asyncio.to_thread(standby.promote)
    await more(50)
    stopped.set()
    await asyncio.gather(*senders)
    try:
        missing = [
            wamid for wamid in acknowledged if await ledger.shelf.message(wamid=wamid, workspace_id=None) is None
        ]
        report = await audit(ledger)
        [acme] = report.workspaces
        assert missing == []
        assert report.ok, report.problems
        assert acme.received == len(acknowledged)
    finally:
        await registry.stop()
        await ledger.stop()
