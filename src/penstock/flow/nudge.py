"""A nudge: "something changed, look again". It says neither what nor how often; whoever hears it reads the ledger.

Within one process only; whoever must see what other processes did looks again by itself after a while. Told by the
receiver and the fetcher; heard by open pages and by readers that wait at the end of the feed.
"""

import asyncio
import contextlib
from collections.abc import Iterator


class Subscription:
    """One listener. Changes that come while it is busy are one nudge."""

    def __init__(self, *, ended: bool) -> None:
        self._event = asyncio.Event()
        self.ended = ended

    async def wait(self, timeout_s: float) -> bool:
        """True when something changed since the last call, False after ``timeout_s`` or at the end (see ``ended``)."""
        if not self.ended:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._event.wait(), timeout_s)
        nudged = self._event.is_set() and not self.ended
        self._event.clear()
        return nudged

    def tell(self, *, end: bool = False) -> None:
        """Wake the listener."""
        self.ended = self.ended or end
        self._event.set()


class Nudge:
    """Tells every listener that something changed."""

    def __init__(self) -> None:
        self._listeners: set[Subscription] = set()
        self._ended = False

    def changed(self) -> None:
        """Tell all listeners; waits for none."""
        for listener in self._listeners:
            listener.tell()

    @contextlib.contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        """Listen for as long as the context lasts."""
        subscription = Subscription(ended=self._ended)
        self._listeners.add(subscription)
        try:
            yield subscription
        finally:
            self._listeners.discard(subscription)

    def stop(self) -> None:
        """End every wait: the process is stopping."""
        self._ended = True
        for listener in self._listeners:
            listener.tell(end=True)
