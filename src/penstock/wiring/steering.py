"""The controls that every watch has, in the order in which they are shown what was tried.

What only some installations have (a heartbeat, flags) is added by ``wiring.instance``. The benchmark of what the watch
costs takes them from here, so that its figure is an instance's. Nothing is decided here.
"""

from collections.abc import Awaitable, Callable

from penstock.controls.changes import Changes
from penstock.controls.gates.auth import AuthGates
from penstock.controls.gates.breaker import Breakers
from penstock.controls.gates.throttling import ThrottleGates
from penstock.controls.rollouts.runner import Rollouts
from penstock.controls.rollouts.trial import Trials
from penstock.controls.rounds import Control
from penstock.controls.watch.reruns import Reruns
from penstock.controls.watch.signs import Signs
from penstock.controls.watch.tickets import Tickets
from penstock.ledger.book import Ledger


def steering(
    ledger: Ledger,
    *,
    watch: Callable[[], Control],
    trials: Trials,
    token: Callable[[str], str | None],
    changed: Callable[[], Awaitable[None]] | None = None,
) -> list[Callable[[], Control]]:
    """What makes each control anew for a leader of the watch. ``changed`` is called when a rollout was moved."""
    return [
        lambda: Breakers(ledger),
        lambda: AuthGates(ledger),
        lambda: ThrottleGates(ledger),
        lambda: Rollouts(ledger, trials, token=token, changed=changed),
        watch,
        lambda: Signs(ledger),
        lambda: Tickets(ledger),
        lambda: Reruns(ledger),
        lambda: Changes(ledger),
    ]
