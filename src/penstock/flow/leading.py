"""Leading: doing by one process what need not be done by all of them, for as long as its lease in the database lasts.

A leader that was stopped for longer than its lease may go on for a moment beside the next one, so whatever is done
under it must be harmless when two do it. Used by ``stamping``.
"""

import asyncio
import contextlib

import structlog

from penstock.core.errors import PenstockError
from penstock.ledger.book import Ledger

_log = structlog.get_logger()

LEASE_S = 5.0


class Lead:
    """One role that this process would like to have."""

    def __init__(self, ledger: Ledger, role: str, *, owner: str, lease_s: float = LEASE_S) -> None:
        self._ledger = ledger
        self._role = role
        self._owner = owner
        self._lease_s = lease_s
        self._ask_at = float("-inf")
        self.leads = False

    async def ours(self) -> bool:
        """Whether the role is ours now; asks the database three times within a lease. Raises Unreachable."""
        now = asyncio.get_running_loop().time()
        if now >= self._ask_at:
            self._ask_at = now + self._lease_s / 3
            led, self.leads = self.leads, False
            self.leads = await self._ledger.leaders.take(
                self._role, owner=self._owner, now=await self._ledger.now(), lease_s=self._lease_s
            )
            if self.leads != led:
                _log.info("leading.began" if self.leads else "leading.ended", role=self._role)
        return self.leads

    async def leave(self) -> None:
        """Make room for the next one."""
        if self.leads:
            self.leads = False
            with contextlib.suppress(PenstockError):  # then the lease runs out
                await self._ledger.leaders.leave(self._role, owner=self._owner)
