"""What is needed of Meta: ask where a file is, and fetch it; and, for the probe, upload a tiny one.

Every call tells what happened as an ``Exchange`` and raises nothing but ``asyncio.CancelledError``: a fetch that went
wrong is a result here, not an exception. No call takes an HTTP method. Implemented by ``http``; called by the fetcher
and by the watch's probes.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from penstock.core.exchange import Exchange, Found, Received
from penstock.core.form import SmallFile
from penstock.core.wire import Wire

Write = Callable[[bytes], Awaitable[None]]


class Graph(Protocol):
    """The two operations that a file needs, and the question whether a URL may be used at all."""

    async def start(self) -> None:
        """Make the connection pool."""

    async def stop(self) -> None:
        """Close every connection."""

    async def look_up(
        self, media_id: str, *, token: str, probe: bool = False, wire: Wire | None = None
    ) -> tuple[Exchange, Found | None]:
        """Ask Graph where the bytes of a media id are. ``Found`` only when the answer kept its contract.

        A ``probe`` has a connection of its own and is given up sooner: it shows how a server is that we have not met.
        What goes over the wire is noted in ``wire`` where somebody traces.
        """

    async def download(
        self,
        url: str,
        *,
        token: str,
        write: Write,
        sha256: bytes | None,
        size: int | None,
        probe: bool = False,
        wire: Wire | None = None,
    ) -> tuple[Exchange, Received | None]:
        """Fetch a file, giving its chunks to ``write`` in order. ``Received`` only when size and hash are as given.

        An ``OSError`` out of ``write`` becomes ``Trouble.LOCAL``. What was written before a failure is worthless.
        """

    def may_download(self, url: str) -> bool:
        """Whether the scheme and host of a URL are on the allow-list."""


class Uploads(Protocol):
    """The operation that puts a file there. Nothing of a customer's is ever sent by it."""

    async def upload(self, file: SmallFile, *, phone_number_id: str, token: str) -> tuple[Exchange, str | None]:
        """Upload a file for a number; the media id by which it can be looked up, only when Graph gave one."""
