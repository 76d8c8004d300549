"""A whole Penstock in this process that is troubled while messages come, and the books that are kept about it."""

import asyncio
import contextlib
import itertools
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, MutableMapping
from pathlib import Path
from typing import Any

from structlog.testing import capture_logs

from penstock.flow.auditing import audit
from penstock.settings import Bind, FolderUrl, Settings
from penstock.simulator import Platform, Scenario, Server, Webhooks
from penstock.web.server import Server as HttpServer
from penstock.web.server import listen
from penstock.wiring.instance import ROLES, Instance

NUMBER = "100000000000002"
KINDS = ("image", "voice", "text", "document", "text", "sticker")
SECRET, TOKEN = "the-secret-of-the-app", "EAAGtheTokenOfTheNumber"
LIMIT_S = 300  # against hanging only

Entry = MutableMapping[str, Any]


def soon(*servers: Server, **webhooks: Any) -> Scenario:
    """A Meta that sends again soon and now and then twice."""
    rules: dict[str, Any] = {"duplicate_rate": 0.1, "answer_timeout_s": 30.0}
    rules["retry_delays_s"] = (0.0, 0.2, 0.5, *([1.0] * 600))
    return Scenario(servers=servers or (Server(),), webhooks=Webhooks(**(rules | webhooks)))


class Whole:
    """Penstock and Meta, what was sent, and what the log said."""

    def __init__(self, instance: Instance, meta: Platform, logged: list[Entry], base: str) -> None:
        self.instance, self.meta, self.logged, self.base = instance, meta, logged, base
        self.ledger = instance.ledger
        self.sent: list[Any] = []
        self._kinds = itertools.cycle(KINDS)

    async def send(self, count: int = 1, *kinds: str, every_s: float = 0.0) -> None:
        """So many messages, of these kinds in turn."""
        for kind in itertools.islice(itertools.cycle(kinds) if kinds else self._kinds, count):
            self.sent.append(await self.meta.send(NUMBER, kind, customer=len(self.sent) % 5))
            await asyncio.sleep(every_s)

    def said(self, event: str) -> list[Entry]:
        """The lines of one event."""
        return [entry for entry in self.logged if entry["event"] == event]

    async def until_said(self, event: str) -> Entry:
        """Wait for a line, while texts go on coming: a store is found to be back by what is stored."""
        async with asyncio.timeout(LIMIT_S):
            while not (found := self.said(event)):
                await self.send(1, "text", every_s=0.5)
        return found[0]

    async def settled(self) -> None:
        """Wait until every webhook was taken and no file is on its way."""
        await self.meta.drain(LIMIT_S)
        async with asyncio.timeout(LIMIT_S):
            while any(tally.waiting + tally.fetching for tally in await self.ledger.counts.tallies()):
                await asyncio.sleep(0.05)
            while await self.ledger.feed.unstamped():
                await asyncio.sleep(0.05)

    @property
    def files(self) -> list[Any]:
        """What was sent with a file."""
        return [each for each in self.sent if each.media is not None]

    async def in_order(self) -> None:
        """Everything that was sent is there, once, and every byte of it is right."""
        report = await audit(self.ledger, self.instance.blobs)
        assert report.ok, report.problems
        [tally] = report.workspaces
        assert (tally.received, tally.attached) == (len(self.files), len(self.files))
        assert self.meta.record.unacknowledged() == []
        told = await self._told()
        for each in self.sent:
            message = await self.ledger.shelf.message(wamid=each.wamid, workspace_id=None)
            assert message is not None, "an acknowledged message is lost"
            assert told["message.received", each.wamid] == 1
            if each.media is not None:
                [file] = message.media
                assert file.sha256 is not None
                assert file.sha256.hex() == each.media.sha256
                assert told["media.attached", file.id] == 1

    async def _told(self) -> Counter[tuple[str, object]]:
        told: Counter[tuple[str, object]] = Counter()
        position = 0
        while events := await self.ledger.feed.after(position, workspace_id=None):
            position = events[-1].position
            for event in events:
                what = event.message.wamid if event.message else event.media.id if event.media else None
                told[event.kind, what] += 1
        return told

    def lines(self) -> list[str]:
        """What an operator saw, apart from files that were attached, who leads, and what was set up."""
        ordinary = {"media.attached", "leading.began", "leading.ended", "audit_log.head"}
        ordinary |= {"workspace.add", "app.add", "credential.add", "number.add"}
        return [
            entry["event"] for entry in self.logged if entry["log_level"] != "debug" and entry["event"] not in ordinary
        ]


def one_line_each(logged: Iterable[Entry], what: str) -> None:
    """The trouble is one line, its end is another one, and each is a line."""
    began, over = (
        [entry for entry in logged if entry["event"] == f"{what}.{word}"] for word in ("unavailable", "available_again")
    )
    assert (len(began), len(over)) == (1, 1)
    assert began[0]["reason"] and "\n" not in str(began[0])
    assert over[0]["failures"] >= 1


@contextlib.asynccontextmanager
async def whole(
    folder: Path,
    database_url: Any,
    *,
    blobs_url: Any = None,
    scenario: Scenario | None = None,
    roles: Collection[str] = ROLES,
    **settings: Any,
) -> AsyncIterator[Whole]:
    """Start everything, introduce Penstock and Meta to each other."""
    async with contextlib.AsyncExitStack() as stack:
        logged = stack.enter_context(capture_logs())
        meta = await stack.enter_async_context(Platform(scenario or soon()))
        listening = stack.enter_context(contextlib.closing(listen("127.0.0.1", 0)))
        port = listening.getsockname()[1]
        instance = Instance(
            Settings(
                database_url=database_url,
                blobs_url=blobs_url or FolderUrl(folder / "blobs"),
                bind=Bind("127.0.0.1", port),
                graph_url=meta.graph_url,
                media_hosts=tuple(meta.media_hosts),
                allow_insecure_upstream=True,
                **{"secret_key": (secrets.token_urlsafe(32),), "fetch_concurrency": 4, **settings},
            ),
            roles=roles,
        )
        await instance.start()
        stack.push_async_callback(instance.stop)
        base = f"http://127.0.0.1:{port}"
        await _introduce(instance, meta, f"{base}/webhooks/whatsapp/main")
        server = HttpServer(instance.app, ending=instance.nudge.stop)
        await server.start(listening)
        stack.push_async_callback(server.stop)
        yield Whole(instance, meta, logged, base)


async def _introduce(instance: Instance, meta: Platform, callback: str) -> None:
    provisioning, now = instance.ledger.provisioning, await instance.ledger.now()
    await provisioning.add_workspace("acme", now=now)
    await provisioning.add_app("main", secret=SECRET, verify_token="verify-me", now=now)
    await provisioning.add_number(NUMBER, workspace="acme", app="main", token=TOKEN, now=now)
    await instance.registry.refresh()
    meta.add_token("token", TOKEN)
    meta.add_number(NUMBER, app_secret=SECRET.encode(), callback=callback, token="token")
