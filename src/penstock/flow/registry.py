"""Who is served, at hand: the provisioning as a snapshot in memory, looked up for every webhook and every fetch.

It is read again once a second when its version has risen, and at once when something unknown turns up, so that a
command in another process takes effect by itself. It holds secrets open; nothing of it is ever logged. Used by the
receiver, the fetcher and the web room.
"""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping

import structlog

from penstock.core import outage
from penstock.core.errors import PenstockError
from penstock.ledger.book import Ledger
from penstock.ledger.rows import App, Route, Snapshot

_log = structlog.get_logger()

_EVERY_S = 1.0
_AT_ONCE_S = 0.25  # unknown numbers and signatures may come by the thousand; they do not make us read each time


class Registry:
    """The apps, routes and tokens of this moment. ``start`` it before use, ``stop`` it after."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._task: asyncio.Task[None] | None = None
        self._reading = asyncio.Lock()
        self._looked_at = float("-inf")
        self._take(Snapshot(-1, (), (), {}))

    async def start(self) -> None:
        """Read the provisioning, and go on reading it. Raises WrongUse when the secret key does not fit."""
        self._take(await self._ledger.provisioning.snapshot())
        self._task = asyncio.create_task(self._keep(), name="registry")

    async def stop(self) -> None:
        """Stop reading."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def refresh(self) -> None:
        """Read the provisioning now if it has changed."""
        async with self._reading:  # a slow reader must not bring an older snapshot back
            if await self._ledger.provisioning.version() != self._version:
                self._take(await self._ledger.provisioning.snapshot())

    async def refresh_soon(self) -> None:
        """Something unknown turned up: look whether it is known by now, a few times a second at most."""
        now = asyncio.get_running_loop().time()
        if now - self._looked_at >= _AT_ONCE_S:
            self._looked_at = now
            await self.refresh()

    @property
    def version(self) -> int:
        """The provisioning's version that all of this is of."""
        return self._version

    def apps(self) -> tuple[App, ...]:
        """Every Meta app."""
        return self._apps

    def app(self, name: str) -> App | None:
        """The app of this name."""
        return self._apps_by_name.get(name)

    def route(self, phone_number_id: str) -> Route | None:
        """Where updates of this number belong; None when nobody registered it."""
        return self._routes.get(phone_number_id)

    def routes(self) -> Mapping[str, Route]:
        """Every registered number, by phone_number_id."""
        return self._routes

    def workspaces(self) -> int:
        """How many workspaces have a number."""
        return self._workspaces

    def token(self, credential_id: int) -> str | None:
        """Meta's token of a credential; None when it was removed."""
        return self._tokens.get(credential_id)

    def token_of(self, phone_number_id: str) -> str | None:
        """Meta's token by which a number's files are fetched; None when there is none."""
        route = self._routes.get(phone_number_id)
        return None if route is None else self._tokens.get(route.credential_id)

    def secrets(self) -> Iterator[str]:
        """Every secret that is at hand, so that they can be looked for where they must not be."""
        yield from self._tokens.values()
        for app in self._apps:
            yield from (secret.decode("latin-1") for secret in app.secrets)
            yield app.verify_token

    def _take(self, snapshot: Snapshot) -> None:
        self._version = snapshot.version
        self._apps = snapshot.apps
        self._apps_by_name = {app.name: app for app in snapshot.apps}
        self._routes = {route.phone_number_id: route for route in snapshot.routes}
        self._workspaces = len({route.workspace_id for route in snapshot.routes})
        self._tokens = snapshot.tokens

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_S)
            try:
                await self.refresh()
            except PenstockError as error:  # the last snapshot goes on serving
                _log.log(outage.level(error), "registry.stale", reason=str(error))
