"""A day of gates: files that were held again and again stand in the end where they would stand without any gate.

The hours of the day are told, not waited for; the ledger, the keeper, the lanes and the turns are the real ones. What
Meta answers to a file's first, second and third attempt is written down beforehand, as it is the same on both days.
"""

import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from penstock.adapters.blobs.disk import DiskBlobs
from penstock.adapters.db.port import Database
from penstock.adapters.db.postgres import PostgresDatabase
from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.adapters.seal.fernet import FernetSealer
from penstock.controls.gates.keeper import GateKeeper
from penstock.core.exchange import Exchange, Found, Received
from penstock.core.reading import read
from penstock.core.wire import Wire
from penstock.flow.lanes import Lanes
from penstock.flow.turn import Turn
from penstock.ledger.book import Ledger

MORNING = 1_795_600_000.0
HOUR_S = 3_600.0
STEP_S = 1_800.0
NUMBERS = {"100000000000002": "acme", "100000000000003": "rival"}
FATES = ("at once", "third time", "fifth time", "never", "no storage")
FILES = 40
HOSTS = {"media.look_up": ("graph.facebook.com",), "media.download": (".fbsbx.com",)}
SCOPES: list[dict[str, str]] = [
    {},
    {"workspace": "acme"},
    {"number": "100000000000003"},
    {"kind": "image"},
    {"credential": "token-a"},
    {"operation": "media.look_up"},
    {"operation": "media.download"},
    {"host": "lookaside.fbsbx.com"},
]


class Meta:
    """Answers the attempts of each file by its fate."""

    def __init__(self, fates: dict[str, str]) -> None:
        self.fates = fates
        self.tries: dict[str, int] = {}
        self.now = MORNING

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def may_download(self, url: str) -> bool:
        return url.startswith("https://lookaside.fbsbx.com/")

    async def look_up(
        self, media_id: str, *, token: str, probe: bool = False, wire: Wire | None = None
    ) -> tuple[Exchange, Found | None]:
        made = self.tries[media_id] = self.tries.get(media_id, 0) + 1
        fate = self.fates[media_id]
        good_from = {"third time": 3, "fifth time": 5}.get(fate, 1)
        if fate == "never":
            return self._exchange("media.look_up", status=400, graph_code=33), None
        if made < good_from:
            return self._exchange("media.look_up", status=503), None
        url = f"https://lookaside.fbsbx.com/{media_id}"
        return self._exchange("media.look_up", status=200), Found(url, self.now + 300)

    async def download(
        self,
        url: str,
        *,
        token: str,
        write: Callable[[bytes], Awaitable[None]],
        sha256: bytes | None,
        size: int | None,
        probe: bool = False,
        wire: Wire | None = None,
    ) -> tuple[Exchange, Received | None]:
        await write(b"data")
        return self._exchange("media.download", status=200), Received(4, b"\x02" * 32, b"\xff\xd8\xff\xe0")

    def _exchange(self, operation: str, **facts: Any) -> Exchange:
        return Exchange(
            operation=operation, declared_method="GET", wire_method="GET", at=self.now, duration_s=0.1, **facts
        )


