"""From a waiting item to its ending: attached, tried again, expired or failed; a crash or a lost lease doubles nothing."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession
from structlog.testing import capture_logs

from penstock.adapters.blobs.disk import DiskBlobs
from penstock.adapters.blobs.port import Store
from penstock.adapters.blobs.s3 import Bucket, Patience, S3Blobs
from penstock.adapters.blobs.s3_signing import Keys
from penstock.adapters.graph.checked import Call
from penstock.adapters.graph.http import HttpGraph
from penstock.adapters.graph.sending import send_declared
from penstock.core import blobkey
from penstock.core.budget import Limit
from penstock.core.recipe import Parameters
from penstock.core.work import Attached, Attempt, Claim, Ending, Outcome, PutBack
from penstock.flow.fetcher import Fetcher
from penstock.flow.receiver import Receiver, Taken
from penstock.flow.registry import Registry
from penstock.flow.sockets import NoGates, OneRecipe, Permit, Wait
from penstock.ledger.book import Ledger
from penstock.ledger.rows import Media
from penstock.simulator import FaultRule, Platform, Rules, Scenario, Server, one_fault

NUMBER = "100000000000002"


class Watcher:
    """A witness that remembers."""

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []
        self.endings: list[Ending] = []

    def attempted(self, claim: Claim, attempt: Attempt) -> None:
        self.attempts.append(attempt)

    def ended(self, claim: Claim, ending: Ending) -> None:
        self.endings.append(ending)


class Valve(NoGates):
    """A gate that a test opens and shuts, for some operations."""

    def __init__(self) -> None:
        self.shut: set[str] = set()
        self.asked: list[str] = []
        self.over: list[int] = []

    def admit(self, claim: Claim, operation: str, now: float, *, host: str | None = None) -> Permit | Wait:
        self.asked.append(operation)
        return Wait(now + 0.05) if operation in self.shut else Permit()

    def ended(self, claim: Claim) -> None:
        self.over.append(claim.id)


class Bench:
    """A fetcher with everything it needs, before it is started."""

    def __init__(
        self,
        ledger: Ledger,
        meta: Platform,
        blobs: Store,
        signed: Callable[..., bytes],
        **more: Any,
    ) -> None:
        self.ledger, self.meta, self.signed = ledger, meta, signed
        self.registry = Registry(ledger)
        self.blobs = blobs
        self.graph = HttpGraph(
            graph_url=meta.graph_url, version="v26.0", media_hosts=meta.media_hosts, allow_insecure=True, concurrency=8
        )
        self.watcher, self.valve = Watcher(), Valve()
        self.fetcher = self.make("one", **more)
        self.receiver = Receiver(ledger, self.registry, wake=self.fetcher.wake)
        self.count = 0
        self.rows: set[int] = set()
        self.last = b""

    def make(self, owner: str, **more: Any) -> Fetcher:
        return Fetcher(
            self.ledger,
            self.registry,
            self.graph,
            self.blobs,
            owner=owner,
            concurrency=8,
            gates=self.valve,
            witness=self.watcher,
            jitter=lambda: 0.01,
            **more,
        )

    async def announce(self, media_id: str, kind: str = "image", **declared: Any) -> int:
        """A message with a file, received by the real receiver; the media row."""
        self.count += 1
        wamid = f"wamid.TEST{self.count}"
        message = {
            "from": "15550001234",
            "id": wamid,
            "timestamp": str(int(await self.ledger.now())),
            "type": kind,
            kind: {"id": media_id, "mime_type": "image/jpeg", **declared},
        }
        value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": NUMBER}, "messages": [message]}
        body = json.dumps(
            {
                "object": "whatsapp_business_account",
                "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}],
            }
        ).encode()
        self.last = body
        assert isinstance(await self.receiver.take(body, self.signed(body)), Taken)
        found = await self.ledger.shelf.message(wamid=wamid, workspace_id=None)
        assert found is not None
        return found.media[0].id

    async def announce_again(self) -> None:
        """The last webhook once more, as Meta sends it when it has doubts."""
        assert isinstance(await self.receiver.take(self.last, self.signed(self.last)), Taken)

    async def file(self, row: int) -> Media:
        found = await self.ledger.shelf.media(row, workspace_id=None)
        assert found is not None
        return found

    async def until(self, row: int, wanted: Callable[[Media], bool]) -> Media:
        async with asyncio.timeout(60):
            while not wanted(found := await self.file(row)):
                await asyncio.sleep(0.01)
        return found

    async def attached(self, row: int) -> Media:
        """Wait until a file is attached, and until the witness was told so, which is a moment later."""
        file = await self.until(row, lambda file: file.state == "attached")
        self.rows.add(row)
        async with asyncio.timeout(60):
            while sum(isinstance(ending, Attached) for ending in self.watcher.endings) < len(self.rows):
                await asyncio.sleep(0.001)
        return file


@pytest.fixture
async def bench(provisioned: Ledger, tmp_path: Path, signed: Callable[..., bytes]) -> AsyncIterator[Callable[..., Any]]:
    """Starts a simulated Meta and makes a fetcher that believes in it."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(
            scenario: Scenario | None = None, *, run: bool = True, blobs: Store | None = None, **more: Any
        ) -> Bench:
            meta = await stack.enter_async_context(Platform(scenario or Scenario()))
            meta.add_token("token-a", "EAAGtokenA")
            meta.add_number(NUMBER, app_secret=b"app-secret", callback="http://127.0.0.1:9/", token="token-a")
            made = Bench(provisioned, meta, blobs or DiskBlobs(tmp_path / "blobs"), signed, **more)
            for part in (made.registry, made.blobs, made.graph):
                await part.start()
                stack.push_async_callback(part.stop)
            if run:
                await made.fetcher.start()
                stack.push_async_callback(made.fetcher.stop)
            return made

        yield start


