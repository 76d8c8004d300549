"""Receivers, fetchers and PostgreSQL itself killed at random under load: nothing acknowledged is lost, nothing doubled."""

import asyncio
import contextlib
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from penstock.adapters.db.postgres import PostgresDatabase
from penstock.adapters.seal.fernet import FernetSealer
from penstock.bench.postgres import PostgresServer, programs, reserve
from penstock.core import blobkey
from penstock.ledger.book import Ledger
from penstock.simulator import FaultRule, Platform, Scenario, Server, Webhooks

KINDS = ("image", "voice", "text", "document", "video", "sticker", "text", "audio")
KEY = "the key of a cluster of the tests"
EVERY_S = 0.03
CUSTOMERS = 7


def scenario() -> Scenario:
    """A fleet on a bad day, and a Meta that sends again soon and twice."""
    return Scenario(
        servers=(
            Server(name="good", count=4),
            Server(name="faulty", count=1, faults=(FaultRule(fault="server-error", probability=0.5),)),
            Server(name="cutting", count=1, faults=(FaultRule(fault="cut-short", hop="download", first_n=1),)),
        ),
        webhooks=Webhooks(
            retry_delays_s=(0.0, 0.2, 0.4, 0.8, 1.6, *([2.0] * 400)),
            duplicate_rate=0.2,
            batch_rate=0.2,
            answer_timeout_s=8.0,
        ),
    )


class Balancer:
    """In front of the receivers, as a load balancer would be: each connection goes to one that takes it."""

    def __init__(self, ports: list[int]) -> None:
        self._ports = ports
        self._turn = 0
        self._server: asyncio.Server | None = None
        self._served: set[asyncio.Task[None]] = set()
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Cut every connection that is still kept."""
        assert self._server is not None
        self._server.close()
        for served in tuple(self._served):
            served.cancel()
        await asyncio.gather(*self._served, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served = asyncio.current_task()
        assert served is not None
        self._served.add(served)
        try:
            await self._pass_on(reader, writer)
        except asyncio.CancelledError:
            return  # cut by ``stop``; the server's own callback must not find a cancelled task
        finally:
            await _closed(writer)
            self._served.discard(served)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in self._ports:
            self._turn += 1
            try:
                back = await asyncio.open_connection("127.0.0.1", self._ports[self._turn % len(self._ports)])
            except OSError:
                continue
            ways = [asyncio.create_task(_pour(reader, back[1])), asyncio.create_task(_pour(back[0], writer))]
            try:
                await asyncio.wait(ways, return_when="FIRST_COMPLETED")
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
                await _closed(back[1])
            return


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def _pour(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(1 << 16):
            target.write(data)
            await target.drain()


class Cluster:
    """Two receivers, three fetchers and a watcher as processes of their own, over one PostgreSQL."""

    secret, token, number = "the-secret-of-the-app", "EAAGtheTokenOfTheNumber", "100000000000002"

    def __init__(self, folder: Path, server: PostgresServer, graph_url: str) -> None:
        self.folder = folder
        self.server = server
        self.roles = ["receiver", "receiver", "fetcher", "fetcher", "fetcher", "watcher"]
        self._reserved = [reserve() for _ in self.roles]  # they stay ours between two starts
        self.ports = [int(each.getsockname()[1]) for each in self._reserved]
        self.processes: list[subprocess.Popen[bytes] | None] = [None] * len(self.roles)
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PENSTOCK_")},
            "PENSTOCK_DATABASE_URL": server.url(),
            "PENSTOCK_BLOBS_URL": f"file://{folder}/blobs",
            "PENSTOCK_SECRET_KEY": KEY,
            "PENSTOCK_GRAPH_URL": graph_url,
            "PENSTOCK_MEDIA_HOSTS": "127.0.0.1",
            "PENSTOCK_ALLOW_INSECURE_UPSTREAM": "1",
            "PENSTOCK_LOG_FORMAT": "json",
            "PENSTOCK_FETCH_CONCURRENCY": "8",
            "PENSTOCK_DATABASE_CONNECTIONS": "4",
        }

    def run(self, *arguments: str, given: str = "", code: int | None = 0) -> str:
        ended = subprocess.run(
            [sys.executable, "-m", "penstock", *arguments],
            check=False,
            capture_output=True,
            text=True,
            input=given,
            env=self.environ,
            timeout=300,
        )
        assert code is None or ended.returncode == code, (arguments, ended.returncode, ended.stdout, ended.stderr)
        return ended.stdout

    def provision(self) -> None:
        self.run("migrate")
        self.run("workspace", "add", "acme")
        self.run("app", "add", "main", "--secret-file", "-", "--verify-token", "verify-me", given=self.secret)
        number = ("number", "add", self.number, "--workspace", "acme", "--app", "main", "--token-file", "-")
        self.run(*number, given=self.token)

    def start(self, place: int) -> None:
        environ = {**self.environ, "PENSTOCK_BIND": f"127.0.0.1:{self.ports[place]}"}
        with (self.folder / f"{self.roles[place]}-{place}.log").open("ab") as log:
            self.processes[place] = subprocess.Popen(
                [sys.executable, "-m", "penstock", "serve", "--role", self.roles[place]],
                env=environ,
                stdout=log,
                stderr=log,
            )

    def kill(self, place: int) -> None:
        process = self.processes[place]
        if process is not None:
            process.kill()
            process.wait()
            self.processes[place] = None

    def keep_up(self) -> None:
        """Start what has ended by itself, as a supervisor does: nobody starts while the database is away."""
        for place, process in enumerate(self.processes):
            if process is None or process.poll() is not None:
                self.start(place)

    def kill_all(self) -> None:
        for place in range(len(self.roles)):
            self.kill(place)
        for each in self._reserved:
            each.close()


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL that may be killed."""
    if programs() is None:
        pytest.skip("there is no PostgreSQL on this machine; install it with: make install")
    own = PostgresServer()
    try:
        own.start()
        yield own
    finally:
        own.remove()


