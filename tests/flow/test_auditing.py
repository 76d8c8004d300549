"""The proof that nothing is missing holds through everything that may happen, and breaks when something is missing."""

import asyncio
import hashlib
import hmac
import json
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import apsw
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.adapters.seal.fernet import FernetSealer
from penstock.core import blobkey
from penstock.core.media import TRANSITIONS
from penstock.core.reading import read
from penstock.core.updates import Message
from penstock.core.work import Attached, Claim, Ending, Expired, Failed, Outcome, PutBack, RetryLater
from penstock.flow import auditing
from penstock.flow.auditing import audit
from penstock.flow.receiver import Receiver, Taken
from penstock.flow.registry import Registry
from penstock.flow.rereading import read_strays, read_unread
from penstock.ledger.book import Ledger
from penstock.ledger.imports import ImportRow

T = TypeVar("T")

NUMBERS = ("100000000000002", "100000000000003", "100000000000004")
SECRET = b"app-secret"
NOW = 1_795_001_000.0
ENDINGS: dict[str, Ending] = {
    "attached": Attached(size=3, sha256=hashlib.sha256(b"abc").digest(), content_type="image/jpeg"),
    "retry": RetryLater(due_at=0.0, outcome=Outcome.UPSTREAM, reason="Meta answered 503."),
    "put back": PutBack(due_at=0.0),
    "expired": Expired(Outcome.GONE, "Meta's copy is gone."),
    "failed": Failed(Outcome.GONE, "It cannot be had."),
}


