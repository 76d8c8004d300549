"""What an operator does to traces: names and limits are checked, a trace is put on or off. Fetchers hear of it by
themselves, within a second.

Called by ``penstock trace`` and ``web.api.traces``.
"""

import msgspec

from penstock.controls import scopes
from penstock.core import trace
from penstock.core.errors import WrongUse
from penstock.core.trace import Trace
from penstock.ledger.book import Ledger

_HOUR_S = 3_600


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to have traced."""

    scope: dict[str, str]
    by: str
    why: str
    until: float  # epoch seconds
    most_exchanges: int = trace.EXCHANGES
    most_bytes: int = trace.BYTES


class Operating:
    """Traces by hand."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def put_on(self, order: Order) -> Trace:
        """Begin a trace. Raises WrongUse, NotFound or Conflict."""
        why = scopes.reason(order.why)
        now = await self._ledger.now()
        if not now < order.until <= now + trace.LONGEST_S:
            raise WrongUse(f"a trace ends by itself, within {trace.LONGEST_S / _HOUR_S:.0f} hours from now")
        if not 1 <= order.most_exchanges <= trace.MOST_EXCHANGES:
            raise WrongUse(f"a trace keeps 1 to {trace.MOST_EXCHANGES} exchanges")
        if not 1 <= order.most_bytes <= trace.MOST_BYTES:
            raise WrongUse(f"a trace keeps 1 to {trace.MOST_BYTES} bytes")
        await scopes.check(self._ledger, order.scope)
        wanted = Trace(0, order.scope, order.by, why, now, order.until, order.most_exchanges, order.most_bytes)
        return await self._ledger.traces.put_on(wanted, now=now)

    async def put_off(self, id_: int, *, by: str, why: str) -> Trace:
        """End a trace before its time. Raises WrongUse, NotFound or Conflict."""
        now = await self._ledger.now()
        return await self._ledger.traces.put_off(id_, by=by, why=scopes.reason(why), now=now)
