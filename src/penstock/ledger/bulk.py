"""Makes files that wait by the million, for measurements: rows in bulk, without bodies, conversations or events.

Whoever audits such a ledger finds files that nobody received. For databases of one's own that are thrown away; called
by ``bench`` only.
"""

from collections.abc import Callable
from typing import Any

from penstock.adapters.db.port import Database, Script
from penstock.core.media import MEDIA_LIFE_S
from penstock.ledger.book import Ledger
from penstock.ledger.statements import Statements, load

APP, CREDENTIAL = "made", "made"
_AT_ONCE = 100_000  # rows of one statement
_OVER_S = 1_200  # arrivals are spread over so long: one half is live, the other one backlog
_CHURNED = 5  # one of so many is taken and given back
_GONE = 10  # one for so many more is over
_MESSAGE: dict[str, Any] = {
    "workspace_id": 1,
    "number_id": 1,
    "wamid": "made",
    "conversation_id": 0,
    "webhook_id": 0,
    "direction": "in",
    "kind": "image",
    "history": 0,
    "payload": b"{}",
}


def number_of(workspace_id: int) -> str:
    """The number that a workspace was made with."""
    return f"1000{workspace_id}"


class Bulk:
    """Fills one ledger that is empty."""

    def __init__(self, db: Database, ledger: Ledger) -> None:
        self._db = db
        self._ledger = ledger
        self._sql: Statements = load(db.dialect)
        self._made = 0

    async def workspaces(self, count: int, *, now: float) -> None:
        """So many workspaces with one number each."""
        await self._ledger.provisioning.add_app(APP, secret=APP, verify_token=APP, now=now)
        await self._ledger.provisioning.add_credential(CREDENTIAL, token=CREDENTIAL, now=now)

        def script() -> Script[None]:
            yield self._sql("make_workspaces", first=1, last=count, now=now)
            yield self._sql("make_numbers", app=APP, credential=CREDENTIAL)
            yield self._sql(
                "insert_message",
                **{**dict.fromkeys(self._sql.parameters("insert_message")), **_MESSAGE, "sent_at": now, "now": now},
            )

        await self._db.write(script)

    async def files(
        self, count: int, *, now: float, workspaces: int, from_workspace: int = 1, kind: str = "image"
    ) -> None:
        """So many more files that wait, and the churn of a day among them: some taken and given back, some over."""
        over = count // _GONE
        first, last = self._made + 1, self._made + count + over
        place = {"now": now, "workspaces": workspaces, "from_workspace": from_workspace, "kind": kind}
        for start in range(first, last + 1, _AT_ONCE):
            await self._db.write(self._part(start, min(last, start + _AT_ONCE - 1), place))
            await self._ledger.queue.release_all()  # a part at a time: all of a million is more than a statement may do
        self._made = last

        def end() -> Script[None]:
            yield self._sql("make_gone", first=first, last=first + over - 1)
            yield self._sql("set_sequence", table_name="media", column_name="id", last=last)
            yield self._sql("refresh_statistics")

        await self._db.write(end)

    def _part(self, first: int, last: int, place: dict[str, Any]) -> Callable[[], Script[None]]:
        span = {"first": first, "last": last}

        def script() -> Script[None]:
            yield self._sql("make_media", **span, **place, over_s=_OVER_S, life_s=MEDIA_LIFE_S, message_row=1)
            yield self._sql("make_fetches", **span)
            yield self._sql("make_taken", **span, now=place["now"], lanes=place["workspaces"], of_each=_CHURNED)

        return script
