"""The traffic generator: many messages at a steady rate, of mixed kinds, to several numbers, from many customers.

Seeded like everything here; it keeps up with its rate by sending what is due, so a slow moment is made good. Started
through ``Platform.traffic``.
"""

import asyncio
import itertools
from collections.abc import Mapping
from random import Random
from typing import TYPE_CHECKING

from .kinds import KINDS

if TYPE_CHECKING:
    from .platform import Platform, Sent

USUAL_MIX = {"text": 5.0, "image": 3.0, "voice": 2.0, "video": 0.6, "document": 0.8, "sticker": 0.4, "audio": 0.2}


class Traffic:
    """A stream of messages. Raises ValueError when there is nobody to write to, or a kind is not known."""

    def __init__(
        self, platform: "Platform", mix: Mapping[str, float] | None, *, numbers: list[str] | None, customers: int
    ) -> None:
        self._platform = platform
        self._mix = dict(mix or USUAL_MIX)
        self._numbers = numbers or list(platform.world.numbers)
        self._customers = customers
        self._random = Random(f"{platform.seed} traffic")
        unknown = sorted(set(self._mix) - set(KINDS))
        if unknown:
            raise ValueError(f"{unknown[0]!r} is not a kind of message")
        if not sum(self._mix.values()) > 0:
            raise ValueError("the shares of the mix must not all be 0")
        if not self._numbers:
            raise ValueError("there is no number to write to")

    async def run(self, messages: int, rate_per_s: float) -> "list[Sent]":
        """Send so many, at so many a real second; with 0 go on until cancelled, keeping no list."""
        if not rate_per_s > 0:
            raise ValueError("rate_per_s must be above 0")
        loop = asyncio.get_running_loop()
        started_s = loop.time()
        sent: list[Sent] = []
        for number in itertools.count() if messages == 0 else range(messages):
            early_s = started_s + number / rate_per_s - loop.time()
            if early_s > 0:
                await asyncio.sleep(early_s)
            one = await self.one()
            if messages:
                sent.append(one)
            if number % 64 == 63:
                await asyncio.sleep(0)  # also when everything is late, others get their turn
        return sent

    async def one(self) -> "Sent":
        """One message."""
        kind = self._random.choices(tuple(self._mix), weights=tuple(self._mix.values()))[0]
        number = self._random.choice(self._numbers)
        return await self._platform.send(number, kind, customer=self._random.randrange(self._customers))
