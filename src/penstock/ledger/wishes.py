"""How long a workspace wishes things kept, as part of the transactions that change it: who wished it is remembered.

Used by ``provisioning`` and by those who call it.
"""

from collections.abc import Mapping
from typing import NamedTuple

from penstock.adapters.db.port import Script
from penstock.core.keeping import Keep
from penstock.ledger.audit_log import Entry, entered
from penstock.ledger.statements import Statements

Wishes = Mapping[str, int | None]  # what → for how many days; None is for good


class Change(NamedTuple):
    """Who changes something, and why."""

    who: str
    why: str = ""


NOBODYS = Change("?")


def told(sql: Statements, workspace: str, change: Change, before: Keep, after: Keep, now: float) -> Script[None]:
    """Tell the audit log, as the last thing of a script, if anything has changed."""
    if before != after:
        subject = {"workspace": workspace}
        entry = Entry(change.who, "workspace.keep", subject, change.why, before.shown(), after.shown())
        yield from entered(sql, entry, now)