def url_of(it: Bench, media: Any) -> str:
    """The URL that a webhook would bring along."""
    return it.meta.world.fresh_url(media, source="webhook", life_s=301)


JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00 a photo " * 400


async def test_a_file_is_looked_up_downloaded_and_attached(bench: Callable[..., Any]) -> None:
    it: Bench = await bench()
    media = it.meta.upload(JPEG, "image/jpeg", number=NUMBER)
    row = await it.announce(media.id)
    file = await it.attached(row)
    assert (file.size, file.attempts, file.content_type, file.reason) == (len(JPEG), 1, "image/jpeg", None)
    assert file.sha256 is not None
    assert file.sha256.hex() == media.sha256
    assert b"".join([chunk async for chunk in it.blobs.read(blobkey.key(row))]) == JPEG
    made = await it.ledger.shelf.attempts(row)
    assert [(each.operation, each.declared_method, each.wire_method, each.status, each.outcome) for each in made] == [
        ("media.look_up", "GET", "GET", 200, Outcome.DELIVERED),
        ("media.download", "GET", "GET", 200, Outcome.DELIVERED),
    ]
    assert all(each.host == "127.0.0.1" and each.peer_address and each.recipe == "standard/1" for each in made)
    assert [(each.server, each.api_version, each.fresh) for each in made] == [
        ("server", "v26.0", True),
        ("server", None, False),
    ]
    assert made[0].worker
    assert it.watcher.attempts == made


async def test_the_url_of_the_webhook_saves_the_look_up_while_it_lives(bench: Callable[..., Any]) -> None:
    it: Bench = await bench()
    media = it.meta.upload(JPEG, "image/jpeg", number=NUMBER)
    row = await it.announce(media.id, url=url_of(it, media), sha256=media.file.sha256_base64)
    await it.attached(row)
    assert [each.operation for each in it.watcher.attempts] == ["media.download"]


async def test_a_dead_url_costs_one_fresh_look_up_and_no_attempt_more(bench: Callable[..., Any]) -> None:
    it: Bench = await bench()
    media = it.meta.upload(JPEG, "image/jpeg", number=NUMBER)
    broken = url_of(it, media).replace("hash=", "hash=X")
    row = await it.announce(media.id, url=broken)
    file = await it.attached(row)
    assert file.attempts == 1
    assert [each.operation for each in it.watcher.attempts] == ["media.download", "media.look_up", "media.download"]


async def test_a_hint_on_a_foreign_host_is_never_asked(bench: Callable[..., Any]) -> None:
    it: Bench = await bench()
    media = it.meta.upload(JPEG, "image/jpeg", number=NUMBER)
    ext = int(await it.ledger.now()) + 300
    row = await it.announce(media.id, url=f"https://evil.example/attachments/?mid=1&ext={ext}")
    await it.attached(row)
    assert {each.host for each in it.watcher.attempts} == {"127.0.0.1"}


