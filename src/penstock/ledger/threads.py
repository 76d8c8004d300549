"""Conversations: which one a message belongs to, and how it goes on under a changed phone number or id.

A conversation is found by any name that its customer was ever known by at that business number. When two conversations
turn out to be one customer's, the older one takes in the younger. These are parts of the journal's transactions, not a
store of their own.
"""

from penstock.adapters.db.port import Script
from penstock.core.updates import IdentityChange, Party
from penstock.ledger.rows import Route
from penstock.ledger.statements import Statements

Names = tuple[int, tuple[str, ...]]  # a registration and the aliases of a party there

_NOBODY = ("n:unknown",)  # updates that name no one still belong somewhere
_MOST_KNOWN = 20_000


class Known:
    """Where the parties that wrote lately were found: a hint that saves a look-up, and never the truth.

    An alias leads to another conversation only when the one before was merged away, and ids are not given out twice. So
    a hint is good as long as its conversation exists, which whoever uses it must see.
    """

    def __init__(self) -> None:
        self._found: dict[Names, int] = {}

    def get(self, names: Names) -> int | None:
        """The conversation that these names led to, or None."""
        return self._found.get(names)

    def learn(self, found: dict[Names, int]) -> None:
        """Remember what a transaction found, once it is committed: an id that was undone is given to somebody else."""
        self._found.update(found)
        while len(self._found) > _MOST_KNOWN:
            del self._found[next(iter(self._found))]


def names_of(route: Route, party: Party) -> Names:
    """Every name under which a party's conversation may be found at a number."""
    return route.number_id, party.aliases() or _NOBODY


def conversation_of(sql: Statements, route: Route, party: Party) -> Script[int]:
    """The conversation of a party at a number, made or merged when needed."""
    _, aliases = names_of(route, party)
    found = yield from _found(sql, route, aliases)
    if len(found) == len(aliases) and len(set(found)) == 1:
        return found[0]
    # Something is new. It is for one transaction at a time, and another one may just have done it.
    yield sql("lock_number", number_id=route.number_id)
    found = yield from _found(sql, route, aliases)
    if not found:
        rows = yield sql(
            "insert_conversation",
            workspace_id=route.workspace_id,
            number_id=route.number_id,
            title=party.name or "",
            contact=party.group_id or party.phone or party.user_id or party.parent_user_id or "",
            is_group=int(party.group_id is not None),
        )
        kept = int(rows[0][0])
    else:
        kept = yield from _one_of(sql, found)
    if len(found) < len(aliases):
        yield from _point(sql, route, aliases, kept)
    return kept


def follow(sql: Statements, route: Route, change: IdentityChange) -> Script[None]:
    """Let the new names of a customer lead to the conversation that the old ones led to.

    When none is there yet it is made, empty and not shown: messages under the old name and under the new one may come
    in any order.
    """
    if not change.previous or not change.current:
        return
    names = (*change.previous, *change.current)
    yield sql("lock_number", number_id=route.number_id)
    found = yield from _found(sql, route, names)
    if not found:
        rows = yield sql(
            "insert_conversation",
            workspace_id=route.workspace_id,
            number_id=route.number_id,
            title="",
            contact=change.current[0].partition(":")[2],
            is_group=0,
        )
        kept = int(rows[0][0])
    else:
        kept = yield from _one_of(sql, found)
    yield from _point(sql, route, names, kept)
    for old in change.previous:
        for new in change.current:
            kind, _, name = new.partition(":")
            if old.startswith(kind + ":"):
                yield sql("set_contact", id=kept, previous=old.partition(":")[2], contact=name)


def _found(sql: Statements, route: Route, aliases: tuple[str, ...]) -> Script[list[int]]:
    """The conversation that each known alias leads to."""
    found: list[int] = []
    for alias in aliases:
        rows = yield sql("find_conversation", number_id=route.number_id, alias=alias)
        found += [int(row[0]) for row in rows]
    return found


def _one_of(sql: Statements, found: list[int]) -> Script[int]:
    """The oldest of the conversations, which has taken in the others."""
    kept, *younger = sorted(set(found))
    if younger:
        for each in (kept, *younger):  # whoever is adding a message to one of them ends first, and it is moved, too
            yield sql("lock_conversation", id=each)
    for dropped in younger:
        yield sql("merge_aliases", kept=kept, dropped=dropped)
        yield sql("merge_messages", kept=kept, dropped=dropped)
        yield sql("merge_conversations", kept=kept, dropped=dropped)
        yield sql("delete_conversation", id=dropped)
    return kept


def _point(sql: Statements, route: Route, aliases: tuple[str, ...], conversation_id: int) -> Script[None]:
    for alias in aliases:
        yield sql("point_alias", number_id=route.number_id, alias=alias, conversation_id=conversation_id)
