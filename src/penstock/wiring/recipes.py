"""What fetches by a recipe: its implementation, found by name, in a Graph client with its parameters.

An implementation is an entry point of the group ``penstock.fetch``: a function without arguments that gives what builds
and sends one request (``adapters.graph.sending``); whatever it builds is checked. Each implementation is rehearsed with
its parameters before it may be used. One whose requests would not leave as they are declared fetches nothing: all that
it is asked for ends as a refused request, and nothing is sent. Nothing is decided here. Used by ``wiring.instance``.
"""

import asyncio
import socket
import time
from collections.abc import Callable, Collection, Mapping
from importlib import metadata
from urllib.parse import urlsplit

import msgspec
import structlog
from aiohttp.abc import AbstractResolver

from penstock.adapters.graph.http import HttpGraph
from penstock.adapters.graph.limits import Limits
from penstock.adapters.graph.sending import Send, refusing, send_declared
from penstock.contract.checking import ContractViolation
from penstock.core import budget
from penstock.core.errors import PenstockError, Unreachable
from penstock.core.recipe import BUILT_IN, STANDARD, Parameters, Recipe
from penstock.flow.sockets import Chosen
from penstock.settings import Settings

_log = structlog.get_logger()

GROUP = "penstock.fetch"
Implementation = Callable[[], Send]

_Key = tuple[str, Parameters]


def graph_for(
    settings: Settings,
    parameters: Parameters = STANDARD.parameters,
    *,
    send: Send = send_declared,
    clock: Callable[[], float] = time.time,
    resolver: AbstractResolver | None = None,
) -> HttpGraph:
    """Meta's Graph as a recipe and these settings name it. Not started. Raises WrongUse when they do not fit.

    Without a ``resolver`` names stand for what the machine says.
    """
    usual = Limits()
    head_s = usual.head_s if parameters.head_s is None else parameters.head_s
    limits = msgspec.structs.replace(
        usual,
        head_s=head_s,
        probe_head_s=min(usual.probe_head_s, head_s),
        file_s=usual.file_s if parameters.file_s is None else parameters.file_s,
    )
    return HttpGraph(
        graph_url=parameters.graph_url or settings.graph_url,
        version=parameters.graph_version or settings.graph_version,
        media_hosts=settings.media_hosts,
        allow_insecure=settings.allow_insecure_upstream,
        concurrency=settings.fetch_concurrency,
        limits=limits,
        user_agent=parameters.user_agent,
        send=send,
        clock=clock,
        resolver=resolver,
    )


def limit_for(settings: Settings, parameters: Parameters = STANDARD.parameters) -> budget.Limit | None:
    """The error budget of each number, as a recipe and these settings mean it; None = none."""
    return budget.limit(
        settings.lookup_error_budget if parameters.error_budget is None else parameters.error_budget,
        host=urlsplit(parameters.graph_url or settings.graph_url).hostname or "",
        insecure=settings.allow_insecure_upstream,
    )


