"""Gathers what a report on an incident is made of: the incident, its timeline, its impact, what people did about it.

It reads the ledger and judges nothing; the wording is ``core.postmortem``'s. Called by ``penstock incident report`` and
the demo.
"""

import itertools

from penstock.core import postmortem
from penstock.ledger.book import Ledger

_ACTIONS = 200  # changes since the onset that a report lists
_LOOKED_AT = 5_000  # changes that are looked at for it
_LATER_S = 7 * 86_400.0  # files are put back to work when it is over
_AFTER_S = {"reprocess": _LATER_S, "gate": 600.0}  # … and gates open a little at a time
_BEFORE_S = 1.0  # an action at the very onset belongs to it


async def gathered(ledger: Ledger, number: int) -> postmortem.Told:
    """Everything about one incident. Raises NotFound."""
    now = await ledger.now()
    found = await ledger.incidents.get(number)
    until = now if found.closed_at is None else found.closed_at
    changes = await ledger.audit_log.between(found.onset_at - _BEFORE_S, until + _LATER_S, limit=_LOOKED_AT)
    actions = [
        postmortem.Action(row.at, row.entry.who, f"{row.entry.action} {_subject(row.entry.subject)}", row.entry.why)
        for row in changes
        if row.at <= until + _AFTER_S.get(row.entry.action.partition(".")[0], 0.0)
    ]
    actions = [_folded(list(same)) for _, same in itertools.groupby(actions, key=lambda each: each[1:])]
    return postmortem.Told(
        incident=found,
        events=await ledger.incidents.events(number),
        impact=await ledger.impacts.of(found, now=now),
        actions=actions[:_ACTIONS],
        workspaces=len(await ledger.provisioning.workspaces()),
        now=now,
        unlisted=max(0, len(actions) - _ACTIONS),
    )


def _folded(same: list[postmortem.Action]) -> postmortem.Action:
    """The same done several times in a row, as a gate that opens a little more each second, is told once."""
    if len(same) == 1:
        return same[0]
    return same[0]._replace(why=f"{same[0].why} ({len(same)} times, until {postmortem.utc(same[-1].at)})")


def _subject(subject: object) -> str:
    """What was changed: names and numbers, without what belongs to a change of a gate's own."""
    if isinstance(subject, str):
        return subject
    if not isinstance(subject, dict):
        return ""
    scope = subject.get("scope")
    plain = scope if isinstance(scope, dict) else subject
    return ", ".join(f"{key} {_named(value)}" for key, value in plain.items()) or "everything"


def _named(value: object) -> str:
    return " and ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
