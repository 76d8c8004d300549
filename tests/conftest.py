"""What tests of several rooms share: a real ledger on a real file, somebody to serve, a signature, and buckets."""

import asyncio
import contextlib
import fcntl
import hashlib
import hmac
import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import pytest
from aiohttp import web

from penstock.adapters.blobs.s3_signing import Keys
from penstock.adapters.blobs.s3_signing import signed as signed_url
from penstock.adapters.db.postgres import PostgresDatabase
from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.adapters.seal.fernet import FernetSealer
from penstock.bench.postgres import PostgresServer, new_name, programs, reserve
from penstock.ledger.book import Ledger

SECRET = "app-secret"
NUMBER = "100000000000002"


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    """An empty ledger on a database of its own."""
    book = Ledger(SqliteDatabase(tmp_path / "penstock.db"), FernetSealer(["a key of the tests"]))
    await book.start()
    yield book
    await book.stop()


@pytest.fixture
async def provisioned(ledger: Ledger) -> Ledger:
    """A ledger with one workspace, one app, one credential and one number."""
    now = await ledger.now()
    await ledger.provisioning.add_workspace("acme", now=now)
    await ledger.provisioning.add_app("main", secret=SECRET, verify_token="verify-me", now=now)
    await ledger.provisioning.add_credential("token-a", token="EAAGtokenA", now=now)
    await ledger.provisioning.add_number(NUMBER, workspace="acme", app="main", credential="token-a", now=now)
    return ledger


@pytest.fixture
def signed() -> Callable[..., bytes]:
    """Makes the X-Hub-Signature-256 of a body."""

    def sign(body: bytes, secret: str = SECRET) -> bytes:
        return b"sha256=" + hmac.digest(secret.encode(), body, hashlib.sha256).hex().encode()

    return sign


class Webhooks:
    """Makes bodies as Meta writes them. Messages are dictionaries, to be changed as a test likes."""

    at = 1_795_000_000

    def body(self, *messages: dict[str, Any], number: str = NUMBER, field: str = "messages", **value: Any) -> bytes:
        """One change with messages at one number; ``value`` brings statuses, history and the like."""
        return self.batch(self.change(*messages, number=number, field=field, **value))

    def change(
        self, *messages: dict[str, Any], number: str = NUMBER, field: str = "messages", **value: Any
    ) -> dict[str, Any]:
        """One change of an entry."""
        whole = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": number}, **value}
        if messages:
            whole["messages"] = list(messages)
        return {"field": field, "value": whole}

    def batch(self, *changes: dict[str, Any]) -> bytes:
        """A body of several changes, escaped the way Meta escapes."""
        whole = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": list(changes)}]}
        return json.dumps(whole, separators=(",", ":")).replace("/", "\\/").encode()

    def text(self, wamid: str, said: str = "hello", *, sender: str = "15550001234", **more: Any) -> dict[str, Any]:
        """A text."""
        return self._message(wamid, sender, type="text", text={"body": said}, **more)

    def file(
        self, wamid: str, media_id: str | None, kind: str = "image", *, sender: str = "15550001234", **more: Any
    ) -> dict[str, Any]:
        """A message with a file; without one when there is no media id."""
        file = {"id": media_id, "mime_type": "image/jpeg"} if media_id else {}
        return self._message(wamid, sender, **{"type": kind, kind: file, **more})

    def edit(
        self, wamid: str, original: str, media_id: str, *, sender: str = "15550001234", **more: Any
    ) -> dict[str, Any]:
        """An edit of a message with a file."""
        inner = {"type": "image", "image": {"id": media_id, "mime_type": "image/jpeg", "caption": "edited"}}
        edited = {"original_message_id": original, "message": inner}
        return self._message(wamid, sender, type="edit", edit=edited, **more)

    def refused(self, wamid: str, *, sender: str = "15550001234", **more: Any) -> dict[str, Any]:
        """A message whose file Meta could not take."""
        errors = [{"code": 131052, "title": "Media download error"}]
        return self._message(wamid, sender, type="unsupported", errors=errors, **more)

    def status(self, wamid: str, status: str = "delivered", recipient: str = "15550001234") -> dict[str, Any]:
        """A status of a message that the business sent."""
        return {"id": wamid, "status": status, "timestamp": str(self.at), "recipient_id": recipient}

    def rotation(self, previous: str, current: str, *, number: str = NUMBER) -> bytes:
        """A body that says that a business-scoped id has changed."""
        update = {"user_id": {"previous": previous, "current": current}, "timestamp": str(self.at)}
        return self.body(field="user_id_update", user_id_update=[update], number=number)

    def _message(self, wamid: str, sender: str, **rest: Any) -> dict[str, Any]:
        return {"from": sender, "id": wamid, "timestamp": str(self.at), **rest}


