"""An installation grows up: it is moved to PostgreSQL as its page says, under kills, and goes on receiving and fetching."""

import asyncio
import json
import random
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg

from penstock.adapters.db.postgres import PostgresDatabase
from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.adapters.seal.fernet import FernetSealer
from penstock.core.reading import read
from penstock.ledger.book import Ledger
from penstock.simulator import FaultRule, Platform, Scenario, Server

PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "moving-to-postgresql.md"
ADDRESS, BUCKET = "postgresql://penstock@db.example.com/penstock", "s3://example-media/penstock"
GOOD = Scenario()
AWAY = Scenario(servers=(Server(name="down", count=2, faults=(FaultRule(fault="server-error"),)),))
# A mover of small pages that kills itself: some time after a write has begun, or just before or after its end.
SUICIDAL = """
import os, signal, sys, threading
from penstock.adapters.db.postgres import PostgresDatabase
from penstock.cli.main import main
from penstock.ledger import moving_rows
from penstock.ledger.moving import Move

moving_rows.PAGE_ROWS = 20
when, later_s = sys.argv.pop(1).split("+")
writes, write, end = 0, PostgresDatabase.write, Move.end

def die():
    os.kill(os.getpid(), signal.SIGKILL)

async def counted(self, script):
    global writes
    writes += 1
    if when == str(writes):
        threading.Timer(float(later_s), die).start() if float(later_s) else die()
    return await write(self, script)

async def ended(self, entry):
    if when == "before":
        die()
    await end(self, entry)
    if when == "after":
        die()

PostgresDatabase.write, Move.end = counted, ended
raise SystemExit(main())
"""


