"""A move brings everything along, goes on where it was killed, and lets nobody in before both sides are the same."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import apsw
import asyncpg
import pytest

from penstock.adapters.db.postgres import PostgresDatabase
from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.adapters.seal.fernet import FernetSealer
from penstock.core.errors import Conflict, Unreachable
from penstock.core.work import Attached, Attempt, Ending, Outcome
from penstock.ledger import moving_rows
from penstock.ledger.audit_log import Entry
from penstock.ledger.book import Ledger
from penstock.ledger.imports import ImportRow
from penstock.ledger.moving import Move, Standing
from penstock.ledger.moving_tables import COPIED

KEY = "a key of the tests"
FILLER = {"INTEGER": 1, "TEXT": "x", "REAL": 0.5, "BLOB": b"\x00\xff"}


@pytest.fixture
def store(tmp_path: Path) -> Any:
    """The source: the fixtures of the ledger make it, on SQLite alone."""

    class Embedded:
        dialect, address = "sqlite", str(tmp_path / "penstock.db")

        def ledger(self) -> Ledger:
            return Ledger(SqliteDatabase(Path(self.address)), FernetSealer([KEY]))

    return Embedded()


class Installation:
    """A source that holds something of everything, and the way to its target."""

    def __init__(self, path: str, url: str) -> None:
        self.path, self.url = Path(path), url

    @asynccontextmanager
    async def move(self) -> AsyncIterator[Move]:
        """A move, as a process of its own would open it."""
        source, target = SqliteDatabase(self.path, create=False), PostgresDatabase(self.url, connections=3)
        await source.start()
        ledger = Ledger(target, FernetSealer([KEY]))
        try:
            await ledger.start(moving=True)
            try:
                yield Move(source, target)
            finally:
                await ledger.stop()
        finally:
            await source.stop()

    async def whole(self) -> Standing:
        """A move from its beginning to its end."""
        async with self.move() as move:
            standing = await move.begin()
            await move.copy()
            assert await move.compare() == []
            await move.end()
            await move.look_through()
        return standing

    @asynccontextmanager
    async def target(self) -> AsyncIterator[Ledger]:
        """What a process that uses the target opens."""
        ledger = Ledger(PostgresDatabase(self.url, connections=2), FernetSealer([KEY]))
        await ledger.start(migrate=False)
        try:
            yield ledger
        finally:
            await ledger.stop()

    def change(self, sql: str) -> None:
        """Somebody uses the source."""
        connection = apsw.Connection(str(self.path))
        connection.execute(sql)
        connection.close()

    async def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """What a statement answers with in the target."""
        connection = await asyncpg.connect(self.url)
        try:
            return [tuple(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()

    async def both(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Every copied table on both sides, read without the move's own code; columns by name."""
        connection = apsw.Connection(str(self.path))
        here, there = {}, {}
        for table in COPIED:
            names = [row[0] for row in connection.execute("SELECT name FROM pragma_table_info(?)", (table.name,))]
            here[table.name] = sorted(map(repr, connection.execute(f"SELECT {', '.join(names)} FROM {table.name}")))
            theirs = ", ".join(table.renamed.get(name, name) for name in names)
            there[table.name] = sorted(map(repr, await self.ask(f"SELECT {theirs} FROM {table.name}")))
        connection.close()
        return here, there


@pytest.fixture
async def installation(
    desk: Any, store: Any, webhooks: Any, endings: Callable[[str], Ending], postgres_url: str
) -> Installation:
    """Something in every table: some by what is done all day, the rest by hand."""
    ledger: Ledger = desk.ledger
    now = await ledger.now()
    await ledger.provisioning.set_app("main", secret="the-next-secret")
    await ledger.tokens.create("bot", role="agent", workspace="acme", now=now)
    await ledger.gates.shut({"kind": "video"}, owner="operator", by="ops", why="too many", now=now)
    for n in range(60):
        body = webhooks.body(
            webhooks.text(f"wamid.T{n}", f"hello {n}", sender=f"1555000{n % 7:04}"),
            webhooks.file(f"wamid.F{n}", f"m{n}", "video" if n % 5 == 4 else "image", sender=f"1555000{n % 7:04}"),
            statuses=[webhooks.status(f"wamid.S{n}")],
        )
        await desk.receive(body)
    await desk.receive(webhooks.body(webhooks.file("wamid.X", "mx"), number="100000000000009"))
    await desk.receive(webhooks.body(webhooks.refused("wamid.R")))
    await ledger.imports.add([ImportRow("i1", "100000000000002", "wamid.I")], workspace="acme", now=now)
    attempt = Attempt(
        at=now,
        operation="media.look_up",
        declared_method="GET",
        wire_method="GET",
        host="graph.facebook.com",
        peer_address="192.0.2.1",
        status=503,
        graph_code=2,
        graph_subcode=None,
        trace_id="trace",
        outcome=Outcome.UPSTREAM,
        duration_s=0.25,
        recipe="standard/1",
    )
    for n, claim in enumerate(await desk.claim(20)):
        ending = endings(("attached", "failed", "expired", "retry")[n % 4])
        assert await ledger.queue.settle(claim, ending, [attempt], now=now)
    await ledger.queue.release_all()
    await ledger.stop()
    made = Installation(store.address, postgres_url)
    connection = apsw.Connection(store.address)
    for table in COPIED:
        if not connection.execute(f"SELECT EXISTS (SELECT 1 FROM {table.name})").fetchall()[0][0]:
            kinds = [row[0] for row in connection.execute("SELECT type FROM pragma_table_info(?)", (table.name,))]
            marks = ", ".join("?" * len(kinds))
            connection.execute(f"INSERT INTO {table.name} VALUES ({marks})", [FILLER[kind] for kind in kinds])
    connection.close()
    return made


