"""The receiving step: from a signed body to a durable record, before anybody is told that it was received.

It verifies the raw bytes, reads them, refuses numbers of another app and hands everything to the journal in one
transaction. It knows no HTTP (that is ``web.webhook``) and fetches nothing. A body that nobody can read is still kept.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum

import msgspec

from penstock.core import signature
from penstock.core.reading import read
from penstock.core.updates import Reading
from penstock.flow.registry import Registry
from penstock.ledger.book import Ledger
from penstock.ledger.rows import App, Receipt


class Refusal(StrEnum):
    """Why a body was not taken."""

    UNKNOWN_APP = "unknown app"
    SIGNATURE = "signature"
    FOREIGN_NUMBER = "foreign number"


class Taken(msgspec.Struct, frozen=True, gc=False):
    """The body is durable."""

    receipt: Receipt


class Refused(msgspec.Struct, frozen=True, gc=False):
    """The body was not stored."""

    reason: Refusal


class Receiver:
    """Takes bodies in. ``wake`` is called when new files are to be fetched; ``changed`` when people may look again."""

    def __init__(
        self,
        ledger: Ledger,
        registry: Registry,
        *,
        wake: Callable[[], None] = lambda: None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._ledger = ledger
        self._registry = registry
        self._wake = wake
        self._changed = changed

    async def take(self, body: bytes, header: bytes | None, app: str | None = None) -> Taken | Refused:
        """Verify, read and store one body; when it returns Taken, the body is durable.

        ``header`` is the raw X-Hub-Signature-256; without ``app`` every app's secrets are tried. Raises
        StoreUnavailable when nothing could be stored.
        """
        signer = await self._signer(body, header, app)
        if isinstance(signer, Refused):
            return signer
        reading = read(body)
        await self._look_for(reading)
        if self._foreign(reading, signer):
            return Refused(Refusal.FOREIGN_NUMBER)
        receipt = await self._ledger.journal.receive(
            app_id=signer.id,
            body=body,
            signature=(header or b"").decode("ascii", "replace"),
            reading=reading,
            routes=self._registry.routes(),
            now=await self._ledger.now(),
        )
        self._tell(receipt)
        return Taken(receipt)

    async def _signer(self, body: bytes, header: bytes | None, app: str | None) -> App | Refused:
        """The app whose secret signed the body."""
        for look_again in (True, False):
            apps = self._candidates(app)
            for candidate in apps:
                if signature.signed_by(body, header, candidate.secrets):
                    return candidate
            if look_again and header is not None:
                await self._registry.refresh_soon()
        return Refused(Refusal.SIGNATURE if apps or app is None else Refusal.UNKNOWN_APP)

    def _candidates(self, app: str | None) -> Sequence[App]:
        if app is None:
            return self._registry.apps()
        named = self._registry.app(app)
        return (named,) if named is not None else ()

    async def _look_for(self, reading: Reading) -> None:
        """A number that we do not know may have been added a moment ago."""
        if not self._registry.routes().keys() >= reading.numbers:
            await self._registry.refresh_soon()

    def _foreign(self, reading: Reading, signer: App) -> bool:
        """Does the body name a number of another app than the one that signed it?"""
        routes = self._registry.routes()
        return any(routes[number].app_id != signer.id for number in reading.numbers if number in routes)

    def _tell(self, receipt: Receipt) -> None:
        if receipt.media:
            self._wake()
        if receipt.messages or receipt.media or receipt.statuses:
            self._changed()