class Store:
    """A ledger that bodies can be sent to."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.registry = Registry(ledger)
        self.receiver = Receiver(ledger, self.registry)

    async def send(self, body: bytes) -> bool:
        """Send a signed body; whether it was taken."""
        header = b"sha256=" + hmac.digest(SECRET, body, "sha256").hex().encode()
        return isinstance(await self.receiver.take(body, header), Taken)

    async def attach_all(self) -> list[Claim]:
        """Attach every file that waits."""
        claims = await self.ledger.queue.claim(owner="me", limit=1000, now=NOW * 2, lease_s=60)
        for claim in claims:
            assert await self.ledger.queue.settle(claim, ENDINGS["attached"], (), now=NOW)
        return claims


@pytest.fixture
async def store(provisioned: Ledger) -> Store:
    return Store(provisioned)


class Blobs(dict[str, bytes]):
    """Bytes by key, as a deep audit asks for them."""

    async def digest(self, key: str) -> tuple[int, bytes] | None:
        """Size and sha256."""
        return None if key not in self else (len(self[key]), hashlib.sha256(self[key]).digest())


# -- what it says ----------------------------------------------------------------------------------------------


async def test_an_empty_installation_is_in_order(store: Store) -> None:
    report = await audit(store.ledger)

    assert (report.ok, report.problems) == (True, ())
    assert [tally.workspace for tally in report.workspaces] == ["acme"]


async def test_received_is_counted_from_the_journal_and_the_imports(store: Store, webhooks: Any) -> None:
    await store.send(webhooks.body(*(webhooks.file(f"wamid.{n}", f"m{n}") for n in range(5))))
    await store.send(webhooks.body(webhooks.file("wamid.0", "m0"), webhooks.refused("wamid.R")))
    await store.ledger.imports.add(
        [ImportRow("m9", NUMBERS[0]), ImportRow("m0", NUMBERS[0])], workspace="acme", now=NOW
    )
    report = await audit(store.ledger)

    (tally,) = report.workspaces
    assert (report.ok, tally.received, tally.waiting, tally.failed) == (True, 7, 6, 1)


async def test_a_row_that_is_missing_is_found(store: Store, webhooks: Any, tmp_path: Path) -> None:
    await store.send(webhooks.body(*(webhooks.file(f"wamid.{n}", f"m{n}") for n in range(5))))
    connection = apsw.Connection(str(tmp_path / "penstock.db"))
    connection.execute("DELETE FROM fetches WHERE media_row = 3; DELETE FROM media WHERE id = 3")
    connection.close()
    report = await audit(store.ledger)

    assert not report.ok
    assert report.problems == ("workspace acme: the journal says 5 file(s) were received, the rows account for 4",)


async def test_a_row_that_nobody_sent_is_found(store: Store, webhooks: Any, tmp_path: Path) -> None:
    await store.send(webhooks.body(webhooks.file("wamid.A", "m1")))
    connection = apsw.Connection(str(tmp_path / "penstock.db"))
    connection.execute("UPDATE webhooks SET numbers = '[]'")
    connection.close()

    assert not (await audit(store.ledger)).ok


async def test_rows_that_contradict_each_other_are_found(store: Store, webhooks: Any, tmp_path: Path) -> None:
    await store.send(webhooks.body(webhooks.file("wamid.A", "m1"), webhooks.file("wamid.B", "m2")))
    connection = apsw.Connection(str(tmp_path / "penstock.db"))
    connection.execute("DELETE FROM fetches WHERE media_row = 1; UPDATE media SET stage = 'failed' WHERE id = 2")
    connection.close()
    report = await audit(store.ledger)

    assert not report.ok
    assert len(report.problems) == 2


async def test_files_that_a_better_reader_would_find_point_to_reading_again(
    store: Store, webhooks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.send(webhooks.body(webhooks.text("wamid.A")) + b"spoiled")
    better = read(webhooks.body(webhooks.text("wamid.A"), webhooks.file("wamid.B", "m1")))
    monkeypatch.setattr(auditing, "read", lambda _: better)
    report = await audit(store.ledger)

    assert not report.ok
    assert "reprocess --unread" in report.problems[-1]


async def test_webhooks_that_arrive_meanwhile_disturb_no_audit(store: Store, webhooks: Any) -> None:
    async def send() -> None:
        for n in range(150):
            await store.send(webhooks.body(webhooks.file(f"wamid.{n}", f"m{n}", sender=f"1555{n % 5}")))

    sending = asyncio.create_task(send())
    reports = []
    while not sending.done():
        reports.append(await audit(store.ledger))
        await asyncio.sleep(0)
    await sending

    assert [report.problems for report in reports if not report.ok] == []
    assert (await audit(store.ledger)).workspaces[0].received == 150


async def test_a_deep_audit_reads_every_blob(store: Store, webhooks: Any) -> None:
    await store.send(webhooks.body(*(webhooks.file(f"wamid.{n}", f"m{n}") for n in range(4))))
    claims = await store.attach_all()
    blobs = Blobs({blobkey.key(claim.id): b"abc" for claim in claims})
    told: list[tuple[int, int]] = []
    assert (await audit(store.ledger, blobs, progress=lambda done, of: told.append((done, of)))).ok
    assert told == [(4, 4)]

    del blobs[blobkey.key(claims[0].id)]
    blobs[blobkey.key(claims[1].id)] = b"abd"
    blobs[blobkey.key(claims[2].id)] = b"abcd"
    report = await audit(store.ledger, blobs)

    assert not report.ok
    assert [problem.rpartition(" ")[2] for problem in report.problems] == ["missing", "changed", "changed"]


async def test_many_damaged_files_are_not_all_named(store: Store, webhooks: Any) -> None:
    await store.send(webhooks.body(*(webhooks.file(f"wamid.{n}", f"m{n}") for n in range(30))))
    await store.attach_all()
    report = await audit(store.ledger, Blobs())

    assert len(report.problems) == auditing._NAMED + 1
    assert report.problems[-1] == "and 10 more like these"


# -- whatever happens ------------------------------------------------------------------------------------------


updates = st.lists(
    st.tuples(
        st.sampled_from(
            ["text", "file", "file", "no file", "refused", "edit", "placeholder", "late file", "status", "rotation"]
        ),
        st.integers(0, 7),  # which message
        st.integers(0, 2),  # which file
        st.integers(0, 1),  # which customer
        st.integers(0, 2),  # which number
    ),
    min_size=1,
    max_size=4,
)


class Installation(RuleBasedStateMachine):
    """An installation to which everything happens, in any order."""

    webhooks: Any = None

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "penstock.db"
        self.claims: list[Claim] = []
        self.over: list[Claim] = []
        self.acknowledged = 0
        self.states: dict[int, tuple[Any, ...]] = {}
        self.at = NOW

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize()
    def start(self) -> None:
        async def work() -> Store:
            ledger = Ledger(SqliteDatabase(self.path), FernetSealer(["key"]))
            await ledger.start()
            p = ledger.provisioning
            for name in ("acme", "rival"):
                await p.add_workspace(name, now=1.0)
            await p.add_app("main", secret=SECRET.decode(), verify_token="v", now=1.0)
            await p.add_credential("token-a", token="t", now=1.0)
            await p.add_number(NUMBERS[0], workspace="acme", app="main", credential="token-a", now=1.0)
            return Store(ledger)

        self.store = self.run(work())
        self.rows = apsw.Connection(str(self.path), flags=apsw.SQLITE_OPEN_READONLY)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.in_order()
            self.rows.close()
            self.run(self.store.ledger.stop())
        self.runner.close()
        self.folder.cleanup()

    # -- what happens --

    @rule(told=updates, twice=st.booleans())
    def bodies_arrive(self, told: Any, twice: bool) -> None:
        body = self.webhooks.batch(*(self.change(*each) for each in told))

        async def work() -> list[bool]:
            return await asyncio.gather(*(self.store.send(body) for _ in range(1 + twice)))

        self.acknowledged += sum(self.run(work()))

    @rule()
    def something_unreadable_arrives(self) -> None:
        self.acknowledged += self.run(self.store.send(b"what is this"))

    @rule(number=st.integers(0, 2), message=st.one_of(st.none(), st.integers(0, 7)), file=st.integers(0, 2))
    def a_file_is_imported(self, number: int, message: int | None, file: int) -> None:
        async def work() -> None:
            for each in await self.store.ledger.provisioning.numbers():
                if each["phone_number_id"] == NUMBERS[number]:
                    row = ImportRow(f"m{file}", NUMBERS[number], "" if message is None else f"wamid.{message}")
                    await self.store.ledger.imports.add([row], workspace=str(each["workspace"]), now=self.at)

        self.run(work())

    @rule(limit=st.integers(1, 5))
    def files_are_claimed(self, limit: int) -> None:
        queue = self.store.ledger.queue
        self.claims += self.run(queue.claim(owner="me", limit=limit, now=self.at, lease_s=60))

    @precondition(lambda self: self.claims)
    @rule(which=st.integers(0, 100), ending=st.sampled_from(sorted(ENDINGS)))
    def a_claim_ends(self, which: int, ending: str) -> None:
        claim = self.claims.pop(which % len(self.claims))
        assert self.run(self.store.ledger.queue.settle(claim, ENDINGS[ending], (), now=self.at))
        self.over.append(claim)

    @precondition(lambda self: self.over)
    @rule(which=st.integers(0, 100), ending=st.sampled_from(sorted(ENDINGS)))
    def a_result_comes_too_late(self, which: int, ending: str) -> None:
        before = self.everything()
        claim = self.over[which % len(self.over)]
        assert not self.run(self.store.ledger.queue.settle(claim, ENDINGS[ending], (), now=self.at))
        assert self.everything() == before

    @rule(alone=st.booleans())
    def leases_are_lost(self, alone: bool) -> None:
        queue = self.store.ledger.queue
        released = self.run(queue.release_all() if alone else queue.release_lost(now=self.at + 1000))
        assert released == len(self.claims)
        self.over += self.claims
        self.claims = []

    @rule(number=st.integers(0, 2), workspace=st.sampled_from(["acme", "rival"]), interrupted=st.booleans())
    def a_number_is_added_or_removed(self, number: int, workspace: str, interrupted: bool) -> None:
        async def work() -> None:
            p = self.store.ledger.provisioning
            if NUMBERS[number] in {each["phone_number_id"] for each in await p.numbers()}:
                await p.remove_number(NUMBERS[number], now=self.at)
                return
            await p.add_number(NUMBERS[number], workspace=workspace, app="main", credential="token-a", now=self.at)
            if not interrupted:
                await read_strays(self.store.ledger, self.store.registry, NUMBERS[number])

        self.run(work())

    @rule()
    def what_was_left_is_read(self) -> None:
        async def work() -> None:
            for number in await self.store.ledger.journal.readable_strays():
                await read_strays(self.store.ledger, self.store.registry, number)
            await read_unread(self.store.ledger, self.store.registry)
            assert await self.store.ledger.journal.readable_strays() == []

        self.run(work())

    # -- what must hold --

    @invariant()
    def files_take_only_the_steps_of_the_table(self) -> None:
        if not hasattr(self, "store"):
            return
        now = {row[0]: row[1:] for row in self.rows.execute("SELECT id, state, message_key, media_id FROM media_now")}
        allowed = {(before.value, after.value) for (before, _), after in TRANSITIONS.items()}
        for row, (state, message, media_id) in self.states.items():
            state_now, message_now, media_now = now[row]  # no row is ever gone
            assert message_now == message
            assert state_now == state or (state, state_now) in allowed
            assert media_now == media_id or (media_id, state) == ("", "failed")
        self.states = now
        self.at += 1

    @rule()
    def in_order(self) -> None:
        report = self.run(audit(self.store.ledger))
        assert report.ok, report.problems
        bodies: list[Any] = self.rows.execute("SELECT numbers, body FROM webhooks").fetchall()
        assert len(bodies) == self.acknowledged
        registered = dict(self.rows.execute("SELECT id, phone_number_id FROM numbers"))
        expected = {
            (number_id, update.wamid)
            for numbers, body in bodies
            for number_id in json.loads(numbers)
            for update in read(body).updates
            if isinstance(update, Message) and update.phone_number_id == registered[number_id]
        }
        rows = "SELECT number_id, wamid FROM messages WHERE kind <> 'placeholder'"
        assert set(self.rows.execute(rows)) == expected
        strays = set(self.rows.execute("SELECT webhook_id, phone_number_id FROM strays"))
        journal: list[Any] = self.rows.execute("SELECT id, numbers, body FROM webhooks").fetchall()
        for webhook_id, numbers, body in journal:
            read_for = {registered[number_id] for number_id in json.loads(numbers)}
            for number in read(body).numbers - read_for:
                assert (webhook_id, number) in strays
        told: list[Any] = self.rows.execute(
            "SELECT conversation_id, seq FROM events WHERE conversation_id IS NOT NULL ORDER BY id"
        ).fetchall()
        for conversation_id in {each[0] for each in told}:
            seqs = [seq for each, seq in told if each == conversation_id]
            assert seqs == sorted(set(seqs))
        lost = "SELECT count(*) FROM messages m WHERE m.conversation_id <> 0 AND NOT EXISTS "
        lost += "(SELECT 1 FROM conversations c WHERE c.id = m.conversation_id)"
        assert self.rows.execute(lost).fetchall() == [(0,)]

    # -- small things --

    def everything(self) -> list[Any]:
        tables = ("media", "fetches", "events", "attempts", "conversations", "messages")
        return [self.rows.execute(f"SELECT * FROM {table}").fetchall() for table in tables]

    def change(self, kind: str, message: int, file: int, customer: int, number: int) -> dict[str, Any]:
        make, wamid, media_id, sender = self.webhooks, f"wamid.{message}", f"m{file}", f"1555000000{customer}"
        where = {"number": NUMBERS[number]}
        match kind:
            case "text":
                return make.change(make.text(wamid, sender=sender), **where)  # type: ignore[no-any-return]
            case "file":
                return make.change(make.file(wamid, media_id, sender=sender), **where)  # type: ignore[no-any-return]
            case "no file":
                return make.change(make.file(wamid, None, sender=sender), **where)  # type: ignore[no-any-return]
            case "refused":
                return make.change(make.refused(wamid, sender=sender), **where)  # type: ignore[no-any-return]
            case "edit":
                edit = make.edit(f"wamid.e{message}{file}", wamid, f"e{file}", sender=sender)
                return make.change(edit, **where)  # type: ignore[no-any-return]
            case "placeholder":
                past = {"id": wamid, "from": sender, "type": "media_placeholder", "timestamp": "1795000000"}
                threads = [{"id": sender, "messages": [past]}]
                return make.change(field="history", history=[{"threads": threads}], **where)  # type: ignore[no-any-return]
            case "late file":
                return make.change(make.file(wamid, media_id, sender=sender), field="history", **where)  # type: ignore[no-any-return]
            case "status":
                return make.change(statuses=[make.status(wamid, recipient=sender)], **where)  # type: ignore[no-any-return]
            case _:
                update = {"wa_id": sender, "user_id": {"previous": f"US.{customer}", "current": f"US.{file}"}}
                return make.change(field="user_id_update", user_id_update=[update], **where)  # type: ignore[no-any-return]


def test_the_audit_holds_whatever_happens(webhooks: Any) -> None:
    Installation.webhooks = webhooks
    case = Installation.TestCase
    case.settings = settings(max_examples=20, stateful_step_count=25, deadline=None)
    case("runTest").runTest()