async def test_every_table_arrives_row_by_row(installation: Installation) -> None:
    assert await installation.whole() is Standing.NEW

    here, there = await installation.both()
    assert all(here.values()), "a table of the source is empty"
    assert there == here


async def test_ids_go_on_after_the_last_one_that_was_ever_given_out(installation: Installation) -> None:
    installation.change(
        "DELETE FROM gates; INSERT INTO apps SELECT 70, 'gone', secret, NULL, verify_token, NULL, 1.0 FROM apps"
    )
    installation.change("DELETE FROM apps WHERE id = 70")
    await installation.whole()

    (last,) = await installation.ask("SELECT max(id) FROM messages")
    assert await installation.ask("SELECT nextval(pg_get_serial_sequence('messages', 'id'))") == [(last[0] + 1,)]
    assert await installation.ask("SELECT nextval(pg_get_serial_sequence('apps', 'id'))") == [(71,)]
    assert await installation.ask("SELECT nextval(pg_get_serial_sequence('gates', 'id'))") == [(2,)]
    for table in COPIED:
        numbered = f"""SELECT attname FROM pg_attribute WHERE attrelid = '{table.name}'::regclass AND attnum > 0
          AND pg_get_serial_sequence('{table.name}', attname) IS NOT NULL"""
        for (column,) in await installation.ask(numbered):
            sequence = f"nextval(pg_get_serial_sequence('{table.name}', '{column}'))"
            (row,) = await installation.ask(f"SELECT {sequence} > coalesce(max({column}), 0) FROM {table.name}")
            assert row == (True,), table.name


async def test_the_feed_goes_on_without_a_gap_and_without_a_repeat(installation: Installation, webhooks: Any) -> None:
    source = Ledger(SqliteDatabase(installation.path), FernetSealer([KEY]))
    await source.start()
    told = await source.feed.after(0, workspace_id=None, limit=1000)
    await source.stop()
    await installation.whole()

    async with installation.target() as ledger:
        assert await ledger.feed.after(0, workspace_id=None, limit=1000) == told
        assert await ledger.feed.last() == told[-1].position
        now = await ledger.now()
        (claim, *_) = await ledger.queue.claim(owner="me", limit=1, now=now, lease_s=60.0)
        assert await ledger.queue.settle(claim, Attached(3, b"\x01" * 32, "image/jpeg"), (), now=now)
        await ledger.feed.stamp()
        (event,) = await ledger.feed.after(told[-1].position, workspace_id=None)
        assert (event.kind, event.position) == ("media.attached", told[-1].position + 1)


async def test_secrets_come_along_sealed_and_open_with_the_same_key(installation: Installation) -> None:
    await installation.whole()

    async with installation.target() as ledger:
        snapshot = await ledger.provisioning.snapshot()
    assert list(snapshot.tokens.values()) == ["EAAGtokenA"]
    assert snapshot.apps[0].secrets == (b"the-next-secret", b"app-secret")


async def test_the_audit_log_goes_on_with_the_move_itself(installation: Installation) -> None:
    async with installation.move() as move:
        await move.begin()
        await move.copy()
        await move.end(Entry(who="cli:anna", action="installation.moved", subject={"from": "here", "to": "there"}))

    async with installation.target() as ledger:
        verified = await ledger.audit_log.verify()
        entries = await ledger.audit_log.read()
    assert verified.ok
    assert len(entries) > 1
    assert (entries[-1].number, entries[-1].entry.who) == (len(entries), "cli:anna")


async def test_nobody_uses_a_target_before_the_move_has_ended(installation: Installation) -> None:
    async with installation.move() as move:
        await move.begin()
        with pytest.raises(Unreachable, match="the target of a move that has not ended"):
            async with installation.target():
                pass
        await move.copy()
        with pytest.raises(Unreachable, match="the target of a move that has not ended"):
            async with installation.target():
                pass
        await move.end()
    async with installation.target():
        pass