class Engines:
    """The Graph clients of this process, one for each implementation with its parameters.

    ``standard`` is that of the settings: it is started, rehearsed and stopped by others. ``implementations`` are there
    without being installed, for demonstrations and tests.
    """

    def __init__(
        self,
        settings: Settings,
        standard: HttpGraph,
        *,
        implementations: Mapping[str, Implementation] | None = None,
        send: Send = send_declared,
        clock: Callable[[], float] = time.time,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._resolver = resolver
        self._known: dict[str, Implementation] = {**(implementations or {}), BUILT_IN: lambda: send}
        self.standard = Chosen(STANDARD.label, standard, limit=limit_for(settings))
        self._ready: dict[_Key, Chosen] = {_key(STANDARD): self.standard}
        self._clients: dict[_Key, HttpGraph] = {}  # those that were made here
        self._absent: set[_Key] = set()  # what cannot be used by this process, whatever is done meanwhile
        self._making = asyncio.Lock()

    async def start(self) -> None:
        """Nothing is made before it is needed."""

    async def stop(self) -> None:
        """Close everything that was made here."""
        for key in list(self._clients):
            await self._close(key)

    async def ready(self, recipe: Recipe) -> Chosen | None:
        """A recipe, ready to fetch; None when it cannot be used here, which is said once."""
        key = _key(recipe)
        async with self._making:
            if key in self._absent or (key not in self._ready and not await self._make(key, recipe)):
                return None
        return msgspec.structs.replace(self._ready[key], label=recipe.label)

    async def unrehearsed(self, recipe: Recipe) -> HttpGraph:
        """A client of its own for a recipe, to try it out: neither rehearsed nor started. Raises PenstockError."""
        try:
            send = (await asyncio.to_thread(self._found, recipe.implementation))()
        except PenstockError:
            raise
        except Exception as error:  # whatever foreign code raises when it is loaded
            raise PenstockError(
                f"its implementation {recipe.implementation!r} fails to load: {_named(error)}"
            ) from error
        return graph_for(self._settings, recipe.parameters, send=send, clock=self._clock)

    async def keep_only(self, recipes: Collection[Recipe]) -> None:
        """Close what no other recipe needs, once nothing is under way in it."""
        if not self._clients:
            return
        needed = set(map(_key, recipes))
        for key in [key for key, client in self._clients.items() if key not in needed and not client.busy]:
            await self._close(key)

    async def _make(self, key: _Key, recipe: Recipe) -> bool:
        """Make what is needed for a recipe; whether there is something now."""
        try:
            send = (await asyncio.to_thread(self._found, recipe.implementation))()
            client = graph_for(self._settings, recipe.parameters, send=send, clock=self._clock, resolver=self._resolver)
            client = await self._rehearsed(client, recipe)
            await client.start()
        except Unreachable as error:  # it may be there at the next look
            _log.debug("recipe.not_rehearsed", recipe=recipe.label, reason=str(error))
            return False
        except PenstockError as error:
            self._leave(key, recipe, str(error))
            return False
        except Exception as error:  # noqa: BLE001 -- whatever foreign code raises when it is loaded
            self._leave(key, recipe, f"its implementation {recipe.implementation!r} fails to load: {_named(error)}")
            return False
        given = recipe.parameters
        few = given.concurrency is not None and given.concurrency < self._settings.fetch_concurrency
        self._clients[key] = client
        self._ready[key] = Chosen(
            recipe.label,
            client,
            use_url_hint=given.use_url_hint,
            limit=limit_for(self._settings, given),
            host=urlsplit(given.graph_url).hostname if given.graph_url else None,
            places=asyncio.Semaphore(given.concurrency) if few and given.concurrency else None,
        )
        return True

    def _found(self, name: str) -> Implementation:
        """An implementation by its name. Raises PenstockError, or what loading it raises."""
        if name not in self._known:
            points = tuple(metadata.entry_points(group=GROUP, name=name))
            if not points:
                machine = socket.gethostname() or "this machine"
                raise PenstockError(
                    f"its implementation {name!r} is not installed on {machine}: install it on every machine that "
                    "fetches or watches, and restart Penstock there"
                )
            loaded: Implementation = points[0].load()
            self._known[name] = loaded
        return self._known[name]

    async def _rehearsed(self, client: HttpGraph, recipe: Recipe) -> HttpGraph:
        """The client, or one that refuses everything when its requests would not leave as they are declared."""
        try:
            await client.rehearse()
        except ContractViolation as violation:
            reason = str(violation)
            _log.error("recipe.refused", recipe=recipe.label, implementation=recipe.implementation, reason=reason)
            return graph_for(self._settings, recipe.parameters, send=refusing(reason), clock=self._clock)
        return client

    def _leave(self, key: _Key, recipe: Recipe, reason: str) -> None:
        """A recipe cannot be used by this process."""
        self._absent.add(key)
        doing = "files are fetched here by the recipe before it, until it is mended and Penstock restarted"
        _log.warning("recipe.not_usable", recipe=recipe.label, reason=reason, doing=doing)

    async def _close(self, key: _Key) -> None:
        del self._ready[key]
        await self._clients.pop(key).stop()


def _key(recipe: Recipe) -> _Key:
    return recipe.implementation, recipe.parameters


def _named(error: Exception) -> str:
    text = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