async def test_a_retry_resumes_at_the_download_while_the_url_lives(bench: Callable[..., Any]) -> None:
    it: Bench = await bench(one_fault(FaultRule(fault="cut-short", hop="download", first_n=1)))
    media = it.meta.upload(JPEG, "image/jpeg", number=NUMBER)
    row = await it.announce(media.id)
    file = await it.attached(row)
    assert file.attempts == 2
    assert [each.operation for each in it.watcher.attempts] == ["media.look_up", "media.download", "media.download"]


async def test_an_attempt_that_failed_is_tried_again_and_said_so_meanwhile(bench: Callable[..., Any]) -> None:
    it: Bench = await bench(one_fault(FaultRule(fault="server-error", hop="lookup")))
    media = it.meta.upload(JPEG, "image/jpeg", number=NUMBER)
    row = await it.announce(media.id)
    file = await it.until(row, lambda file: file.state == "waiting" and file.attempts > 1)
    assert file.outcome == "upstream"
    assert file.reason
    assert file.due_at is not None
    it.meta.set_scenario(Scenario())
    assert (await it.attached(row)).outcome is None


async def test_a_file_that_is_larger_than_allowed_fails_for_good_and_says_why(bench: Callable[..., Any]) -> None:
    it: Bench = await bench(one_fault(FaultRule(fault="oversize", hop="download", size_bytes=200_000_000)))
    media = it.meta.upload(JPEG, "image/jpeg", number=NUMBER)
    row = await it.announce(media.id)
    file = await it.until(row, lambda file: file.state in {"failed", "attached"} or file.attempts > 3)
    assert file.state in {"failed", "waiting"}
    assert file.reason


async def test_a_file_that_meta_no_longer_has_expires_once_its_time_is_over(
    bench: Callable[..., Any], provisioned: Ledger
) -> None:
    it: Bench = await bench(Scenario(rules=Rules(media_life_s=1)), run=False)
    media = it.meta.upload(JPEG, "image/jpeg", number=NUMBER)
    row = await it.announce(media.id)
    it.meta.clock.advance(10)

    async def in_eight_days() -> float:
        return 8 * 86_400 + (await SqliteNow.now(provisioned))

    SqliteNow.patch(provisioned, in_eight_days)
    await it.fetcher.start()
    file = await it.until(row, lambda file: file.state == "expired")
    await it.fetcher.stop()
    assert file.outcome == "gone"
    assert file.reason is not None
    assert "no longer available" in file.reason


class SqliteNow:
    """Another time of day for a ledger: the clock is an argument everywhere, so one place is enough."""

    @staticmethod
    async def now(ledger: Ledger) -> float:
        return await type(ledger).now(ledger)

    @staticmethod
    def patch(ledger: Ledger, now: Callable[[], Any]) -> None:
        ledger.now = now  # type: ignore[method-assign]


async def test_a_claim_that_meets_a_shut_gate_goes_back_without_an_attempt(bench: Callable[..., Any]) -> None:
    it: Bench = await bench(run=False)
    it.valve.shut = {"media.look_up"}
    media = it.meta.upload(JPEG, "image/jpeg", number=NUMBER)
    row = await it.announce(media.id)
    await it.fetcher.start()
    async with asyncio.timeout(60):
        while len(it.valve.asked) < 3:
            await asyncio.sleep(0.01)
    file = await it.file(row)
    assert (file.attempts, file.reason) == (0, None)
    assert it.watcher.attempts == []
    it.valve.shut = set()
    assert (await it.attached(row)).attempts == 1
    await it.fetcher.stop()
    # Each time that it was claimed, the gates were told when that was over.
    assert it.valve.over == [row] * it.valve.asked.count("media.look_up")


async def test_stopping_puts_back_what_is_under_way_and_costs_no_attempt(bench: Callable[..., Any]) -> None:
    it: Bench = await bench(one_fault(FaultRule(fault="hang", hop="lookup")), run=False)
    media = it.meta.upload(JPEG, "image/jpeg", number=NUMBER)
    row = await it.announce(media.id)
    it.fetcher._grace_s = 0.2
    await it.fetcher.start()
    await it.until(row, lambda file: file.state == "fetching")
    await it.fetcher.stop()
    file = await it.file(row)
    assert (file.state, file.attempts) == ("waiting", 0)
    assert [type(each) for each in it.watcher.endings] == [PutBack]