async def test_an_interrupted_move_copies_the_rest_and_nothing_twice(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving_rows, "PAGE_ROWS", 7)
    standings, pages = [], 0
    while True:
        seen: list[int] = []

        def tell(_table: str, rows: int, seen: list[int] = seen) -> None:
            seen.append(rows)
            if len(seen) == 25:
                raise KeyboardInterrupt

        async with installation.move() as move:
            standings.append(await move.begin())
            total = sum((await move.total()).values())
            try:
                await move.copy(tell)
            except KeyboardInterrupt:
                pages += len(seen)
                continue
            pages += len(seen)
            assert move.done() == total
            assert await move.compare() == []
            await move.end()
            break

    assert standings[0] is Standing.NEW
    assert len(standings) > 3
    assert set(standings[1:]) == {Standing.RESUMED}
    assert pages <= total / 7 + len(COPIED) + len(standings)
    here, there = await installation.both()
    assert there == here


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE workspaces SET is_test = 1",
        "DELETE FROM webhooks WHERE id = 3",
        "UPDATE media SET reason = 'another' WHERE id = 1",
    ],
)
async def test_what_was_copied_before_the_source_changed_is_copied_anew(
    installation: Installation, change: str
) -> None:
    async with installation.move() as move:
        assert await move.begin() is Standing.NEW
        await move.copy()
    installation.change(change)

    assert await installation.whole() is Standing.AGAIN
    here, there = await installation.both()
    assert there == here


async def test_what_the_source_got_in_addition_is_copied_in_addition(installation: Installation) -> None:
    async with installation.move() as move:
        await move.begin()
        await move.copy()
    installation.change("INSERT INTO workspaces (name, created_at) VALUES ('second', 1.0)")

    assert await installation.whole() is Standing.RESUMED
    here, there = await installation.both()
    assert there == here


async def test_a_difference_is_named_and_keeps_the_target_shut(installation: Installation) -> None:
    async with installation.move() as move:
        await move.begin()
        await move.copy()
        installation.change("INSERT INTO workspaces (name, created_at) VALUES ('late', 1.0)")
        await installation.ask("UPDATE messages SET text = 'forged' WHERE id = 1")
        await installation.ask("DELETE FROM statuses WHERE wamid = 'wamid.S1'")
        problems = await move.compare()

    assert problems == [
        "workspaces: the source was changed while it was copied",
        "messages: 122 rows on both sides, but not the same ones",
        "statuses: 60 rows in the source, 59 in the target",
    ]
    with pytest.raises(Unreachable):
        async with installation.target():
            pass
    assert await installation.whole() is Standing.RESUMED  # from the very beginning
    here, there = await installation.both()
    assert there == here


async def test_a_move_that_has_ended_is_known_and_its_target_is_not_touched(installation: Installation) -> None:
    await installation.whole()
    await installation.ask("UPDATE workspaces SET is_test = 1")  # it is in use

    async with installation.move() as move:
        assert await move.begin() is Standing.ENDED
    assert await installation.ask("SELECT is_test FROM workspaces") == [(1,)]
    installation.change("INSERT INTO workspaces (name, created_at) VALUES ('second', 1.0)")
    async with installation.move() as move:
        with pytest.raises(Conflict, match="has ended before, and the source has changed since"):
            await move.begin()


async def test_another_installation_is_not_overwritten(installation: Installation, tmp_path: Path) -> None:
    target = Ledger(PostgresDatabase(installation.url, connections=2), FernetSealer([KEY]))
    await target.start()
    await target.provisioning.add_workspace("theirs", now=1.0)
    await target.stop()

    async with installation.move() as move:
        with pytest.raises(Conflict, match=r"holds an installation already \(in workspaces\)"):
            await move.begin()
    assert await installation.ask("SELECT name FROM workspaces") == [("theirs",)]
    assert await installation.ask("SELECT source FROM moves") == []


async def test_a_half_copied_installation_is_not_mixed_with_another_one(
    installation: Installation, tmp_path: Path
) -> None:
    async with installation.move() as move:
        await move.begin()
        await move.copy()
    other = Ledger(SqliteDatabase(tmp_path / "other.db"), FernetSealer([KEY]))
    await other.start()
    await other.stop()

    async with Installation(str(tmp_path / "other.db"), installation.url).move() as move:
        with pytest.raises(Conflict, match="came from another source"):
            await move.begin()


async def test_a_process_that_runs_on_the_target_is_noticed_at_both_ends(installation: Installation) -> None:
    async with installation.move() as move:
        await move.begin()
        await move.copy()
        beside = Ledger(PostgresDatabase(installation.url, connections=2), FernetSealer([KEY]))
        await beside.start(moving=True)
        await beside.processes.beat("host-1", role="all", now=await beside.now())
        await beside.stop()
        with pytest.raises(Conflict, match="a Penstock process runs on the target"):
            await move.end()
    async with installation.move() as move:
        with pytest.raises(Conflict, match="a Penstock process runs on the target"):
            await move.begin()


async def test_two_movers_do_not_write_the_same_rows(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving_rows, "PAGE_ROWS", 7)
    async with installation.move() as one, installation.move() as other:
        await one.begin()
        await other.begin()
        await one.copy()
        with pytest.raises(Conflict, match="another move into this database is under way"):
            await other.copy()
        assert await one.compare() == []
