"""``kill -9`` in the middle of an erasure and of retention: begun again they end, and everything adds up."""

import asyncio
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.adapters.seal.fernet import FernetSealer
from penstock.core import blobkey
from penstock.core.reading import read
from penstock.core.work import Attached
from penstock.ledger.book import Ledger

NUMBER = "100000000000002"
HIM, HER = "15550001234", "15550009999"
MESSAGES = 600
SHA256 = bytes.fromhex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")  # of "abc"
ERASE = ("erase", "--contact", HIM, "--why", "a letter", "--yes", "--json")


def ledger_of(folder: Path) -> Ledger:
    """The ledger of an installation, beside its processes."""
    return Ledger(SqliteDatabase(folder / "penstock.db"), FernetSealer(["any key"]))


async def fill(folder: Path, webhooks: Any, *, days_ago: float = 0.0) -> None:
    """Two customers who sent many files, all of them attached."""
    ledger = ledger_of(folder)
    await ledger.start()
    try:
        now = await ledger.now() - days_ago * 86_400
        routes = {route.phone_number_id: route for route in await routes_of(ledger)}
        version = await ledger.provisioning.version()
        bodies = [
            webhooks.body(
                webhooks.file(f"wamid.his{n}", f"his{n}", sender=HIM),
                webhooks.file(f"wamid.her{n}", f"her{n}", sender=HER),
            )
            for n in range(MESSAGES // 2)
        ]
        await asyncio.gather(
            *(
                ledger.journal.receive(
                    app_id=1, body=body, signature="x", reading=read(body), routes=routes, version=version, now=now
                )
                for body in bodies
            )
        )
        while claims := await ledger.queue.claim(owner="me", limit=200, now=await ledger.now(), lease_s=600):
            for claim in claims:
                path = folder / "blobs" / blobkey.key(claim.id)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(b"abc")
            ending = Attached(3, SHA256, "image/jpeg")
            await asyncio.gather(*(ledger.queue.settle(claim, ending, (), now=now) for claim in claims))
    finally:
        await ledger.stop()


async def routes_of(ledger: Ledger) -> Any:
    """Where updates belong; the secrets stay shut."""
    from penstock.ledger import facts

    def script() -> Any:
        rows = yield ledger._sql("list_numbers")
        return [facts.route(row) for row in rows]

    return await ledger._db.read(script)


def counts(penstock: Any) -> Any:
    """What the audit says; it must be in order, bytes included."""
    audit = penstock.json("audit", "--deep")
    assert audit["ok"], audit["problems"]
    return audit["workspaces"][0]


def blobs(folder: Path) -> int:
    """How many files there are on the disk."""
    return sum(path.is_file() for path in (folder / "blobs").glob("*/*"))


async def test_an_erasure_that_is_killed_again_and_again_ends_complete(
    installation: Any, tmp_path: Path, webhooks: Any
) -> None:
    penstock = installation("http://127.0.0.1:9")
    penstock.provision()
    await fill(tmp_path, webhooks)
    assert counts(penstock)["attached"] == MESSAGES
    chance = random.Random(4)
    penstock.start()  # beside a running instance, whose watcher may delete bytes, too
    await penstock.answers()
    for _ in range(5):
        command = subprocess.Popen(
            [sys.executable, "-m", "penstock", *ERASE],
            env=penstock.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        before = await erased(tmp_path)
        wanted = before + chance.randrange(1, 60)
        while command.poll() is None and await erased(tmp_path) < wanted:
            await asyncio.sleep(0.02)
        command.kill()
        command.communicate()
        assert counts(penstock)["received"] == MESSAGES
    last = json.loads(await asyncio.to_thread(penstock.run, *ERASE))

    assert last["writes_on"] is False
    tally = counts(penstock)
    assert (tally["attached"], tally["erased"]) == (MESSAGES // 2, MESSAGES // 2)
    assert blobs(tmp_path) == MESSAGES // 2
    assert await penstock.stop() == 0
    assert HIM not in await everything(tmp_path)
    assert HER in await everything(tmp_path)


async def test_retention_that_is_killed_again_and_again_ends_complete(
    installation: Any, tmp_path: Path, webhooks: Any
) -> None:
    penstock = installation("http://127.0.0.1:9")
    penstock.provision()
    await fill(tmp_path, webhooks, days_ago=10)
    penstock.run("workspace", "set", "acme", "--keep-bodies", "5", "--keep-messages", "5", "--keep-files", "5")
    chance = random.Random(5)
    for _ in range(5):
        rounds = subprocess.Popen([sys.executable, "-c", ROUNDS, str(tmp_path)], env=penstock.environ)
        wanted = await erased(tmp_path) + chance.randrange(1, 90)
        while rounds.poll() is None and await erased(tmp_path) < wanted:
            await asyncio.sleep(0.02)
        rounds.kill()
        rounds.wait()
        assert counts(penstock)["received"] == MESSAGES
    assert (
        subprocess.run([sys.executable, "-c", ROUNDS, str(tmp_path)], env=penstock.environ, check=False).returncode == 0
    )

    assert counts(penstock)["erased"] == MESSAGES
    assert blobs(tmp_path) == 0
    left = await everything(tmp_path)
    assert HIM not in left
    assert HER not in left


ROUNDS = """
import asyncio, pathlib, sys
from penstock.adapters.blobs.disk import DiskBlobs
from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.adapters.seal.fernet import FernetSealer
from penstock.flow.retention import Retention
from penstock.ledger.book import Ledger

async def main(folder):
    ledger = Ledger(SqliteDatabase(folder / "penstock.db"), FernetSealer(["any key"]))
    await ledger.start()
    await Retention(ledger, DiskBlobs(folder / "blobs"), owner="a watcher", breath_s=0.02).round()
    await ledger.stop()

asyncio.run(main(pathlib.Path(sys.argv[1])))
"""


async def erased(folder: Path) -> int:
    """How many files have been erased so far."""
    ledger = ledger_of(folder)
    await ledger.start(migrate=False)
    try:
        return sum(tally.erased for tally in await ledger.counts.tallies())
    finally:
        await ledger.stop()


async def everything(folder: Path) -> str:
    """Every row that is kept, as text."""
    import apsw

    def ask() -> str:
        file = apsw.Connection(str(folder / "penstock.db"))
        try:
            tables = [row[0] for row in file.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
            rows = [row for table in tables for row in file.execute(f"SELECT * FROM {table}")]
            return "\n".join(
                "|".join(each.decode("latin-1") if isinstance(each, bytes) else str(each) for each in row)
                for row in rows
            )
        finally:
            file.close()

    return await asyncio.to_thread(ask)
