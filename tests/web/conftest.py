"""A whole web room on a real socket: real ledger, real files, real HTTP; and hands to put things into it."""

import asyncio
import hashlib
import hmac
import io
import itertools
import json
import shutil
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState
from yarl import URL

from penstock.adapters.blobs.disk import DiskBlobs
from penstock.adapters.blobs.port import Store
from penstock.adapters.blobs.s3 import Bucket, Patience, S3Blobs
from penstock.adapters.blobs.s3_signing import Keys
from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.adapters.seal.fernet import FernetSealer
from penstock.core import blobkey, sniff
from penstock.core.work import Attached, Attempt, Claim, Ending, Outcome, PutBack, RetryLater
from penstock.flow.nudge import Nudge
from penstock.flow.receiver import Receiver
from penstock.flow.registry import Registry
from penstock.ledger.book import Ledger
from penstock.web.app import Parts, build
from penstock.web.server import listen

SECRET = b"app-secret"
NUMBER = "100000000000002"
CUSTOMER = "15550001234"
HOSTS = {"media.look_up": ("graph.facebook.com",), "media.download": (".fbcdn.net",)}


class Got:
    """An answer, read to its end."""

    def __init__(self, response: aiohttp.ClientResponse, body: bytes) -> None:
        self.status = response.status
        self.headers = response.headers
        self.cookies = response.cookies
        self.body = body

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Site:
    """The web room, served."""

    number = NUMBER
    customer = CUSTOMER
    delete_bucket: Callable[[], int]

    def __init__(
        self, ledger: Ledger, folder: Path, *, body_within_s: float = 20.0, blobs: Store | None = None
    ) -> None:
        self.ledger = ledger
        self.nudge = Nudge()
        self.registry = Registry(ledger)
        self.blobs = blobs or DiskBlobs(folder / "blobs")
        self._listening = listen("127.0.0.1", 0)
        self.base = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.app = build(
            Parts(
                ledger=ledger,
                registry=self.registry,
                receiver=Receiver(ledger, self.registry, changed=self.nudge.changed),
                blobs=self.blobs,
                nudge=self.nudge,
                public_base=self.base,
                session_key=b"the session key of the tests",
                version="1.2.3",
                body_within_s=body_within_s,
            )
        )
        self._config = uvicorn.Config(
            self.app,
            http="httptools",
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            timeout_keep_alive=75,
        )
        self._server: asyncio.Server | None = None
        self._state = ServerState()
        self._count = itertools.count(1)
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False)

    async def start(self) -> None:
        await self.registry.start()
        self._config.load()
        # uvicorn's own protocol without its main loop, which wakes ten times a second and makes every test wait.
        self._server = await asyncio.get_running_loop().create_server(
            lambda: HttpToolsProtocol(config=self._config, server_state=self._state, app_state={}), sock=self._listening
        )

    async def stop(self) -> None:
        await self._session.close()
        self.nudge.stop()
        assert self._server is not None
        self._server.close()
        for connection in list(self._state.connections):
            connection.shutdown()
        if self._state.tasks:
            await asyncio.wait(self._state.tasks, timeout=300)
        await self.blobs.stop()
        await self.registry.stop()

    # -- asking -----------------------------------------------------------------------------

    async def ask(self, method: str, path: str, *, token: str | None = None, cookie: str = "", **rest: Any) -> Got:
        headers = dict(rest.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if cookie:
            headers["Cookie"] = cookie
        rest.setdefault("allow_redirects", False)
        url = URL(path if path.startswith("http") else self.base + path, encoded=True)
        async with self._session.request(method, url, headers=headers, **rest) as response:
            return Got(response, await response.read())

    async def get(self, path: str, **rest: Any) -> Got:
        return await self.ask("GET", path, **rest)

    async def post(self, path: str, **rest: Any) -> Got:
        return await self.ask("POST", path, **rest)

    async def token(self, role: str = "viewer", *, workspace: str | None = None, name: str | None = None) -> str:
        """A new API token."""
        name = name or f"{role}-{next(self._count)}"
        return await self.ledger.tokens.create(name, role=role, workspace=workspace, now=time.time())

    async def signed_in(self, role: str = "agent", *, workspace: str | None = None) -> str:
        """The Cookie header of a browser that signed in."""
        token = await self.token(role, workspace=workspace)
        got = await self.post("/login", data={"token": token, "next": "/inbox"})
        assert got.status == 303, got.text
        morsel = next(iter(got.cookies.values()))
        return f"{morsel.key}={morsel.value}"

    # -- what arrives -----------------------------------------------------------------------

    def wamid(self) -> str:
        """A new message id, as long as Meta's."""
        return f"wamid.HBgLMTU1NTAwMDEyMzQVAgASGBQz{next(self._count):06d}"

    def message(self, kind: str = "text", content: Any = None, **rest: Any) -> dict[str, Any]:
        """A message as Meta writes it."""
        message = {"from": CUSTOMER, "id": self.wamid(), "timestamp": str(int(time.time())), "type": kind}
        if content is not None:
            message[kind] = content
        return message | rest

    def file(self, kind: str, media_id: str, **rest: Any) -> dict[str, Any]:
        """A message with a file."""
        mime = {"image": "image/jpeg", "audio": "audio/ogg; codecs=opus", "video": "video/mp4", "sticker": "image/webp"}
        content = {"id": media_id, "mime_type": mime.get(kind, "application/pdf"), "sha256": ""} | rest
        return self.message(kind, content)

    async def receive(
        self, *messages: dict[str, Any], field: str = "messages", number: str = NUMBER, **value: Any
    ) -> Got:
        """Let Meta send messages; they must be taken."""
        value.setdefault("contacts", [{"profile": {"name": "Ada Example"}, "wa_id": CUSTOMER}])
        if messages:
            value["message_echoes" if field == "smb_message_echoes" else "messages"] = list(messages)
        value["metadata"] = {"display_phone_number": "15550009876", "phone_number_id": number}
        change = {"field": field, "value": {"messaging_product": "whatsapp"} | value}
        body = json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}).encode()
        got = await self.deliver(body)
        assert got.status == 200, got.text
        return got

    async def deliver(self, body: bytes, *, signature: str | None = "", path: str = "", **rest: Any) -> Got:
        """Post a body to the door; signed unless told otherwise."""
        headers = dict(rest.pop("headers", {})) | {"Content-Type": "application/json"}
        if signature is not None:
            headers["X-Hub-Signature-256"] = signature or f"sha256={hmac.digest(SECRET, body, 'sha256').hex()}"
        return await self.post(f"/webhooks/whatsapp{path}", data=io.BytesIO(body), headers=headers, **rest)

    # -- what becomes of files --------------------------------------------------------------

    async def attach(self, media_id: str, data: bytes) -> int:
        """The fetcher fetched a file; its row."""
        claim = await self._claim(media_id)
        async with self.blobs.upload(blobkey.key(claim.id)) as upload:
            await upload.write(data)
            await upload.commit()
        found = sniff.content_type(data[:4096], claim.declared_mime_type)
        await self._settle(claim, Attached(len(data), hashlib.sha256(data).digest(), found))
        return claim.id

    async def end(self, media_id: str, ending: Ending) -> int:
        """The fetcher came to another end with a file; its row."""
        claim = await self._claim(media_id)
        await self._settle(claim, ending)
        return claim.id

    async def fail_once(self, media_id: str, *, again_in_s: float = 60.0) -> int:
        """A first attempt failed."""
        ending = RetryLater(
            time.time() + again_in_s, Outcome.UPSTREAM, "WhatsApp has a fault of its own at the moment."
        )
        return await self.end(media_id, ending)

    async def _claim(self, media_id: str) -> Claim:
        now = time.time() + 3_600
        claims = await self.ledger.queue.claim(owner="tests", limit=500, now=now, lease_s=60)
        for claim in claims:
            if claim.media_id != media_id:
                await self.ledger.queue.settle(claim, PutBack(time.time()), (), now=time.time())
        return next(claim for claim in claims if claim.media_id == media_id)

    async def _settle(self, claim: Claim, ending: Ending) -> None:
        delivered = isinstance(ending, Attached)
        attempt = Attempt(
            at=time.time(),
            operation="media.download",
            declared_method="GET",
            wire_method="GET",
            host="lookaside.fbsbx.com",
            peer_address="157.240.1.1",
            status=200 if delivered else 503,
            graph_code=None,
            graph_subcode=None,
            trace_id=None,
            outcome=Outcome.DELIVERED if delivered else Outcome.UPSTREAM,
            duration_s=0.2,
            recipe="standard/1",
        )
        assert await self.ledger.queue.settle(claim, ending, [attempt], now=time.time())
        self.nudge.changed()