async def kill_under_load(folder: Path, server: PostgresServer, *, kills: int, seed: int) -> None:
    """Send without a pause, kill and start again, then let everything settle and count."""
    chance = random.Random(seed)
    async with Platform(scenario(), seed=seed) as meta:
        cluster = Cluster(folder, server, meta.graph_url)
        balancer = Balancer(cluster.ports[:2])
        await balancer.start()
        sending = None
        try:
            await asyncio.to_thread(cluster.provision)
            callback = f"http://127.0.0.1:{balancer.port}/webhooks/whatsapp/main"
            meta.add_token("token", cluster.token)
            meta.add_number(cluster.number, app_secret=cluster.secret.encode(), callback=callback, token="token")
            cluster.keep_up()
            sent: list[Any] = []
            sending = asyncio.create_task(keep_sending(meta, cluster.number, sent))
            await all_take_connections(cluster)
            for count in range(kills):
                await asyncio.sleep(chance.uniform(0.0, 1.0))
                if count % 6 == 5:  # the database itself, as by a power cut or as by an administrator in a hurry
                    if chance.random() < 0.5:
                        server.kill()
                    else:
                        server.stop("immediate")
                    await asyncio.sleep(chance.uniform(0.0, 2.0))
                    await asyncio.to_thread(server.start)
                else:
                    cluster.kill(chance.randrange(len(cluster.roles)))
                cluster.keep_up()
            await asyncio.sleep(1)
            sending.cancel()
            cluster.keep_up()
            await all_take_connections(cluster)
            await meta.drain(600)
            await nothing_on_its_way(cluster)
            await count_all(cluster, sent)
        finally:
            if sending is not None:
                sending.cancel()
            cluster.kill_all()
            await balancer.stop()


async def keep_sending(meta: Platform, number: str, sent: list[Any]) -> None:
    """One message after the other, of every kind."""
    while True:
        sent.append(await meta.send(number, KINDS[len(sent) % len(KINDS)], customer=len(sent) % CUSTOMERS))
        await asyncio.sleep(EVERY_S)


async def all_take_connections(cluster: Cluster) -> None:
    async with asyncio.timeout(300):
        for port in cluster.ports:
            while True:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    break
                cluster.keep_up()
                await asyncio.sleep(0.2)


async def nothing_on_its_way(cluster: Cluster) -> None:
    """Wait until no file is on its way; a lease that was lost with its fetcher runs out first."""
    ledger = await opened(cluster)
    try:
        async with asyncio.timeout(600):
            while any(each.waiting + each.fetching for each in await ledger.counts.tallies()):
                await asyncio.sleep(0.5)
            while await ledger.feed.unstamped():
                await asyncio.sleep(0.1)
    finally:
        await ledger.stop()


async def opened(cluster: Cluster) -> Ledger:
    ledger = Ledger(PostgresDatabase(cluster.server.url(), connections=2), FernetSealer([KEY]))
    await ledger.start(migrate=False)
    return ledger


async def count_all(cluster: Cluster, sent: list[Any]) -> None:
    """What was sent against what is there."""
    audited = await asyncio.to_thread(cluster.run, "audit", "--deep")
    assert audited.startswith("ok"), audited
    files = [each for each in sent if each.media is not None]
    blobs = [path for path in (cluster.folder / "blobs").glob("*/*") if path.is_file()]
    assert len(blobs) == len(files)
    ledger = await opened(cluster)
    try:
        [acme] = await ledger.counts.tallies()
        assert acme.received == len(files) == acme.attached
        assert len((await ledger.shelf.conversations(workspace_id=None, limit=100)).items) == CUSTOMERS
        told: Counter[tuple[str, object]] = Counter()
        positions, position = [], 0
        while events := await ledger.feed.after(position, workspace_id=None):
            position = events[-1].position
            positions += [event.position for event in events]
            for event in events:
                what = event.message.wamid if event.message else event.media.id if event.media else None
                told[event.kind, what] += 1
        assert positions == list(range(1, len(positions) + 1))
        for each in sent:
            message = await ledger.shelf.message(wamid=each.wamid, workspace_id=None)
            assert message is not None, "an acknowledged message is lost"
            assert told["message.received", each.wamid] == 1
            if each.media is not None:
                [file] = message.media
                assert file.sha256 is not None
                assert file.sha256.hex() == each.media.sha256
                assert told["media.attached", file.id] == 1
                assert (cluster.folder / "blobs" / blobkey.key(file.id)).exists()
    finally:
        await ledger.stop()


async def test_some_kills_of_a_cluster_lose_nothing_and_double_nothing(tmp_path: Path, server: PostgresServer) -> None:
    await kill_under_load(tmp_path, server, kills=7, seed=7)


@pytest.mark.long
async def test_a_hundred_kills_of_a_cluster_lose_nothing_and_double_nothing(
    tmp_path: Path, server: PostgresServer
) -> None:
    await kill_under_load(tmp_path, server, kills=100, seed=101)
