"""How long things are kept: what a workspace wishes, checked, and when a thing is due to go.

Four wishes in days, each of them "for good" unless somebody says otherwise: what is thrown away cannot be had back.
A body may hold updates of several workspaces; it stays as long as the longest of them wishes. Called by provisioning
and by ``ledger.keeping``.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from penstock.core.errors import WrongUse

DAY_S = 86_400.0
FOREVER = "forever"
MOST_DAYS = 36_500
WHAT = ("bodies", "messages", "files", "attempts")

Wishes = Mapping[str, int | None]  # what → for how many days; None = for good
NONE: Wishes = {}

_NEVER = float("inf")


class Keep(msgspec.Struct, frozen=True):
    """What a workspace wishes, in days; None = for good."""

    bodies: int | None = None
    messages: int | None = None
    files: int | None = None
    attempts: int | None = None

    def changed(self, wishes: Wishes) -> "Keep":
        """With some wishes replaced. Raises WrongUse when they do not go together."""
        return checked(msgspec.structs.replace(self, **wishes))

    def of(self, what: str) -> int | None:
        """One of the wishes."""
        days: int | None = getattr(self, what)
        return days

    def columns(self) -> dict[str, int | None]:
        """As the ledger keeps it: ``keep_bodies`` and so on, a number of days or None."""
        return {f"keep_{what}": self.of(what) for what in WHAT}

    def shown(self) -> dict[str, Any]:
        """As programs and people get it: ``keep_bodies`` and so on, a number of days or "forever"."""
        return {f"keep_{what}": FOREVER if self.of(what) is None else self.of(what) for what in WHAT}


def checked(keep: Keep) -> Keep:
    """The same. Raises WrongUse for a number of days that cannot be, or for files that would outlive their messages."""
    for what in WHAT:
        days = keep.of(what)
        if days is not None and not 1 <= days <= MOST_DAYS:
            raise WrongUse(f"{what} are kept for 1 to {MOST_DAYS} days, or {FOREVER}; not for {days}")
    if keep.messages is not None and (keep.files is None or keep.files > keep.messages):
        files = FOREVER if keep.files is None else f"{keep.files} days"
        raise WrongUse(
            f"a file goes with its message at the latest: files ({files}) cannot be kept longer than messages "
            f"({keep.messages} days); say --keep-files {keep.messages} or less, too"
        )
    return keep


def due_at(began_at: float, days: int | None) -> float:
    """When something that came at a time is to go, epoch seconds; infinity when it is kept for good."""
    return _NEVER if days is None else began_at + days * DAY_S


def body_due_at(received_at: float, wishes: Iterable[int | None]) -> float:
    """When a body is to go that is of workspaces with these wishes: the longest one counts."""
    return max((due_at(received_at, days) for days in wishes), default=_NEVER)
