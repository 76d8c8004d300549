"""The synthetic probe in the ledger: which number it belongs to, the file that it fetches, how the last fetch ended.

A probe's requests are no attempts at anybody's file: they are in nobody's counts, and the last one only is kept. When
something is fetched is decided elsewhere. Called by ``controls.watch.probing``, and by ``cli`` for showing.
"""

from collections.abc import Collection, Mapping

import msgspec

from penstock.adapters.db.port import Database, Script
from penstock.core.probing import Known
from penstock.ledger.statements import Statements

_NEWEST = 5_000  # attempts through which a failing file is looked for


class Target(msgspec.Struct, frozen=True):
    """What a request of the watch's own is about: whose token it takes, and which gates it has to pass."""

    phone_number_id: str
    workspace: str
    app: str
    credential_id: int
    credential: str
    kind: str = "document"

    @property
    def facts(self) -> Mapping[str, str]:
        """What gates may name."""
        return {
            "workspace": self.workspace,
            "app": self.app,
            "credential": self.credential,
            "number": self.phone_number_id,
            "kind": self.kind,
        }


class Last(msgspec.Struct, frozen=True):
    """How the last fetch ended."""

    at: float
    operation: str
    outcome: str
    said: str


class Standing(msgspec.Struct, frozen=True):
    """The probe as it stands."""

    number_id: int
    target: Target
    known: Known | None  # None: nothing was uploaded yet
    last: Last | None


class Item(msgspec.Struct, frozen=True):
    """A file that waits after a failure."""

    media_row: int
    media_id: str
    target: Target


class Probes:
    """The probe of an installation."""

    def __init__(self, db: Database, sql: Statements) -> None:
        self._db = db
        self._sql = sql

    async def standing(self) -> Standing | None:
        """The probe; None when no workspace for tests has a number."""

        def script() -> Script[Standing | None]:
            rows = yield self._sql("get_probe")
            if not rows:
                return None
            number_id, phone, workspace, app, credential_id, credential, *rest = rows[0]
            known = None if rest[0] is None else Known(rest[0], bytes(rest[1]), int(rest[2]), float(rest[3]))
            last = None if rest[4] is None else Last(float(rest[4]), *rest[5:8])
            target = Target(phone, workspace, app, int(credential_id), credential)
            return Standing(int(number_id), target, known, last)

        return await self._db.read(script)

    async def uploaded(self, number_id: int, known: Known) -> None:
        """Another file is fetched from now on."""

        def script() -> Script[None]:
            yield self._sql("set_probe_file", number_id=number_id, **msgspec.structs.asdict(known))

        await self._db.write(script)

    async def tried(self, number_id: int, last: Last) -> None:
        """How the last fetch ended, or the upload before it."""

        def script() -> Script[None]:
            yield self._sql(
                "set_probe_result",
                number_id=number_id,
                tried_at=last.at,
                operation=last.operation,
                outcome=last.outcome,
                said=last.said,
            )

        await self._db.write(script)

    async def failing(self, operation: str, outcomes: Collection[str], *, since: float, now: float) -> Item | None:
        """A file that waits after an attempt which ended in one of these classes, two at most; None without one."""
        one, *other = sorted(outcomes)

        def script() -> Script[Item | None]:
            rows = yield self._sql(
                "find_failing_item",
                newest=_NEWEST,
                since=since,
                operation=operation,
                one=one,
                other=other[0] if other else one,
                now=now,
            )
            return Item(int(rows[0][0]), rows[0][1], Target(*rows[0][2:8])) if rows else None

        return await self._db.read(script)
