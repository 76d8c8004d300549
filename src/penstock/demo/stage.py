"""The stage of the demo: a simulated Meta, a Penstock that believes in it, one business number, a folder for both.

It plays nothing by itself. Made by the acts' caller (``demo.play``).
"""

import contextlib
import secrets
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import ClientResponse, ClientSession

from penstock.adapters.graph.checked import Call
from penstock.adapters.graph.sending import Send, send_declared
from penstock.core.errors import Unreachable
from penstock.demo import names
from penstock.settings import Bind, FolderUrl, PostgresUrl, Settings, SqliteUrl
from penstock.simulator import Platform, Scenario
from penstock.web.server import Server, listen
from penstock.wiring.instance import Instance

NUMBER = "100000000000002"
WORKSPACE = "demo"
LAB = "lab"  # the workspace for tests
TENANTS = 24  # workspaces beside the demo's own: enough for an alarm that needs no probes to confirm it
REPAIRED = "repaired"  # an implementation that sends what is declared, whatever else is in use
_APP = "demo"
_CREDENTIAL = "demo"
_HOST = "127.0.0.1"


class Fetching:
    """The fetch implementation that is in use; it may be exchanged while everything runs."""

    def __init__(self) -> None:
        self._in_use: Send = send_declared

    def use(self, send: Send) -> Send:
        """Put another one in use from the next request on; the one that was."""
        before, self._in_use = self._in_use, send
        return before

    async def __call__(self, session: ClientSession, call: Call) -> ClientResponse:
        """Build and send one request."""
        return await self._in_use(session, call)


class Stage:
    """Everything running, from entering the context to leaving it.

    ``port`` 0 takes any free one; without a ``database`` a SQLite file in the folder is it. With several ``doors`` the
    simulated fleet has as many addresses behind its names.
    """

    def __init__(
        self,
        folder: Path,
        scenario: Scenario,
        *,
        port: int = 0,
        seed: int = 0,
        speed: float = 1.0,
        database: PostgresUrl | None = None,
        doors: int = 1,
    ) -> None:
        self.folder = folder
        self._database = database or SqliteUrl(folder / "penstock.db")
        self._port = port
        graph_host, media_host = (names.GRAPH, names.FILES) if doors > 1 else (None, None)
        self._platform = Platform(scenario, seed=seed, doors=doors, graph_host=graph_host, media_host=media_host)
        self._doors = doors
        self._stack = contextlib.AsyncExitStack()
        self.speed = speed
        self.fetching = Fetching()
        self.base = ""
        self.api_token = ""
        self.app_secret = secrets.token_hex(16)
        self._secret_key = secrets.token_urlsafe(32)

    @property
    def platform(self) -> Platform:
        """The simulated Meta."""
        return self._platform

    async def __aenter__(self) -> Self:
        """Start both, introduce them to each other."""
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(self._platform)
            listening = stack.enter_context(contextlib.closing(listen(_HOST, self._port)))
            port = listening.getsockname()[1]
            self.base = f"http://{_HOST}:{port}"
            resolver = names.FleetNames(self._platform.addresses) if self._doors > 1 else None
            self.instance = Instance(
                self._settings(port),
                send=self.fetching,
                resolver=resolver,
                implementations={REPAIRED: lambda: send_declared},
            )
            await self.instance.start()
            stack.push_async_callback(self.instance.stop)
            await self._introduce()
            server = Server(self.instance.app, ending=self.instance.nudge.stop)
            await server.start(listening)
            stack.push_async_callback(server.stop)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop both."""
        await self._stack.aclose()

    async def sign_in_link(self) -> str:
        """An address that opens the inbox, once, without typing a token."""
        access = await self.instance.ledger.tokens.access(self.api_token)
        assert access is not None
        return self.instance.app.sign_in_link(access.token_id)

    def _settings(self, port: int) -> Settings:
        return Settings(
            database_url=self._database,
            blobs_url=FolderUrl(self.folder / "blobs"),
            secret_key=(self._secret_key,),
            bind=Bind(_HOST, port),
            graph_url=self._platform.graph_url,
            media_hosts=tuple(self._platform.media_hosts),
            allow_insecure_upstream=True,
        )

    async def _introduce(self) -> None:
        """One workspace, one app, one token, one number, known on both sides."""
        ledger = self.instance.ledger
        now = await ledger.now()
        token = "EAAG" + secrets.token_hex(24)
        await ledger.provisioning.add_workspace(WORKSPACE, now=now)
        await ledger.provisioning.add_app(_APP, secret=self.app_secret, verify_token=secrets.token_hex(8), now=now)
        await ledger.provisioning.add_credential(_CREDENTIAL, token=token, now=now)
        self._platform.add_token(_CREDENTIAL, token)
        await self.add_number(NUMBER, workspace=WORKSPACE)
        self.api_token = await ledger.tokens.create("demo", role="admin", workspace=None, now=now)
        await self.instance.registry.refresh()

    async def add_number(self, number: str, *, workspace: str) -> None:
        """One more business number of a workspace that is there, on both sides. Penstock's registry is not told."""
        ledger = self.instance.ledger
        await ledger.provisioning.add_number(
            number, workspace=workspace, app=_APP, credential=_CREDENTIAL, now=await ledger.now()
        )
        self._platform.add_number(
            number,
            app_secret=self.app_secret.encode(),
            callback=f"{self.base}/webhooks/whatsapp/{_APP}",
            token=_CREDENTIAL,
        )


async def tenants(stage: Stage) -> list[str]:
    """A number for each of many workspaces, all of one app and one token; one of the workspaces is for tests."""
    keep, now = stage.instance.ledger.provisioning, await stage.instance.ledger.now()
    names = [LAB, *(f"tenant-{nth:02}" for nth in range(1, TENANTS))]
    numbers = [f"1000000000001{nth:02}" for nth in range(TENANTS)]
    known = {row["name"] for row in await keep.workspaces()}
    for name, number in zip(names, numbers, strict=True):
        if name not in known:
            await keep.add_workspace(name, test=name == LAB, now=now)
            await stage.add_number(number, workspace=name)
    await stage.instance.registry.refresh()
    return numbers


def free_or(port: int) -> int:
    """This port when it is free, otherwise 0, which takes any free one."""
    try:
        listen(_HOST, port).close()
    except Unreachable:
        return 0
    return port
