"""The dead man's heartbeat: somebody outside is told every minute that the watch makes its rounds.

It is one of the controls of ``controls.rounds``, so it knows of rounds by being shown them; a round that is not made,
because the database does not answer or nobody leads, is a beat that is not given. What it is told of attempts it
ignores. The same one serves every lead. Started by ``wiring``.
"""

import asyncio
import contextlib
from collections.abc import Sequence

import structlog

from penstock.adapters.notify.port import Beats
from penstock.core.seen import Seen

_log = structlog.get_logger()

EVERY_S = 60.0
_FRESH_S = 20.0  # a round that is older says nothing
_AGAIN_S = 1.0  # how soon it looks again whether there was a round


class Heartbeat:
    """Gives the beats."""

    def __init__(self, beats: Beats, *, every_s: float = EVERY_S, fresh_s: float = _FRESH_S) -> None:
        self._beats = beats
        self._every_s = every_s
        self._fresh_s = fresh_s
        self._looked_at = float("-inf")
        self._silent = False
        self._task: asyncio.Task[None] | None = None

    async def look(self, seen: Sequence[Seen], now: float) -> None:
        """A round was made."""
        del seen, now
        self._looked_at = asyncio.get_running_loop().time()

    async def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._keep(), name="heartbeat")

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        beaten_at = float("-inf")
        while True:
            await asyncio.sleep(min(_AGAIN_S, self._every_s))
            now = loop.time()
            if now - beaten_at >= self._every_s and now - self._looked_at <= self._fresh_s:
                beaten_at = now
                await self._beat()

    async def _beat(self) -> None:
        """Give one, and say once when nobody takes it and once when somebody does again."""
        try:
            reply = await self._beats.beat()
        except Exception as error:  # noqa: BLE001 -- a mistake of ours; its text may name the address
            _log.error("heartbeat.failed", error=type(error).__name__)
            return
        if reply.taken == self._silent:
            self._silent = not reply.taken
            if reply.taken:
                _log.info("heartbeat.taken")
            else:
                _log.warning("heartbeat.not_taken", reason=reply.said)
