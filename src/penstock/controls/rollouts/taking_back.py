"""Taking a rollout back, by whoever does it: first from everybody, then what its recipe had put off is due at once.

What was refused as wrong waits long, for usually a release has to be mended first; here the recipe before it is right.
That comes second and may fail: then those files are fetched when they are due. Used by ``runner`` and ``operating``.
"""

import structlog

from penstock.core.errors import PenstockError
from penstock.core.staging import Rollout
from penstock.core.work import Outcome
from penstock.ledger.book import Ledger
from penstock.ledger.signals import WORK

_log = structlog.get_logger()

_REFUSED = (Outcome.CONTRACT, Outcome.CLIENT_BUG)  # by our own check, or by upstream


async def taken_back(ledger: Ledger, id_: int, *, who: str, reason: str) -> Rollout | None:
    """The rollout as it is then; None when it has ended already. Raises what the ledger raises while it stands."""
    done = await ledger.rollouts.roll_back(id_, who=who, reason=reason)
    if done is None:
        return None
    try:
        now = await ledger.now()
        for outcome in _REFUSED:
            await ledger.queue.hurry(outcome, now=now)
        ledger.signals.soon(WORK)
    except PenstockError as error:
        _log.warning("rollout.not_hurried", rollout=id_, reason=str(error))
    return done