@pytest.fixture(scope="session")
def webhooks() -> Webhooks:
    """Makes bodies as Meta writes them."""
    return Webhooks()


# -- alert targets: a real server that takes, refuses, hangs or is gone -------------------------------------------------


class Told(NamedTuple):
    """A request that a receiver got."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Receiver:
    """A receiver of alerts on loopback; it behaves as it is told, and remembers every request in order."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.status, self.said, self.extra = 200, b"ok", dict[str, str]()
        self.hangs = False
        self.told: list[Told] = []  # and answered
        self.asked = 0  # answered or not
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def come(self) -> None:
        """Listen, on the port as before."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()

    async def go(self) -> None:
        """Be gone: nobody listens."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def until(self, count: int, *, asked: bool = False) -> list[Told]:
        """Wait until so many requests were answered (or came, at least)."""
        async with asyncio.timeout(600):  # a target that failed for long is asked again after five minutes at most
            while (self.asked if asked else len(self.told)) < count:
                await asyncio.sleep(0.02)
        return self.told

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        told = Told(request.method, request.raw_path, dict(request.headers), await request.read())
        while self.hangs:
            await asyncio.sleep(0.02)
        self.told.append(told)
        return web.Response(status=self.status, body=self.said, headers=self.extra)


@pytest.fixture
async def receivers() -> AsyncIterator[Callable[[], Awaitable[Receiver]]]:
    """Makes receivers of alerts that listen."""
    async with contextlib.AsyncExitStack() as stack:

        async def make() -> Receiver:
            receiver = Receiver(int(stack.enter_context(reserve()).getsockname()[1]))
            await receiver.come()
            stack.push_async_callback(receiver.go)
            return receiver

        yield make


@pytest.fixture
async def receiver(receivers: Callable[[], Awaitable[Receiver]]) -> Receiver:
    """One of them."""
    return await receivers()


@pytest.fixture
def beside() -> Iterator[Receiver]:
    """One in a thread of its own, for tests whose commands run loops of their own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    with contextlib.closing(reserve()) as reserved:
        made = Receiver(int(reserved.getsockname()[1]))
        asyncio.run_coroutine_threadsafe(made.come(), loop).result(60)
        yield made
        asyncio.run_coroutine_threadsafe(made.go(), loop).result(60)
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.1), loop).result(60)  # connections that are closing are closed
    loop.call_soon_threadsafe(loop.stop)
    thread.join(60)
    loop.close()


# -- buckets: real servers that speak S3, without root, on free ports ---------------------------------------------

S3_KEY_ID, S3_SECRET = "TESTACCESSKEY1234", "TESTSECRETKEY5678"


class S3Server:
    """A server in a process of its own; ``root`` is where it keeps its buckets, if that is a folder."""

    key_id, secret = S3_KEY_ID, S3_SECRET

    def __init__(self, port: int, root: Path | None = None) -> None:
        self.port = port
        self.root = root
        self.url = f"http://127.0.0.1:{port}"

    def bucket(self) -> str:
        """A new bucket."""
        name = f"media-{secrets.token_hex(4)}"
        assert self.ask("PUT", f"/{name}") == 200
        return name

    def ask(self, method: str, path: str, **query: str) -> int:
        """A request about a bucket; the status."""
        keys = Keys(self.key_id, self.secret)
        url = signed_url(
            method, self.url + path, query=query, keys=keys, region="us-east-1", at=time.time(), seconds=60
        )
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)) as connection:
            connection.request(method, url.removeprefix(self.url))
            return connection.getresponse().status


def _serve(command: list[str], port: int) -> subprocess.Popen[bytes]:
    """Start a server; it answers when this returns."""
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 120
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return server
        if server.poll() is not None or time.monotonic() > until:
            _end(server)
            raise RuntimeError(f"{command[0]} did not start (status {server.returncode})")
        time.sleep(0.02)


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(5)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


@contextlib.contextmanager
def _one_for_all(folder: Path, start: Callable[[], tuple[subprocess.Popen[bytes], int]]) -> Iterator[int]:
    """A server that the workers of a parallel run share; its port. Whoever starts it waits for the others to end."""
    with (folder / "starting").open("w") as starting, (folder / "in-use").open("w") as in_use:
        fcntl.flock(starting, fcntl.LOCK_EX)
        note, server = folder / "port", None
        try:
            if not note.exists():
                server, port = start()
                note.write_text(str(port))
            fcntl.flock(in_use, fcntl.LOCK_SH)
        finally:
            fcntl.flock(starting, fcntl.LOCK_UN)
        try:
            yield int(note.read_text())
        finally:
            if server is not None:
                fcntl.flock(starting, fcntl.LOCK_EX)  # whoever comes now starts another one
                fcntl.flock(in_use, fcntl.LOCK_EX)  # once nobody else holds it
                note.unlink()
                _end(server)


def _program(name: str) -> str:
    path = Path(sys.executable).with_name(name)
    if not path.exists():
        pytest.skip(f"there is no {name} in this environment; install it with: make install")
    return str(path)


@pytest.fixture
def port() -> Iterator[int]:
    """A port on which nobody listens; a server of the test's may, and may go and come again."""
    with reserve() as reserved:
        yield int(reserved.getsockname()[1])


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """Moto's S3: in memory, faithful in its answers. It checks no keys. It takes seconds to start, so it is shared."""
    program, base = _program("moto_server"), tmp_path_factory.getbasetemp()

    def start() -> tuple[subprocess.Popen[bytes], int]:
        with reserve() as reserved:
            port = int(reserved.getsockname()[1])
            return _serve([program, "-H", "127.0.0.1", "-p", str(port)], port), port

    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "moto"
    folder.mkdir(exist_ok=True)
    with _one_for_all(folder, start) as port:
        yield S3Server(port)


