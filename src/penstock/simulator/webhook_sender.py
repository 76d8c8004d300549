"""The webhook sender: takes updates, batches, reorders, doubles and signs them, and sees to it that each arrives.

Everything random here follows the seed. It has one courier for each callback. Owned by the Platform.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from random import Random

from .courier import Courier
from .draft import Update, webhook_url
from .envelope import Body, in_other_bytes, pack, with_fresh_urls
from .mangling import Mangler
from .record import Record
from .scenario import Webhooks
from .world import World

_UPDATES_IN_A_BODY = 1000
_HELD_AT_MOST_S = 0.05  # real time after which a batch leaves unfilled, and a body is held back no longer


class WebhookSender:
    """All webhooks of the platform. ``outstanding`` bodies are neither delivered nor given up."""

    def __init__(self, world: World, record: Record, rules: Webhooks) -> None:
        self.rules = rules
        self.outstanding = 0
        self.bodies = 0
        self._world = world
        self._record = record
        self._random = Random(f"{world.seed} webhooks")
        self._couriers: dict[str, Courier] = {}
        self._manglers: dict[tuple[str, bytes], Mangler] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._gathered: list[Update] | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    def courier(self, callback: str) -> Courier:
        """Who delivers to this callback."""
        courier = self._couriers.get(callback)
        if courier is None:
            courier = self._couriers[callback] = Courier(callback, self, self._world.clock, self._record)
        return courier

    def submit(self, update: Update) -> None:
        """Send this update, alone or with others, now or a moment later."""
        if self._gathered is not None:
            self._gathered.append(update)
            return
        self._idle.clear()
        mangler = self._mangler(update)
        for group in mangler.take(update, self.rules):
            self._send(pack(group))
        if mangler.holds and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_HELD_AT_MOST_S, self.flush)

    @contextmanager
    def together(self) -> Iterator[None]:
        """All updates that are submitted inside leave in one body for each app, in their order."""
        gathered, outer = self._gathered or [], self._gathered
        self._gathered = gathered
        try:
            yield
        finally:
            self._gathered = outer
        if outer is None:
            self.submit_together(gathered)

    def submit_together(self, updates: Sequence[Update]) -> None:
        """Send these updates in one body for each app that they belong to, or in several when there are too many."""
        apps: dict[tuple[str, bytes], list[Update]] = {}
        for update in updates:
            apps.setdefault((update.number.callback, update.number.app_secret), []).append(update)
        for group in apps.values():
            for start in range(0, len(group), _UPDATES_IN_A_BODY):
                self._send(pack(group[start : start + _UPDATES_IN_A_BODY]))

    def flush(self) -> None:
        """Let everything go that is held for a batch or for a change of order."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for mangler in self._manglers.values():
            for group in mangler.flush():
                self._send(pack(group))
        self._rest()

    async def drain(self, timeout_s: float, *, hurry: bool = False) -> None:
        """Wait until every body was answered 200 or given up. ``hurry`` does not wait for redeliveries to come due.

        Raises TimeoutError.
        """
        self.flush()
        loop = asyncio.get_running_loop()
        end_s = loop.time() + timeout_s
        while not self._idle.is_set():
            if hurry:
                for courier in self._couriers.values():
                    courier.hurry()
            left_s = end_s - loop.time()
            if left_s <= 0:
                raise TimeoutError(
                    f"{self.outstanding} webhook bodies are still not answered 200 after {timeout_s:g} s"
                )
            try:
                async with asyncio.timeout(min(left_s, 0.2) if hurry else left_s):
                    await self._idle.wait()
            except TimeoutError:
                continue

    def settled(self) -> None:
        """A courier is done with a body."""
        self.outstanding -= 1
        self._rest()

    def renewed(self, data: bytes) -> bytes:
        """A body as it is sent again: the same bytes, or with fresh urls."""
        return with_fresh_urls(data, self._url_now) if self.rules.fresh_url and self.rules.url else data

    async def close(self) -> None:
        """Stop delivering."""
        if self._timer is not None:
            self._timer.cancel()
        for courier in self._couriers.values():
            await courier.close()

    def _mangler(self, update: Update) -> Mangler:
        app = (update.number.callback, update.number.app_secret)
        mangler = self._manglers.get(app)
        if mangler is None:
            mangler = self._manglers[app] = Mangler(Random(self._random.random()))
        return mangler

    def _send(self, body: Body) -> None:
        copies = [body]
        if self.rules.duplicate_rate and self._random.random() < self.rules.duplicate_rate:
            copies.append(body)
        if self.rules.repeat_id_rate and self._random.random() < self.rules.repeat_id_rate:
            copies.append(replace(body, data=in_other_bytes(body.data)))
        self._idle.clear()
        courier = self.courier(body.callback)
        for copy in copies:
            self.outstanding += 1
            self.bodies += 1
            courier.take(copy, self.bodies)

    def _rest(self) -> None:
        if not self.outstanding and not any(mangler.holds for mangler in self._manglers.values()):
            self._idle.set()

    def _url_now(self, media_id: str) -> str | None:
        media = self._world.shelf.get(media_id)
        return webhook_url(media, self._world, self.rules, self._world.clock.now()) if media else None
