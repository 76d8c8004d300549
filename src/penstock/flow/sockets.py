"""The two sockets by which the flow is steered and watched, and what is in them when nothing is plugged in.

Before a piece of work the fetcher asks the gates; after it, it tells the witness. What plugs in comes from above
(``controls``); taking it away leaves a working pipeline. No decisions here. Called by the fetcher.
"""

from collections.abc import Sequence
from typing import Protocol

from penstock.core.lanes import Lane
from penstock.core.work import Attempt, Claim, Ending


class Gates(Protocol):
    """Asked from which lanes work may be taken, and whether a piece of work may go on."""

    def open_lanes(self, lanes: Sequence[Lane], now: float) -> Sequence[Lane]:
        """Those of the lanes that no shut gate is in front of, in the same order."""

    def admit(self, claim: Claim, operation: str, now: float) -> float | None:
        """None = go on. Otherwise the gate is shut: ask again at this time, epoch seconds; no attempt is spent."""


class Witness(Protocol):
    """Told what happened. Must not wait and must not raise."""

    def attempted(self, claim: Claim, attempt: Attempt) -> None:
        """A request was made, or refused before it was sent."""

    def ended(self, claim: Claim, ending: Ending) -> None:
        """The work on a claim is over and recorded."""


class NoGates:
    """Everything may pass."""

    def open_lanes(self, lanes: Sequence[Lane], now: float) -> Sequence[Lane]:
        """All of them."""
        del now
        return lanes

    def admit(self, claim: Claim, operation: str, now: float) -> float | None:
        """Go on."""
        del claim, operation, now
        return None


class NoWitness:
    """Nobody looks."""

    def attempted(self, claim: Claim, attempt: Attempt) -> None:
        """Nobody is told."""

    def ended(self, claim: Claim, ending: Ending) -> None:
        """Nobody is told."""
