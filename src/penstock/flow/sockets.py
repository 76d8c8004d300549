"""The sockets by which the flow is steered and watched, and what is in them when nothing is plugged in.

Before a piece of work the fetcher asks the gates whether it may go on, and the recipes how; after it, it tells the
witness. Beside it a tracer may look over its shoulder. What plugs in comes from above (``controls``); taking it
away leaves a working pipeline. No decisions here. Called by the fetcher.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import msgspec

from penstock.adapters.graph.port import Graph
from penstock.core.budget import Limit
from penstock.core.exchange import Exchange
from penstock.core.lanes import Lane, Ways
from penstock.core.recipe import STANDARD
from penstock.core.wire import Wire
from penstock.core.work import Attempt, Claim, Ending


class Permit(msgspec.Struct, frozen=True):
    """Go on."""

    probe: bool = False  # over a connection of its own, and with less patience: it is asked how upstream is


class Wait(msgspec.Struct, frozen=True):
    """Not now; no attempt is spent."""

    until: float  # when to ask again, epoch seconds


class Gates(Protocol):
    """Asked from which lanes work may be taken, and whether a piece of work may go on."""

    def ways(self, lanes: Sequence[Lane], now: float) -> Ways:
        """What is open of the lanes, and how much may be taken of those that are narrow."""

    def claimed(self, claims: Sequence[Claim], now: float) -> None:
        """These were taken from open lanes. They count for the gates before them until ``ended``."""

    def admit(self, claim: Claim, operation: str, now: float, *, host: str | None = None) -> Permit | Wait:
        """Whether a claim's next request may be sent, to this host when it is known. A gate counts a claim once."""

    def ended(self, claim: Claim) -> None:
        """The work on a claim is over. What it did not use of a gate, another one may."""


class Chosen(msgspec.Struct, frozen=True):
    """How an item's next request is made."""

    label: str  # the recipe and its version, kept with every attempt
    graph: Graph  # started
    use_url_hint: bool = True
    limit: Limit | None = None  # the error budget of a number
    host: str | None = None  # where its look-ups go, when it is not where those of the installation do
    places: asyncio.Semaphore | None = None  # for so many requests at once, when it may have fewer than the fetcher
    instead: "Chosen | None" = None  # by which an item goes on whose request was refused before it was sent


class Recipes(Protocol):
    """Asked how an item is fetched: when it was claimed, and again before each of its requests."""

    def choose(self, claim: Claim, now: float) -> Chosen:
        """The recipe of an item at this moment. It may be another one than a moment ago."""


class Witness(Protocol):
    """Told what happened. Must not wait and must not raise."""

    def attempted(self, claim: Claim, attempt: Attempt) -> None:
        """A request was made, or refused before it was sent."""

    def ended(self, claim: Claim, ending: Ending) -> None:
        """The work on a claim is over and recorded."""


class Tracer(Protocol):
    """Asked before a request whether all of it is to be noted, and given it afterwards. Must not wait or raise."""

    def wire(self, claim: Claim, operation: str) -> Wire | None:
        """Where to note what goes over the wire; None when nobody wants to know."""

    def exchanged(self, claim: Claim, exchange: Exchange, attempt: Attempt, wire: Wire) -> None:
        """What went over it."""


class NoGates:
    """Everything may pass."""

    def ways(self, lanes: Sequence[Lane], now: float) -> Ways:
        """All of them."""
        del now
        return Ways(lanes)

    def claimed(self, claims: Sequence[Claim], now: float) -> None:
        """Nobody counts."""

    def admit(self, claim: Claim, operation: str, now: float, *, host: str | None = None) -> Permit | Wait:
        """Go on."""
        del claim, operation, now, host
        return Permit()

    def ended(self, claim: Claim) -> None:
        """Nobody counts."""


class OneRecipe:
    """The same for everybody."""

    def __init__(self, graph: Graph, *, limit: Limit | None = None) -> None:
        self._chosen = Chosen(STANDARD.label, graph, limit=limit)

    def choose(self, claim: Claim, now: float) -> Chosen:
        """That one."""
        del claim, now
        return self._chosen


class NoWitness:
    """Nobody looks."""

    def attempted(self, claim: Claim, attempt: Attempt) -> None:
        """Nobody is told."""

    def ended(self, claim: Claim, ending: Ending) -> None:
        """Nobody is told."""
