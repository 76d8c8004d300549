"""What telling an alert target needs: something that sends one alert, and says whether it was taken.

An alert that is sent again carries the same id or key, by which most targets tell that it is the same. When it is sent,
and again, is not decided here. Implemented by the modules beside this one; called by ``controls.watch`` and the
commands that try targets.
"""

from typing import NamedTuple, Protocol

import msgspec

from penstock.core.alert import Alert


class Reply(msgspec.Struct, frozen=True):
    """What became of an alert. ``said`` is one line for people, without a secret."""

    taken: bool
    said: str = ""
    lasting: bool = False  # it will not be taken until somebody mends the target or the setting
    unfit: bool = False  # the target takes others, but not this one
    after_s: float | None = None  # the target asks for so much time


class Notifier(Protocol):
    """One alert target. Nothing is kept open between two alerts."""

    @property
    def repeats_s(self) -> float | None:
        """How often an incident that goes on must be told again, as the target forgets it otherwise; None = never."""

    @property
    def keeps(self) -> bool:
        """Whether the target itself keeps an incident as open until it is told that it is over."""

    async def send(self, alert: Alert, *, now: float) -> Reply:
        """Tell it. Raises nothing of the network's; takes 15 seconds at most."""

    async def reach(self) -> str | None:
        """Connect without telling anything: None, or why that does not work."""


class Target(NamedTuple):
    """A target that was named in the settings."""

    id: str  # the same as long as it is the same place
    name: str  # for people, without a secret
    notifier: Notifier


class Beats(Protocol):
    """Somebody outside who notices when the sign of life stays away."""

    async def beat(self) -> Reply:
        """Give it. Raises nothing of the network's."""
