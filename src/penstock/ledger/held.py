"""Which gate holds a waiting item: the rows of ``gates`` as values, and the question asked of ``core.gate``.

Used by the read models, the tallies and the gates' own store. The fetcher's keeper asks the same question of the same
place.
"""

from collections.abc import Iterable

from penstock.adapters.db.port import Row
from penstock.core.expiry import Waiting
from penstock.core.gate import Board, Gate, holds


def gate_of(row: Row) -> Gate:
    """A row of ``list_gates`` as a value."""
    return Gate(
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
    board: Board, *, workspace: str, app: str, credential: str, number: str, kind: str, now: float
) -> Gate | None:
    """The shut gate that holds an item of this scope, or None."""
    if not board.gates:
        return None
    facts = {"workspace": workspace, "app": app, "credential": credential, "number": number, "kind": kind}
    return board.holding(facts, now)


def attributed(board: Board, rows: Iterable[Waiting], now: float) -> dict[int, list[Waiting]]:
    """What waits behind each shut gate, by gate id. Files that several gates hold are counted behind one of them."""
    behind: dict[int, list[Waiting]] = {each.id: [] for each in board.gates.values() if holds(each)}
    for row in rows:
        found = holding(
            board,
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