class Day:
    """One day of one installation."""

    def __init__(self, db: Database, folder: Path, webhooks: Any) -> None:
        self.ledger = Ledger(db, FernetSealer(["a key of the tests"]), hosts=HOSTS)
        self.now = MORNING
        self.ledger.now = self._clock  # type: ignore[method-assign]
        self.keeper = GateKeeper(self.ledger)
        self.lanes = Lanes(self.ledger, self.keeper)
        self.blobs = DiskBlobs(folder)
        self.fates = {f"m{n}": FATES[n % len(FATES)] for n in range(FILES)}
        self.meta = Meta(self.fates)
        self.turn = Turn(self.meta, self.blobs, self.keeper, jitter=lambda: 0.5)
        self.webhooks = webhooks
        self.held_most = 0

    async def _clock(self) -> float:
        return self.now

    async def begin(self) -> None:
        await self.ledger.start()
        await self.blobs.start()
        book = self.ledger.provisioning
        await book.add_app("main", secret="app-secret", verify_token="verify-me", now=self.now)
        await book.add_credential("token-a", token="EAAGtokenA", now=self.now)
        for number, workspace in NUMBERS.items():
            await book.add_workspace(workspace, now=self.now)
            await book.add_number(number, workspace=workspace, app="main", credential="token-a", now=self.now)
            no_storage = "100000000000009"
        await book.add_number(
            no_storage, workspace="acme", app="main", credential="token-a", no_storage=True, now=self.now
        )

    async def end(self) -> None:
        await self.blobs.stop()
        await self.ledger.stop()

    async def receive(self, count: int) -> None:
        snapshot = await self.ledger.provisioning.snapshot()
        names = list(self.fates)
        for n in range(count, count + FILES // 8):
            name, kind = names[n], ("image", "audio", "video")[n % 3]
            number = "100000000000009" if self.fates[name] == "no storage" else list(NUMBERS)[n % 2]
            sent = self.webhooks.file(f"wamid.{name}", name, kind, timestamp=str(int(self.now)))
            body = self.webhooks.body(sent, number=number)
            await self.ledger.journal.receive(
                app_id=1,
                body=body,
                signature="sha256=00",
                reading=read(body),
                routes={route.phone_number_id: route for route in snapshot.routes},
                version=snapshot.version,
                now=self.now,
            )

    async def work(self) -> None:
        """Everything that may be fetched at this moment, as a fetcher does it."""
        await self.keeper.refresh()
        for _ in range(10):
            self.meta.now = self.now
            claims = await self.lanes.claim(owner="me", limit=50, held=(), now=self.now, lease_s=60)
            for claim in claims:
                outcomes = await self.turn.take(claim, "EAAGtokenA", clock=self._clock)
                await self.ledger.queue.settle(claim, outcomes.ending, outcomes.attempts, now=self.now)
                self.keeper.ended(claim)
            if not claims:
                return
            self.now += 1

    async def pass_by(self, gates: random.Random | None) -> dict[str, tuple[str, int, str | None]]:
        """From morning to morning, and on until nothing waits; how each file stands then."""
        standing: dict[int, float | None] = {}
        received = 0
        for step in range(int(24 * HOUR_S / STEP_S)):
            self.now = MORNING + step * STEP_S
            if step % 4 == 0 and received < FILES:
                await self.receive(received)
                received += FILES // 8
            if gates is not None:
                for place, scope in enumerate(SCOPES):
                    if place not in standing and gates.random() < 0.08:
                        standing[place] = gates.choice([0.0, 0.0, 0.0, 0.001, 0.5, None])
                        await self._set(scope, standing[place])
                    elif place in standing and gates.random() < 0.15:
                        del standing[place]
                        await self.ledger.gates.open(scope, owner="operator")
            await self.work()
            self.held_most = max(self.held_most, sum(each.held for each in await self.ledger.counts.tallies()))
        for place in standing:
            await self.ledger.gates.open(SCOPES[place], owner="operator")
        for _ in range(200):
            await self.work()
            self.now += STEP_S
            [left] = [sum(each.waiting + each.fetching for each in await self.ledger.counts.tallies())]
            if not left:
                break
        files = (await self.ledger.shelf.media_list(limit=1_000)).items
        return {file.media_id: (file.state, file.attempts, file.outcome) for file in files}

    async def _set(self, scope: dict[str, str], opening: float | None) -> None:
        await self.ledger.gates.shut(scope, owner="operator", by="t", why="t", now=self.now, opening=opening)


@pytest.fixture(params=["sqlite", "postgres"])
async def days(request: pytest.FixtureRequest, tmp_path: Path, webhooks: Any) -> Any:
    """Makes days, each with a database of its own."""
    made: list[Day] = []

    async def make() -> Day:
        db: Database
        if request.param == "postgres":
            db = PostgresDatabase(await request.getfixturevalue("postgres").new())
        else:
            db = SqliteDatabase(tmp_path / f"{len(made)}.db")
        made.append(Day(db, tmp_path / f"blobs{len(made)}", webhooks))
        await made[-1].begin()
        return made[-1]

    yield make
    for day in made:
        await day.end()


async def test_after_a_day_of_gates_every_file_stands_as_if_it_had_never_been_held(days: Any) -> None:
    free = await (await days()).pass_by(None)
    assert len(free) == FILES
    assert {facts[:2] for facts in free.values()} == {
        ("attached", 1),
        ("attached", 3),
        ("attached", 5),
        ("failed", 1),
    }
    held = await days()
    assert await held.pass_by(random.Random(1)) == free
    assert held.held_most > FILES / 4
    # The tries of each file at Meta are its attempts: nobody asked behind a gate's back, or asked again for it.
    assert {name: facts[1] for name, facts in free.items()} == held.meta.tries
