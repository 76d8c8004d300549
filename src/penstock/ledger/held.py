"""Which gate holds a waiting item: the rows of ``gates`` as values, and the question asked of ``core.gate``.

Used by the read models, the tallies and the gates' own store; the fetcher asks through its socket instead.
"""

from collections.abc import Iterable, Sequence

from penstock.adapters.db.port import Row
from penstock.core import gate
from penstock.core.expiry import Waiting

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
    """The shut gate that holds an item of this scope, or None.

    Which host a file will be on is not known before its look-up, so a shut gate of any host holds it.
    """
    if not gates:
        return None
    facts = {
        "workspace": workspace,
        "app": app,
        "credential": credential,
        "number": number,
        "kind": kind,
    }
    hosts = [{"host": each.scope["host"]} for each in gates if "host" in each.scope]
    for operation in OPERATIONS:
        for host in hosts or [{}]:
            found = gate.opening(gates, {**facts, "operation": operation, **host}, now)
            if found is not None and found.opening == 0:
                return found
    return None


def attributed(gates: Sequence[gate.Gate], rows: Iterable[Waiting], now: float) -> dict[int, list[Waiting]]:
    """What waits behind each shut gate, by gate id. Files that several gates hold are counted behind one of them."""
    behind: dict[int, list[Waiting]] = {each.id: [] for each in gates if each.opening == 0}
    for row in rows:
        found = holding(
            gates,
            workspace=row.workspace,
            app=row.app,
            credential=row.credential,
            number=row.number,
            kind=row.kind,
            now=now,
        )
        if found is not None:
            behind[found.id].append(row)
    return behind
