"""The receiving step: from a signed body to a durable record, before anybody is told that it was received.

It verifies the raw bytes, reads them, refuses numbers of another app and hands everything to the journal in one
transaction. It knows no HTTP (that is ``web.webhook``) and fetches nothing. A body that nobody can read is still kept.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import partial

import msgspec
import structlog

from penstock.core import signature
from penstock.core.errors import PenstockError, StoreUnavailable
from penstock.core.reading import read
from penstock.core.updates import Reading
from penstock.flow.pulse import Pulse
from penstock.flow.registry import Registry
from penstock.ledger.book import Ledger
from penstock.ledger.rows import App, Receipt

_log = structlog.get_logger()

_TRIES = 5  # a number moves rarely, and not five times while one webhook is stored


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
    """Takes bodies in. ``wake`` is called when new files are to be fetched; ``changed`` when people may look again.

    ``pulse`` counts what came and what was refused.
    """

    def __init__(
        self,
        ledger: Ledger,
        registry: Registry,
        *,
        wake: Callable[[], None] = lambda: None,
        changed: Callable[[], None] = lambda: None,
        pulse: Pulse | None = None,
    ) -> None:
        self._pulse = pulse
        self._ledger = ledger
        self._registry = registry
        self._wake = wake
        self._changed = changed

    async def take(self, body: bytes, header: bytes | None, app: str | None = None) -> Taken | Refused:
        """Verify, read and store one body; when it returns Taken, the body is durable.

        ``header`` is the raw X-Hub-Signature-256; without ``app`` every app's secrets are tried. Raises
        StoreUnavailable when nothing could be stored.
        """
        reading: Reading | None = None
        for _ in range(_TRIES):
            signer = self._signer(body, header, app)
            if isinstance(signer, Refused):
                if not await self._looked_again(signer, header):
                    if self._pulse is not None:
                        self._pulse.refused(body, header, app, self._ledger.clock())
                    return signer
                continue
            reading = reading or read(body)
            if self._foreign(reading, signer):
                if not await self._looked_again(Refused(Refusal.FOREIGN_NUMBER), header):
                    return Refused(Refusal.FOREIGN_NUMBER)
                continue
            receipt = await self._store(body, header, signer, reading)
            if receipt is not None:
                self._tell(receipt)
                if self._pulse is not None:
                    self._pulse.took(signer.id, reading.numbers, self._ledger.clock())
                return Taken(receipt)
            await self._registry.refresh()  # a number of the body is registered otherwise by now
        _log.warning("receiver.numbers_moving", tries=_TRIES)
        raise StoreUnavailable("the numbers of this webhook keep moving: it could not be stored for one state of them")

    def _signer(self, body: bytes, header: bytes | None, app: str | None) -> App | Refused:
        """The app whose secret signed the body."""
        apps = self._candidates(app)
        for candidate in apps:
            if signature.signed_by(body, header, candidate.secrets):
                return candidate
        return Refused(Refusal.SIGNATURE if apps or app is None else Refusal.UNKNOWN_APP)

    def _candidates(self, app: str | None) -> Sequence[App]:
        if app is None:
            return self._registry.apps()
        named = self._registry.app(app)
        return (named,) if named is not None else ()

    async def _looked_again(self, refused: Refused, header: bytes | None) -> bool:
        """Before a body is refused: has the provisioning changed? Of bodies without a signature nobody asks that."""
        if header is None:
            return False
        before = self._registry.version
        if refused.reason is Refusal.FOREIGN_NUMBER:  # signed by a secret that we know, so nobody can make us work
            await self._registry.refresh()
        else:
            await self._registry.refresh_soon()
        return self._registry.version != before

    def _foreign(self, reading: Reading, signer: App) -> bool:
        """Does the body name a number of another app than the one that signed it?"""
        routes = self._registry.routes()
        return any(routes[number].app_id != signer.id for number in reading.numbers if number in routes)

    async def _store(self, body: bytes, header: bytes | None, signer: App, reading: Reading) -> Receipt | None:
        """Into the journal; None when a number of the body is not registered any more as we thought it was."""
        store = partial(
            self._ledger.journal.receive,
            app_id=signer.id,
            body=body,
            signature=(header or b"").decode("ascii", "replace"),
            routes=self._registry.routes(),
            version=self._registry.version,
            now=await self._ledger.now(),
        )
        try:
            return await store(reading=reading)
        except PenstockError:
            raise
        except Exception as error:  # noqa: BLE001 -- a mistake of ours must not cost the body: it is kept, to be read again
            _log.error("receiver.not_storable", error=type(error).__name__)
            problem = f"what was read could not be stored ({type(error).__name__})"
            return await store(reading=Reading((), frozenset(), (problem,)))

    def _tell(self, receipt: Receipt) -> None:
        _log.debug(
            "webhook.received",
            webhook=receipt.webhook_id,
            messages=receipt.messages,
            media=receipt.media,
            statuses=receipt.statuses,
            duplicates=receipt.duplicates,
            unknown_numbers=receipt.strays,
        )
        if receipt.media:
            self._wake()
        if receipt.messages or receipt.media or receipt.statuses or receipt.changed:
            self._changed()