@pytest.fixture
async def provisioned(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ledger]:
    """As everywhere, but copied from a database that was made once: dozens of fsyncs for each test would add up."""
    made = tmp_path_factory.getbasetemp() / "web-provisioned.db"
    if not made.exists():
        await _provision(draft := made.with_suffix(".draft"))
        draft.rename(made)
    ledger = Ledger(SqliteDatabase(tmp_path / "penstock.db"), FernetSealer(["a key of the tests"]), hosts=HOSTS)
    shutil.copyfile(made, tmp_path / "penstock.db")
    await ledger.start()
    yield ledger
    await ledger.stop()


async def _provision(path: Path) -> None:
    ledger = Ledger(SqliteDatabase(path), FernetSealer(["a key of the tests"]))
    await ledger.start()
    provisioning, now = ledger.provisioning, time.time()
    await provisioning.add_workspace("acme", now=now)
    await provisioning.add_app("main", secret=SECRET.decode(), verify_token="verify-me", now=now)
    await provisioning.add_credential("token-a", token="EAAGtokenA", now=now)
    await provisioning.add_number(NUMBER, workspace="acme", app="main", credential="token-a", now=now)
    await ledger.stop()


@pytest.fixture
async def site(provisioned: Ledger, tmp_path: Path) -> AsyncIterator[Site]:
    """The web room with one workspace, one app and one number."""
    site = Site(provisioned, tmp_path)
    await site.start()
    yield site
    await site.stop()


@pytest.fixture
async def bucket_site(provisioned: Ledger, tmp_path: Path, moto: Any) -> AsyncIterator[Site]:
    """The same, with its files in a bucket."""
    name = moto.bucket()
    bucket = Bucket(name=name, address=f"{moto.url}/{name}", keys=Keys(moto.key_id, moto.secret))
    site = Site(provisioned, tmp_path, blobs=S3Blobs(bucket, patience=Patience(retries=0)))
    site.delete_bucket = lambda: moto.ask("DELETE", f"/{name}")
    await site.start()
    yield site
    await site.stop()


@pytest.fixture
async def other(site: Site) -> str:
    """A second tenant's number, in a workspace of its own under the same app."""
    now = time.time()
    await site.ledger.provisioning.add_workspace("other", now=now)
    await site.ledger.provisioning.add_number("200000000000002", workspace="other", app="main", token="t", now=now)
    await site.registry.refresh()
    return "200000000000002"


@pytest.fixture
async def impatient(provisioned: Ledger, tmp_path: Path) -> AsyncIterator[Site]:
    """A web room that waits for a body for a tenth of a second only."""
    site = Site(provisioned, tmp_path / "impatient", body_within_s=0.1)
    await site.start()
    yield site
    await site.stop()
