"""Conversations: which one a message belongs to, and how it goes on under a changed phone number or id.

A conversation is found by any name that its customer was ever known by at that business number. When two conversations
turn out to be one customer's, the older one takes in the younger. These are parts of the journal's transactions, not a
store of their own.
"""

from penstock.adapters.db.port import Script
from penstock.core.updates import IdentityChange, Party
from penstock.ledger.rows import Route
from penstock.ledger.statements import Statements

_NOBODY = "n:unknown"  # updates that name no one still belong somewhere


def conversation_of(sql: Statements, route: Route, party: Party) -> Script[int]:
    """The conversation of a party at a number, made or merged when needed."""
    aliases = party.aliases() or (_NOBODY,)
    found = yield sql("find_conversation", number_id=route.number_id, alias=aliases[0], other=aliases[-1])
    if not found:
        rows = yield sql(
            "insert_conversation",
            workspace_id=route.workspace_id,
            number_id=route.number_id,
            title=party.name or "",
            contact=party.group_id or party.phone or party.user_id or party.parent_user_id or "",
            is_group=int(party.group_id is not None),
        )
        conversation_id = int(rows[0][0])
        yield from _point(sql, route, aliases, conversation_id)
        return conversation_id
    kept, *younger = sorted({int(row[1]) for row in found})
    for dropped in younger:
        yield from _merge(sql, kept, dropped)
    if len(found) < len(aliases):
        yield from _point(sql, route, aliases, kept)
    return kept


def follow(sql: Statements, route: Route, change: IdentityChange) -> Script[None]:
    """Let the new names of a customer lead to the conversation that the old ones led to."""
    names = (*change.previous, *change.current)
    ids: set[int] = set()
    for name in names:
        rows = yield sql("find_conversation", number_id=route.number_id, alias=name, other=name)
        ids |= {int(row[1]) for row in rows}
    if not ids:
        return  # nobody that we know: the next message makes the conversation
    kept, *others = sorted(ids)
    for dropped in others:
        yield from _merge(sql, kept, dropped)
    yield from _point(sql, route, names, kept)


def _point(sql: Statements, route: Route, aliases: tuple[str, ...], conversation_id: int) -> Script[None]:
    for alias in aliases:
        yield sql("point_alias", number_id=route.number_id, alias=alias, conversation_id=conversation_id)


def _merge(sql: Statements, kept: int, dropped: int) -> Script[None]:
    """Move everything of the younger conversation into the older one."""
    yield sql("merge_aliases", kept=kept, dropped=dropped)
    yield sql("merge_messages", kept=kept, dropped=dropped)
    yield sql("merge_events", kept=kept, dropped=dropped)
    yield sql("delete_conversation", id=dropped)
