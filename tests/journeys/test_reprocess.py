"""Lost files put back to work by the whole of Penstock, killed in the middle: the report adds up, nothing is doubled.

An upstream says of every file that it could never accept it; then it is mended, but for one kind of file.
"""

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from penstock.adapters.db.postgres import PostgresDatabase
from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.adapters.seal.fernet import FernetSealer
from penstock.core import ids
from penstock.ledger.book import Ledger
from penstock.simulator import FaultRule, Platform, Scenario, Server

REFUSING = FaultRule(fault="server-error", hop="lookup", code=131052)  # Graph: it could not accept this file, for good
KEY = "the key of an installation of the tests"
DOCUMENT_EACH = 10  # one file of so many is a document, and goes on failing
IMPORTED = 2_000  # files of one import
LIMIT_S = 3_000.0  # the fetchers of a cluster that are killed leave leases that run out only after a minute and a half


def refusing(*kinds: str) -> Scenario:
    """A fleet that refuses files of these kinds."""
    rule = FaultRule(fault=REFUSING.fault, hop="lookup", code=REFUSING.code, kinds=kinds)  # type: ignore[arg-type]
    return Scenario(servers=(Server(count=4, faults=(rule,) if kinds else ()),))


class Fleet:
    """The processes of an installation: one, or several over a PostgreSQL."""

    def __init__(self, installation: Any, roles: list[str], *, killed: list[str]) -> None:
        self.it = installation
        self.roles = roles
        self.killed = killed
        self.processes: dict[int, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start what does not run."""
        for place, role in enumerate(self.roles):
            process = self.processes.get(place)
            if process is None or process.poll() is not None:
                environ = {**self.it.environ, "PENSTOCK_BIND": f"127.0.0.1:{self.it.port if place == 0 else 0}"}
                with self.it.log.open("ab") as log:
                    self.processes[place] = subprocess.Popen(
                        [sys.executable, "-m", "penstock", "serve", *(["--role", role] if role else [])],
                        env=environ,
                        stdout=log,
                        stderr=log,
                    )

    def kill(self, *roles: str) -> None:
        """``kill -9`` those with these roles."""
        for place, process in self.processes.items():
            if self.roles[place] in roles:
                process.send_signal(signal.SIGKILL)
                process.wait()

    async def json(self, *arguments: str) -> Any:
        """What a command answers with ``--json``."""
        return await asyncio.to_thread(self.it.json, *arguments)

    @contextlib.asynccontextmanager
    async def ledger(self) -> AsyncIterator[Ledger]:
        """The record of it all, beside whoever works on it."""
        url = self.it.environ["PENSTOCK_DATABASE_URL"]
        sqlite = url.startswith("sqlite")
        db = SqliteDatabase(self.it.folder / "penstock.db") if sqlite else PostgresDatabase(url, connections=2)
        ledger = Ledger(db, FernetSealer([KEY]))
        await ledger.start(migrate=False)
        try:
            yield ledger
        finally:
            await ledger.stop()

    async def until(self, reached: Callable[[Ledger], Awaitable[bool]]) -> None:
        """Wait until it stands so. Whatever died meanwhile by itself is an error."""
        async with self.ledger() as ledger, asyncio.timeout(LIMIT_S):
            while not await reached(ledger):
                assert all(each.poll() is None for each in self.processes.values()), self.it.log.read_text()[-3000:]
                await asyncio.sleep(0.05)


@pytest.fixture(params=["embedded", "cluster"])
async def fleet(request: pytest.FixtureRequest, installation: Any) -> AsyncIterator[Callable[[str], Fleet]]:
    """Makes an installation of either profile that asks a given Graph."""
    made: list[Fleet] = []
    url = None
    if request.param == "cluster":
        postgres = request.getfixturevalue("postgres")
        url = await postgres.new()

    def make(graph_url: str) -> Fleet:
        it = installation(graph_url)
        roles, killed = [""], [""]
        if url is not None:
            it.environ |= {
                "PENSTOCK_DATABASE_URL": url,
                "PENSTOCK_SECRET_KEY": KEY,
                "PENSTOCK_DATABASE_CONNECTIONS": "4",
            }
            roles, killed = ["fetcher", "fetcher", "watcher", "watcher"], ["watcher"]
            it.run("migrate")
        made.append(Fleet(it, roles, killed=killed))
        return made[-1]

    yield make
    for each in made:
        each.kill(*each.roles)


def imported(meta: Platform, fleet: Fleet, folder: Path, files: int) -> None:
    """So many files that Meta has and another system failed to fetch, brought by a CSV file."""
    lines = []
    for number in range(files):
        document = number % DOCUMENT_EACH == 0
        kind, mime_type = ("document", "application/pdf") if document else ("image", "image/jpeg")
        data = (b"%PDF-1.7 " if document else b"\xff\xd8\xff\xe0 ") + str(number).encode()
        media = meta.upload(data, mime_type, number=fleet.it.number)
        lines.append(f"{media.id},{fleet.it.number},{kind},{mime_type}")
    for start in range(0, files, IMPORTED):
        some = ["media_id,phone_number_id,kind,mime_type", *lines[start : start + IMPORTED]]
        (folder / "lost.csv").write_text("\n".join(some) + "\n")
        fleet.it.run("import", "media", str(folder / "lost.csv"), "--workspace", "acme")


async def told_attached(ledger: Ledger) -> Counter[int]:
    """How often the feed told of each file's attachment."""
    while await ledger.feed.unstamped():
        await asyncio.sleep(0.05)
    told: Counter[int] = Counter()
    position = 0
    while events := await ledger.feed.after(position, workspace_id=None, limit=1_000):
        position = events[-1].position
        told.update(event.media.id for event in events if event.media and event.kind == "media.attached")
    return told


async def reprocess(
    make: Callable[[str], Fleet], folder: Path, *, files: int, rate: int, kills: int, whole: bool
) -> None:
    """Lose them all, mend what is to be mended, put them back to work, kill in the middle, and count."""
    documents = -(-files // DOCUMENT_EACH)
    async with Platform(refusing("image", "document"), seed=4, record=False) as meta:
        fleet = await asyncio.to_thread(make, meta.graph_url)
        await asyncio.to_thread(fleet.it.provision)
        fleet.it.introduce(meta)
        await asyncio.to_thread(imported, meta, fleet, folder, files)
        fleet.start()

        async def all_failed(ledger: Ledger) -> bool:
            return [tally.failed for tally in await ledger.counts.tallies()] == [files]

        await fleet.until(all_failed)
        meta.set_scenario(refusing("document"))
        planned = await fleet.json("reprocess", "--state", "failed", "--rate", str(rate), "--dry-run")
        assert (planned["selected"], planned["eligible"], planned["takes_s"]) == (files, files, files / rate)
        begun = await fleet.json(
            "reprocess", "--state", "failed", "--rate", str(rate), "--yes", "--why", "it is mended"
        )
        row = ids.decode(ids.Kind.RUN, begun["id"])
        assert row is not None
        for kill in range(kills):
            wanted = files * (kill + 1) // (kills + 2)

            async def far_enough(ledger: Ledger, wanted: int = wanted) -> bool:
                report, adds_up = await ledger.reprocess.counted(row)
                assert adds_up, report
                assert report.run.reason is None
                return report.run.ended >= wanted

            await fleet.until(far_enough)
            fleet.kill(*(fleet.roles if whole else fleet.killed))
            fleet.start()

        async def over(ledger: Ledger) -> bool:
            report, adds_up = await ledger.reprocess.counted(row)
            assert adds_up, report
            assert report.run.reason is None
            return report.ended_at is not None

        await fleet.until(over)
        told = await fleet.json("reprocess", "show", begun["id"])
        assert (told["state"], told["adds_up"], told["ineligible"]) == ("done", True, {})
        assert (told["attached"], told["failed"], told["expired"]) == (files - documents, documents, 0)
        assert told["selected"] == files == told["attached"] + told["failed"] + told["expired"] + told["cancelled"]
        audit = await fleet.json("audit", "--deep")
        assert audit["ok"], audit["problems"]
        assert (audit["workspaces"][0]["attached"], audit["workspaces"][0]["failed"]) == (files - documents, documents)
        async with fleet.ledger() as ledger:
            told_of = await told_attached(ledger)
            assert (len(told_of), set(told_of.values())) == (files - documents, {1})
        blobs = [path for path in (fleet.it.folder / "blobs").glob("*/*") if path.is_file()]
        assert len(blobs) == files - documents


async def test_a_run_that_is_killed_in_the_middle_ends_with_a_report_that_adds_up(fleet: Any, tmp_path: Path) -> None:
    await reprocess(fleet, tmp_path, files=160, rate=40, kills=1, whole=False)


@pytest.mark.long
async def test_twenty_thousand_lost_files_and_three_kills_end_with_a_report_that_adds_up(
    fleet: Any, tmp_path: Path
) -> None:
    await reprocess(fleet, tmp_path, files=20_000, rate=2_000, kills=3, whole=True)