async def test_two_fetchers_over_one_queue_attach_each_file_once(bench: Callable[..., Any]) -> None:
    it: Bench = await bench(run=False)
    media = [it.meta.upload(JPEG + bytes([index]), "image/jpeg", number=NUMBER) for index in range(40)]
    rows = [await it.announce(each.id) for each in media]
    other = it.make("two")
    await it.fetcher.start()
    await other.start()
    for row in rows:
        assert (await it.attached(row)).attempts == 1
    await it.fetcher.stop()
    await other.stop()
    assert len(it.watcher.attempts) == 80


async def test_the_result_of_a_lost_lease_is_dropped(
    bench: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    it: Bench = await bench(run=False)
    download, going_on = it.graph.download, asyncio.Event()

    async def held_up(*args: Any, **rest: Any) -> Any:
        await going_on.wait()
        return await download(*args, **rest)

    monkeypatch.setattr(it.graph, "download", held_up)
    media = it.meta.upload(JPEG, "image/jpeg", number=NUMBER)
    row = await it.announce(media.id)
    await it.fetcher.start()
    await it.until(row, lambda file: file.state == "fetching")
    await it.ledger.queue.release_all()  # as if the lease had run out
    going_on.set()
    file = await it.attached(row)
    await it.fetcher.stop()
    assert file.attempts == 1
    events = await it.ledger.feed.after(0, workspace_id=None)
    assert [event.kind for event in events].count("media.attached") == 1


async def test_a_mistake_of_our_own_costs_no_file(bench: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    it: Bench = await bench(run=False)

    async def broken(*_: Any, **__: Any) -> Any:
        raise KeyError("a mistake")

    monkeypatch.setattr(it.graph, "look_up", broken)
    media = it.meta.upload(JPEG, "image/jpeg", number=NUMBER)
    row = await it.announce(media.id)
    await it.fetcher.start()
    file = await it.until(row, lambda file: file.attempts == 1 and file.state == "waiting")
    await it.fetcher.stop()
    assert file.outcome == "local"
    assert file.reason is not None
    assert "KeyError" in file.reason


async def test_a_store_that_takes_nothing_for_a_while_loses_no_result(
    bench: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from penstock.core.errors import StoreUnavailable

    it: Bench = await bench(run=False)
    monkeypatch.setattr("penstock.flow.fetcher._STORE_AGAIN_S", 0.01)
    settle, refused = it.ledger.queue.settle, 0

    async def full(*args: Any, **rest: Any) -> bool:
        nonlocal refused
        refused += 1
        if refused < 4:
            raise StoreUnavailable("the disk of the database is full")
        return await settle(*args, **rest)

    monkeypatch.setattr(it.ledger.queue, "settle", full)
    media = it.meta.upload(JPEG, "image/jpeg", number=NUMBER)
    row = await it.announce(media.id)
    await it.fetcher.start()
    assert (await it.attached(row)).attempts == 1
    await it.fetcher.stop()


async def test_what_can_never_be_had_is_remembered_and_not_asked_for_again(bench: Callable[..., Any]) -> None:
    it: Bench = await bench(one_fault(FaultRule(fault="server-error", hop="lookup", status=400, code=33)))
    media = it.meta.upload(JPEG, "image/jpeg", number=NUMBER)
    row = await it.announce(media.id)
    file = await it.until(row, lambda file: file.state == "failed")
    assert (file.outcome, file.attempts) == ("gone", 1)
    await it.announce_again()
    it.meta.set_scenario(Scenario())
    await it.attached(await it.announce(it.meta.upload(JPEG, "image/jpeg", number=NUMBER).id))
    assert (await it.file(row)).state == "failed"
    assert len(it.meta.record.lookups(media.id)) == 1


# -- a request that is not the declared one ---------------------------------------------------------------------


async def post_instead(session: ClientSession, call: Call) -> ClientResponse:
    """What the client of the incident did."""
    web = call.declared.web
    return await session.post(
        f"{web.scheme}://{web.authority}{web.target}", data={"method": "get"}, middlewares=(call,)
    )


async def test_a_request_that_nobody_declared_is_an_alarm_and_costs_no_file(bench: Callable[..., Any]) -> None:
    it: Bench = await bench(run=False)
    it.graph._send = post_instead
    media = it.meta.upload(JPEG, "image/jpeg", number=NUMBER)
    row = await it.announce(media.id)
    with capture_logs() as logged:
        await it.fetcher.start()
        file = await it.until(row, lambda file: file.attempts == 1 and file.state == "waiting")
        await it.fetcher.stop()
    [alarm] = [entry for entry in logged if entry["event"] == "contract.violated"]
    assert alarm["log_level"] == "error"
    assert (alarm["operation"], alarm["declared_method"], alarm["wire_method"]) == ("media.look_up", "GET", "POST")
    assert alarm["reason"] == "contract: the method is 'POST', not 'GET'"
    assert not it.meta.record.requests
    assert (file.outcome, await it.ledger.counts.refused()) == ("contract", 1)
    assert file.due_at is not None
    assert file.due_at >= file.received_at + 50  # not sooner than the slow retry of an item


async def test_what_was_refused_comes_as_soon_as_the_right_form_is_back(bench: Callable[..., Any]) -> None:
    it: Bench = await bench(run=False)
    it.graph._send = post_instead
    media = it.meta.upload(JPEG, "image/jpeg", number=NUMBER)
    row = await it.announce(media.id)
    await it.fetcher.start()
    await it.until(row, lambda file: file.attempts == 1 and file.state == "waiting")
    it.graph._send = send_declared
    assert await it.ledger.queue.hurry(Outcome.CONTRACT, now=await it.ledger.now()) == 1
    it.fetcher.wake()
    assert (await it.attached(row)).attempts == 2
    await it.fetcher.stop()
    assert await it.ledger.counts.refused() == 0


# -- a number's error budget ------------------------------------------------------------------------------------


def punishing(*faults: FaultRule, after: int, window_s: float) -> Scenario:
    """A provider that blocks a number after so many failing look-ups."""
    rules = Rules(block_after_errors=after, block_window_s=window_s, block_for_s=60.0)
    return Scenario(servers=(Server(faults=faults),), rules=rules)


def blocked(it: Bench) -> int:
    """How many look-ups met the block."""
    return it.meta.record.totals["lookup", 429]


ALL_FAIL = FaultRule(fault="server-error", hop="lookup")


async def test_without_a_budget_a_provider_that_punishes_failing_look_ups_blocks_the_number(
    bench: Callable[..., Any],
) -> None:
    it: Bench = await bench(
        punishing(FaultRule(fault="server-error", hop="lookup", first_n=1), after=20, window_s=3600)
    )
    rows = [await it.announce(it.meta.upload(JPEG + bytes([n]), "image/jpeg", number=NUMBER).id) for n in range(30)]
    async with asyncio.timeout(60):
        while not blocked(it):
            await asyncio.sleep(0.01)
    states = {(await it.file(row)).state for row in rows}
    assert states <= {"waiting", "fetching", "attached"}


async def test_with_a_budget_no_block_is_ever_met_and_no_attempt_is_spent_on_waiting(bench: Callable[..., Any]) -> None:
    it: Bench = await bench(punishing(ALL_FAIL, after=20, window_s=3600), look_up_limit=Limit(15))
    rows = [await it.announce(it.meta.upload(JPEG + bytes([n]), "image/jpeg", number=NUMBER).id) for n in range(30)]
    async with asyncio.timeout(60):
        while it.meta.record.totals["lookup", 500] < 15:
            await asyncio.sleep(0.01)
    files = [await it.until(row, lambda file: (file.due_at or 0) > file.received_at + 3_000) for row in rows]
    assert (it.meta.record.totals["lookup", 500], blocked(it)) == (15, 0)
    assert sum(file.attempts for file in files) == 15
    assert {file.state for file in files} == {"waiting"}
    # What needs no look-up goes on.
    media = it.meta.upload(JPEG, "image/jpeg", number=NUMBER)
    await it.attached(await it.announce(media.id, url=url_of(it, media)))


@pytest.mark.parametrize("whose", ["the settings'", "a recipe's"])
async def test_a_restart_does_not_fill_the_budget_up(bench: Callable[..., Any], whose: str) -> None:
    it: Bench = await bench(punishing(ALL_FAIL, after=20, window_s=3600), run=False)
    limited: dict[str, Any] = {"look_up_limit": Limit(15)}
    if whose == "a recipe's":
        await it.ledger.recipes.add("few", parameters=Parameters(error_budget=15), who="me", why="a test")
        limited = {"recipes": OneRecipe(it.graph, limit=Limit(15))}
    one = it.make("one", **limited)
    await one.start()
    for n in range(30):
        await it.announce(it.meta.upload(JPEG + bytes([n]), "image/jpeg", number=NUMBER).id)
    async with asyncio.timeout(60):
        while it.meta.record.totals["lookup", 500] < 15:
            await asyncio.sleep(0.01)
    await one.stop()
    again = it.make("two", **limited)
    await again.start()
    row = await it.announce(it.meta.upload(JPEG, "image/jpeg", number=NUMBER).id)
    await it.until(row, lambda file: (file.due_at or 0) > file.received_at + 3_000)
    await again.stop()
    assert (it.meta.record.totals["lookup", 500], blocked(it)) == (15, 0)


async def test_when_the_window_is_free_again_look_ups_go_on(bench: Callable[..., Any]) -> None:
    once = FaultRule(fault="server-error", hop="lookup", first_n=1)
    it: Bench = await bench(punishing(once, after=7, window_s=0.6), look_up_limit=Limit(5, 0.6))
    rows = [await it.announce(it.meta.upload(JPEG + bytes([n]), "image/jpeg", number=NUMBER).id) for n in range(12)]
    for row in rows:
        assert (await it.attached(row)).attempts == 2
    assert blocked(it) == 0


# -- files in a bucket ------------------------------------------------------------------------------------------


def bucket_of(server: Any, name: str | None = None) -> S3Blobs:
    name = name or server.bucket()
    bucket = Bucket(name=name, prefix="p", address=f"{server.url}/{name}", keys=Keys(server.key_id, server.secret))
    return S3Blobs(bucket, patience=Patience(retries=0))


@pytest.mark.parametrize("size", [20_000, 9 << 20])
async def test_a_file_is_attached_when_the_bucket_has_it(bench: Callable[..., Any], rclone: Any, size: int) -> None:
    it: Bench = await bench(blobs=bucket_of(rclone))
    data = JPEG + bytes(size)
    media = it.meta.upload(data, "image/jpeg", number=NUMBER)
    row = await it.announce(media.id)
    file = await it.attached(row)
    assert file.sha256 is not None
    assert (file.attempts, file.sha256.hex()) == (1, media.sha256)
    assert await it.blobs.digest(blobkey.key(row)) == (len(data), file.sha256)


async def test_a_download_that_breaks_off_leaves_nothing_in_the_bucket(bench: Callable[..., Any], rclone: Any) -> None:
    scenario = one_fault(FaultRule(fault="cut-short", hop="download", first_n=1))
    it: Bench = await bench(scenario, run=False, blobs=bucket_of(rclone))
    media = it.meta.upload(JPEG + bytes(20 << 20), "image/jpeg", number=NUMBER)
    row = await it.announce(media.id)
    settle = it.ledger.queue.settle
    first: list[tuple[int | None, int]] = []

    async def settled(*args: Any, **rest: Any) -> bool:
        if not first:
            first.append((await it.blobs.size(blobkey.key(row)), await it.blobs.drop_unfinished(4e9)))
        return await settle(*args, **rest)

    it.ledger.queue.settle = settled  # type: ignore[method-assign]
    await it.fetcher.start()
    file = await it.attached(row)
    await it.fetcher.stop()
    assert (first, file.attempts) == ([(None, 0)], 2)


async def test_a_bucket_that_is_gone_costs_no_file_and_needs_no_restart(bench: Callable[..., Any], moto: Any) -> None:
    name = moto.bucket()
    it: Bench = await bench(run=False, blobs=bucket_of(moto, name))
    assert moto.ask("DELETE", f"/{name}/p/probe/start") == 204
    assert moto.ask("DELETE", f"/{name}") == 204
    media = it.meta.upload(JPEG, "image/jpeg", number=NUMBER)
    row = await it.announce(media.id)
    await it.fetcher.start()
    file = await it.until(row, lambda file: file.attempts >= 1 and file.state == "waiting")
    assert file.outcome == "local"
    (*_, last) = await it.ledger.shelf.attempts(row)
    assert last.detail == f"the file could not be written: there is no bucket {name}"
    assert moto.ask("PUT", f"/{name}") == 200
    await it.ledger.queue.hurry(Outcome.LOCAL, now=await it.ledger.now())
    it.fetcher.wake()
    await it.attached(row)
    await it.fetcher.stop()
