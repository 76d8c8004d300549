"""Which gate holds a waiting item: the rows of ``gates`` as values, and the question asked of ``core.gate``.

Used by the read models, the tallies and the gates' own store; the fetcher asks through its socket instead.
"""

from collections.abc import Sequence

from penstock.adapters.db.port import Row
from penstock.core import gate

OPERATIONS = ("media.look_up", "media.download")  # a file needs both, so either's gate holds it


def gate_of(row: Row) -> gate.Gate:
    """A row of ``list_gates`` as a value."""
    return gate.Gate(
        id=row[0],
        scope={row[1]: row[2]} if row[1] else {},
        opening=row[3],
        owner=row[4],
        by=row[5],
        why=row[6],
        since=row[7],
        until=row[8],
        override_automatic=bool(row[9]),
    )


def holding(
    gates: Sequence[gate.Gate],
    *,
    workspace: str,
    app: str,
    credential: str,
    number: str,
    kind: str,
    now: float,
) -> gate.Gate | None:
    """The shut gate that holds an item of this scope, or None."""
    if not gates:
        return None
    facts = {
        "workspace": workspace,
        "app": app,
        "credential": credential,
        "number": number,
        "kind": kind,
    }
    for operation in OPERATIONS:
        found = gate.opening(gates, facts | {"operation": operation}, now)
        if found is not None and found.opening == 0:
            return found
    return None
