"""Reading journaled bodies again: quarantine once its number is added, unread ones once a better reader is there.

Everything it does is idempotent: what is stored already stays as it is. Called by ``penstock number add``, the
provisioning API and ``penstock reprocess --unread``; an instance runs a ``StrayReader`` besides.
"""

import asyncio
import contextlib
from collections.abc import Callable

import msgspec
import structlog

from penstock.core import outage
from penstock.core.errors import PenstockError
from penstock.core.reading import read
from penstock.flow.registry import Registry
from penstock.ledger.book import Ledger
from penstock.ledger.rows import JournaledBody, Receipt

_log = structlog.get_logger()

_PAGE = 100


class Reread(msgspec.Struct, frozen=True):
    """What reading again brought."""

    bodies: int = 0
    messages: int = 0
    media: int = 0
    statuses: int = 0
    still_unread: int = 0

    def plus(self, receipt: Receipt, *, unread: bool) -> "Reread":
        """The sum with one more body."""
        return Reread(
            self.bodies + 1,
            self.messages + receipt.messages,
            self.media + receipt.media,
            self.statuses + receipt.statuses,
            self.still_unread + unread,
        )


async def read_strays(ledger: Ledger, registry: Registry, phone_number_id: str) -> Reread:
    """Read what is in quarantine for a number that has been registered now.

    A body that another app signed than the number's stays where it is: it could not have been taken either.
    """
    await registry.refresh()
    total = Reread()
    after = 0
    while bodies := await ledger.journal.stray_bodies(phone_number_id, after=after, limit=_PAGE):
        for body in bodies:
            after = body.id
            total = await _again(ledger, body, total)
    return total


async def read_unread(
    ledger: Ledger, registry: Registry, *, progress: Callable[[int], None] = lambda _: None
) -> Reread:
    """Read every body again of which something was not understood."""
    await registry.refresh()
    total = Reread()
    after = 0
    while bodies := await ledger.journal.unread(after=after, limit=_PAGE):
        for body in bodies:
            after = body.id
            total = await _again(ledger, body, total)
            progress(total.bodies)
    return total


async def _again(ledger: Ledger, body: JournaledBody, total: Reread) -> Reread:
    reading = read(body.body)
    try:
        receipt = await ledger.journal.reread(body=body, reading=reading, now=await ledger.now())
    except PenstockError:
        raise
    except Exception as error:  # noqa: BLE001 -- a mistake of ours with one body must not keep the others from being read
        _log.error("journal.not_storable", webhook=body.id, error=type(error).__name__)
        return msgspec.structs.replace(total, bodies=total.bodies + 1, still_unread=total.still_unread + 1)
    return total.plus(receipt, unread=bool(reading.problems))


class StrayReader:
    """Reads now and then what is in quarantine although its number is registered, and at once when it is started.

    Whoever adds a number reads its quarantine; this is for the time when that was cut short.
    """

    def __init__(
        self, ledger: Ledger, registry: Registry, *, wake: Callable[[], None] = lambda: None, every_s: float = 60.0
    ) -> None:
        self._ledger = ledger
        self._registry = registry
        self._wake = wake
        self._every_s = every_s
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._keep(), name="strays")

    async def stop(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _keep(self) -> None:
        while True:
            try:
                for phone_number_id in await self._ledger.journal.readable_strays():
                    found = await read_strays(self._ledger, self._registry, phone_number_id)
                    _log.info("quarantine.read", bodies=found.bodies, messages=found.messages, media=found.media)
                    self._wake()
            except PenstockError as error:
                _log.log(outage.level(error), "quarantine.not_read", reason=str(error))
            await asyncio.sleep(self._every_s)