@pytest.fixture(scope="session")
def rclone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """Rclone's S3: real files and real signatures. It knows no conditions, and answers a range with 200."""
    root, keys = tmp_path_factory.mktemp("rclone"), f"{S3_KEY_ID},{S3_SECRET}"
    with reserve() as reserved:
        port = int(reserved.getsockname()[1])
        command = [_program("rclone"), "serve", "s3", "--auth-key", keys, "--addr", f"127.0.0.1:{port}", str(root)]
        server = _serve([*command, "--config", str(root.with_name("none.conf"))], port)
    yield S3Server(port, root)
    _end(server)


# -- PostgreSQL: a real server of one's own, without root -----------------------------------------------------------


class Postgres:
    """A server, and databases on it."""

    def __init__(self, server: PostgresServer) -> None:
        self.server = server
        self._shared: str | None = None
        self._emptying = ""

    async def new(self) -> str:
        """An empty database of one's own; its address."""
        name = new_name()
        await self.run(f"CREATE DATABASE {name} TEMPLATE template0")
        return self.server.url(name)

    async def emptied(self) -> str:
        """The database that tests share one after the other: with the schema of this release, and no rows."""
        if self._shared is None:
            self._shared = await self.new()
            book = Ledger(PostgresDatabase(self._shared), FernetSealer(["a key of the tests"]))
            await book.start()
            await book.stop()
            self._emptying = await self._how_to_empty(self._shared)
        await self.run(self._emptying, url=self._shared)
        return self._shared

    async def run(self, sql: str, *, url: str | None = None) -> None:
        """Statements outside of the ledger, as an administrator."""
        connection = await asyncpg.connect(url or self.server.url())
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    async def _how_to_empty(self, url: str) -> str:
        """Deleting is much quicker than making the tables anew; ids begin at 1 again."""
        connection = await asyncpg.connect(url)
        try:
            whole = "relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace"
            tables = [row[0] for row in await connection.fetch(f"SELECT relname FROM pg_class WHERE {whole}")]
            sequences = [row[0] for row in await connection.fetch("SELECT sequencename FROM pg_sequences")]
        finally:
            await connection.close()
        kept = {"migrations", "provisioning", "stamps", "probes"}
        return ";".join(
            [
                "SET session_replication_role = replica",  # no foreign key asks for an order
                *(f"DELETE FROM {table}" for table in tables if table not in kept),
                "UPDATE provisioning SET version = 1",
                "UPDATE stamps SET position = 0",
                "INSERT INTO audit_head VALUES (1, 0, decode(repeat('00', 32), 'hex'))",
                "INSERT INTO recipes VALUES ('standard', 1, 'declared', '{}', 'penstock', 'as the settings say', 0)",
                "INSERT INTO recipe_in_use VALUES (1, 'standard/1', 1)",
                *(f"SELECT setval('{sequence}', 1, false)" for sequence in sequences),
            ]
        )


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """PostgreSQL, for this worker of the test run."""
    if programs() is None:
        pytest.skip("there is no PostgreSQL on this machine; install it with: make install")
    server = PostgresServer()
    try:
        server.start()
        yield Postgres(server)
    finally:
        server.remove()


@pytest.fixture
async def postgres_url(postgres: Postgres) -> str:
    """A database with the schema of this release, and no rows."""
    return await postgres.emptied()