def commands() -> list[str]:
    """What the page tells its reader to type, in order."""
    return [
        line.strip()
        for block in re.findall(r"^ *```sh\n(.*?)^ *```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
    ]


def follow(penstock: Any, line: str, places: dict[str, str]) -> None:
    """Do what a line says, with other places in it."""
    for name, place in places.items():
        line = line.replace(name, place)
    if line.startswith("export "):
        name, _, value = line.removeprefix("export ").partition("=")
        file = re.fullmatch(r'"\$\(cat (.*)\)"', value)
        penstock.environ[name] = Path(file[1]).read_text().strip() if file else value
        return
    program, *arguments = shlex.split(line)
    assert program == "penstock"
    penstock.run(*arguments, code=None if arguments[0] == "doctor" else 0)


async def files(ledger: Ledger, *, state: str, count: int) -> None:
    """Wait until so many files of the first workspace are in a state."""
    await ledger.start(migrate=False)
    try:
        async with asyncio.timeout(120):
            while getattr((await ledger.counts.tallies())[0], state) != count:
                await asyncio.sleep(0.1)
    finally:
        await ledger.stop()


async def feed(ledger: Ledger) -> list[tuple[int, str]]:
    """Everything in the feed of a ledger."""
    await ledger.start(migrate=False)
    try:
        while await ledger.feed.unstamped():
            await asyncio.sleep(0.05)
        events = await ledger.feed.after(0, workspace_id=None, limit=1000)
    finally:
        await ledger.stop()
    return [(event.position, event.kind) for event in events]


async def test_an_installation_moves_as_its_page_says_and_goes_on_there(
    tmp_path: Path, installation: Any, postgres: Any, rclone: Any
) -> None:
    target = await postgres.new()
    places = {
        ADDRESS: target,
        BUCKET: f"s3://{rclone.bucket()}/penstock",
        "./penstock-data": str(tmp_path),
        "penstock-data": str(tmp_path),
    }
    async with Platform(GOOD) as meta:
        penstock = installation(meta.graph_url)
        penstock.environ |= {
            "AWS_ENDPOINT_URL": rclone.url,
            "AWS_ACCESS_KEY_ID": rclone.key_id,
            "AWS_SECRET_ACCESS_KEY": rclone.secret,
        }
        penstock.provision()
        penstock.introduce(meta)
        penstock.start()
        await penstock.answers()
        key = (tmp_path / "secret.key").read_text().strip()
        for customer in range(4):
            await meta.send(penstock.number, "image", customer=customer)
        await meta.drain(120)
        await files(embedded(tmp_path), state="attached", count=4)
        meta.set_scenario(AWAY)
        for customer in range(3):
            await meta.send(penstock.number, "document", customer=customer)
        await meta.drain(120)
        await files(embedded(tmp_path), state="received", count=7)

        move = ("migrate", "--from", f"sqlite:///{tmp_path}/penstock.db", "--to", target)
        assert await asyncio.to_thread(penstock.run, *move, code=1) == "", "it runs"
        assert await penstock.stop() == 0
        before = await feed(embedded(tmp_path))

        for line in commands():
            await asyncio.to_thread(follow, penstock, line, places)
        assert await feed(cluster(target, key)) == before

        meta.set_scenario(GOOD)
        penstock.start()
        await penstock.answers()
        next_one = await meta.send(penstock.number, "voice", customer=1)
        await meta.drain(120)
        await files(cluster(target, key), state="attached", count=8)
        attached = await asyncio.to_thread(penstock.json, "media", "list", "--state", "attached")
        assert next_one.wamid in {row["wamid"] for row in attached["media"]}
        assert await penstock.stop() == 0
        assert (await asyncio.to_thread(penstock.json, "audit", "--deep"))["ok"] is True
        after = await feed(cluster(target, key))
        assert after[: len(before)] == before
        assert [position for position, _ in after] == list(range(1, len(after) + 1))


async def test_a_move_that_is_killed_again_and_again_arrives_whole(
    tmp_path: Path, installation: Any, postgres: Any, webhooks: Any
) -> None:
    chance = random.Random(35)
    target = await postgres.new()
    penstock = installation("http://127.0.0.1:1")
    await asyncio.to_thread(penstock.provision)
    await fill(embedded(tmp_path), webhooks, messages=400)
    line = ["migrate", "--from", f"sqlite:///{tmp_path}/penstock.db", "--to", target, "--json"]
    moments = ["1+0.002", "2+0", *(f"{chance.randrange(3, 35)}+{chance.choice((0, 0.001, 0.004))}" for _ in range(3))]
    reached = 0
    for moment in [*moments, "before+0", "after+0"]:
        code, said = await asyncio.to_thread(run, penstock, moment, line)
        assert code == -signal.SIGKILL, (moment, said)
        done = await copied(target)
        assert done >= reached, "what was copied is gone"
        reached = done
    code, said = await asyncio.to_thread(run, penstock, "never+0", line)

    answer = json.loads(said)
    assert (code, answer["ok"], answer["found"]) == (0, True, "ended")
    assert reached == answer["rows"]
    penstock.environ |= {
        "PENSTOCK_DATABASE_URL": target,
        "PENSTOCK_SECRET_KEY": (tmp_path / "secret.key").read_text().strip(),
    }
    audited = await asyncio.to_thread(penstock.json, "audit")
    assert (audited["ok"], audited["workspaces"][0]["received"]) == (True, 200)


def embedded(folder: Path) -> Ledger:
    """The installation in a folder, beside whoever uses it. Not started."""
    key = (folder / "secret.key").read_text().strip()
    return Ledger(SqliteDatabase(folder / "penstock.db", create=False), FernetSealer([key]))


def cluster(url: str, key: str) -> Ledger:
    """What it has become. Not started."""
    return Ledger(PostgresDatabase(url, connections=2), FernetSealer([key]))


def run(penstock: Any, moment: str, line: list[str]) -> tuple[int, bytes]:
    """A mover that dies at a moment: its exit code, and what it said."""
    ended = subprocess.run(
        [sys.executable, "-c", SUICIDAL, moment, *line],
        env=penstock.environ,
        capture_output=True,
        timeout=300,
        check=False,
    )
    return ended.returncode, ended.stdout or ended.stderr


async def copied(target: str) -> int:
    """How many rows the target says that it has been given."""
    connection = await asyncpg.connect(target)
    try:
        if await connection.fetchval("SELECT to_regclass('move_steps')") is None:
            return 0
        return int(await connection.fetchval("SELECT coalesce(sum(copied), 0) FROM move_steps"))
    finally:
        await connection.close()


async def fill(ledger: Ledger, webhooks: Any, *, messages: int) -> None:
    """Many messages, half of them with a file."""
    await ledger.start()
    snapshot = await ledger.provisioning.snapshot()
    now = await ledger.now()

    async def one(n: int) -> None:
        said = webhooks.file(f"wamid.{n}", f"m{n}") if n % 2 else webhooks.text(f"wamid.{n}", sender=f"1555{n:07}")
        body = webhooks.body(said)
        await ledger.journal.receive(
            app_id=snapshot.apps[0].id,
            body=body,
            signature="sha256=00",
            reading=read(body),
            routes={route.phone_number_id: route for route in snapshot.routes},
            version=snapshot.version,
            now=now,
        )

    await asyncio.gather(*(one(n) for n in range(messages)))
    await ledger.stop()
