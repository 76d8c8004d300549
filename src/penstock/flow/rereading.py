"""Reading journaled bodies again: quarantine once its number is added, unread ones once a better reader is there.

Everything it does is idempotent: what is stored already stays as it is. Called by ``penstock number add``, the
provisioning API and ``penstock reprocess --unread``.
"""

from collections.abc import Callable

import msgspec

from penstock.core.reading import read
from penstock.flow.registry import Registry
from penstock.ledger.book import Ledger
from penstock.ledger.rows import JournaledBody, Receipt

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
    route = registry.route(phone_number_id)
    total = Reread()
    after = 0
    while route is not None:
        bodies = await ledger.journal.stray_bodies(phone_number_id, after=after, limit=_PAGE)
        for body in bodies:
            after = body.id
            if body.app_id == route.app_id:
                total = await _again(ledger, registry, body, total)
        if len(bodies) < _PAGE:
            break
    return total


async def read_unread(
    ledger: Ledger, registry: Registry, *, progress: Callable[[int], None] = lambda _: None
) -> Reread:
    """Read every body again of which something was not understood."""
    await registry.refresh()
    total = Reread()
    after = 0
    while True:
        bodies = await ledger.journal.unread(after=after, limit=_PAGE)
        for body in bodies:
            after = body.id
            total = await _again(ledger, registry, body, total)
            progress(total.bodies)
        if len(bodies) < _PAGE:
            return total


async def _again(ledger: Ledger, registry: Registry, body: JournaledBody, total: Reread) -> Reread:
    reading = read(body.body)
    routes = {number: route for number, route in registry.routes().items() if route.app_id == body.app_id}
    receipt = await ledger.journal.reread(body=body, reading=reading, routes=routes, now=await ledger.now())
    return total.plus(receipt, unread=bool(reading.problems))
