"""Rollouts as rows: begun, widened, paused, rolled back or finished, each a compare-and-set with its audit entry.

One at most has not ended. Whoever changes it names the revision that it saw, so that of two who decide at once one is
told that it was changed meanwhile; rolling back needs no revision, for it must always be possible. What was counted is
kept beside it, each attempt once. Decisions are made elsewhere. Called by ``controls.rollouts``, ``cli`` and
``web.api``.
"""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType

import msgspec

from penstock.adapters.db.port import Database, Row, Script
from penstock.core import buckets, staging
from penstock.core import recipe as recipes
from penstock.core.errors import Conflict, NotFound, WrongUse
from penstock.core.incident import Kind
from penstock.core.staging import Progress, Rollout
from penstock.ledger.audit_log import Entry, entered
from penstock.ledger.incidents import noted_open
from penstock.ledger.signals import RECIPES, told
from penstock.ledger.statements import Statements

_LAST = (1 << 63) - 1
_STARTED = "started"
NOTHING: Mapping[str, object] = MappingProxyType({})


class Rollouts:
    """The rollouts of an installation. What changes one gives it as it is then; None: it is not as it was seen."""

    def __init__(self, db: Database, sql: Statements) -> None:
        self._db = db
        self._sql = sql

    # -- looking ----------------------------------------------------------------------------

    async def current(self) -> Rollout | None:
        """The rollout that has not ended, if there is one."""
        return await self._db.read(lambda: running(self._sql))

    async def get(self, id_: int) -> Rollout:
        """One rollout. Raises NotFound."""

        def script() -> Script[Rollout]:
            found = yield from self._found(id_)
            if found is None:
                raise NotFound(f"there is no rollout {id_}: penstock rollout list shows those there are")
            return found

        return await self._db.read(script)

    async def latest(self, *, before: int | None = None, limit: int = 50) -> list[Rollout]:
        """Rollouts, the newest first."""

        def script() -> Script[list[Rollout]]:
            rows = yield self._sql("list_rollouts", before=_LAST if before is None else before, limit=limit)
            return [_rollout(row) for row in rows]

        return await self._db.read(script)

    # -- changing ---------------------------------------------------------------------------

    async def start(
        self, recipe: str, *, why: str, who: str, salt: str, tally: Mapping[str, object] = NOTHING
    ) -> Rollout:
        """Begin to roll out a recipe, by its label, or by its name: its newest version. Test workspaces are first.

        ``tally`` is what whoever judges it begins with, of what JSON can hold.
        Raises WrongUse, NotFound, or Conflict when it is in use already or another rollout has not ended.
        """
        name, version = recipes.read_label(recipe)
        now = await self._db.now()

        def script() -> Script[Rollout]:
            yield self._sql("lock_audit_head")
            under_way = yield from running(self._sql)
            if under_way is not None:
                raise Conflict(
                    f"rollout {under_way.id} of {under_way.recipe} has not ended: finish it or roll it back first"
                )
            versions = [int(row[1]) for row in (yield self._sql("list_versions", name=name))]
            if not versions or version not in {None, *versions}:
                raise NotFound(f"there is no recipe {recipe}: penstock recipe list shows those there are")
            label = f"{name}/{versions[-1] if version is None else version}"
            previous = str((yield self._sql("get_recipe_in_use"))[0][0])
            if label == previous:
                raise Conflict(f"{label} is what everybody has already")
            workspaces = yield self._sql("list_workspaces")
            tests = [str(row[1]) for row in workspaces if row[2]]
            rows = yield self._sql(
                "insert_rollout",
                recipe=label,
                previous=previous,
                salt=salt,
                unit=buckets.unit(len(workspaces)),
                test_workspaces=json.dumps(tests),
                stage=staging.TEST,
                share=staging.SHARES[staging.TEST],
                reason=_STARTED,
                by_whom=who,
                why=why,
                now=now,
                tally=json.dumps(dict(tally)),
            )
            made = yield from self._found(int(rows[0][0]))
            assert made is not None
            said = f"Rollout {made.id} of {made.recipe} began: {why}"
            yield from noted_open(self._sql, Kind.ROLLOUT, said, at=now, actor=who)
            yield from entered(self._sql, _entry(who, "rollout.start", made, why, None, made), now)
            yield told(self._sql, RECIPES)
            return made

        return await self._db.write(script)

    async def set_stage(self, seen: Rollout, stage: str, *, who: str, reason: str) -> Rollout | None:
        """Reach more: a later stage than the one it is at. Raises WrongUse for any other."""
        if stage not in staging.later(seen.stage):
            raise WrongUse(
                f"a rollout at {seen.stage} only goes on: to {', '.join(staging.later(seen.stage)) or 'its end'}"
            )
        wanted = msgspec.structs.replace(seen, stage=stage, share=staging.SHARES[stage])
        return await self._change(seen, wanted, "rollout.advance", who, reason)

    async def pause(self, seen: Rollout, *, who: str, reason: str) -> Rollout | None:
        """Let it reach nobody new until it is resumed."""
        return await self._change(seen, msgspec.structs.replace(seen, paused=True), "rollout.pause", who, reason)

    async def resume(self, seen: Rollout, *, who: str, reason: str) -> Rollout | None:
        """Go on."""
        return await self._change(seen, msgspec.structs.replace(seen, paused=False), "rollout.resume", who, reason)

    async def roll_back(self, id_: int, *, who: str, reason: str) -> Rollout | None:
        """Take it back from everybody, whatever was changed meanwhile; None when it has ended already."""
        now = await self._db.now()

        def script() -> Script[Rollout | None]:
            yield self._sql("lock_audit_head")
            seen = yield from self._found(id_)
            if seen is None or not seen.running:
                return None
            wanted = msgspec.structs.replace(seen, stage=staging.ROLLED_BACK, share=0.0, paused=False)
            return (yield from self._changed(seen, wanted, "rollout.rollback", who, reason, now))

        return await self._db.write(script)

    async def finish(self, seen: Rollout, *, who: str, reason: str) -> Rollout | None:
        """Make its recipe the one that is in use, and end it. Raises WrongUse unless it has reached everybody."""
        if seen.stage != staging.WHOLE:
            raise WrongUse(f"rollout {seen.id} has not reached everybody: it is at {seen.stage}")
        wanted = msgspec.structs.replace(seen, stage=staging.DONE, share=1.0, paused=False)
        return await self._change(seen, wanted, "rollout.done", who, reason)

    async def count(self, seen: Rollout, progress: Progress) -> bool:
        """Keep what was counted since ``seen``; False when somebody else has counted, or it has ended."""

        def script() -> Script[bool]:
            rows = yield self._sql(
                "count_rollout",
                id=seen.id,
                counted=seen.progress.last_attempt,
                outcomes=progress.outcomes,
                failures=progress.failures,
                evidence=progress.evidence,
                tally=json.dumps(progress.tally),
                last_attempt=progress.last_attempt,
            )
            return bool(rows)

        return await self._db.write(script)

    # -- parts of the scripts above ---------------------------------------------------------

    async def _change(self, seen: Rollout, wanted: Rollout, action: str, who: str, reason: str) -> Rollout | None:
        now = await self._db.now()

        def script() -> Script[Rollout | None]:
            yield self._sql("lock_audit_head")
            return (yield from self._changed(seen, wanted, action, who, reason, now))

        return await self._db.write(script)

    def _changed(
        self, seen: Rollout, wanted: Rollout, action: str, who: str, reason: str, now: float
    ) -> Script[Rollout | None]:
        rows = yield self._sql(
            "set_rollout",
            id=seen.id,
            revision=seen.revision,
            stage=wanted.stage,
            share=wanted.share,
            paused=int(wanted.paused),
            reason=reason,
            now=now,
            ended_at=None if wanted.running else now,
        )
        if not rows:
            return None
        if wanted.stage == staging.DONE:
            yield self._sql("set_recipe_in_use", recipe=wanted.recipe)
        found = yield from self._found(seen.id)
        assert found is not None
        yield from noted_open(self._sql, Kind.ROLLOUT, _line(action, found), at=now, actor=who)
        yield from entered(self._sql, _entry(who, action, found, reason, seen, found), now)
        yield told(self._sql, RECIPES)
        return found

    def _found(self, id_: int) -> Script[Rollout | None]:
        rows = yield self._sql("get_rollout", id=id_)
        return _rollout(rows[0]) if rows else None


def running(sql: Statements) -> Script[Rollout | None]:
    """The part of a script that reads the rollout that has not ended."""
    rows = yield sql("get_running_rollout")
    return _rollout(rows[0]) if rows else None


def _entry(who: str, action: str, about: Rollout, why: str, before: Rollout | None, after: Rollout) -> Entry:
    return Entry(who, action, {"rollout": about.id, "recipe": about.recipe}, why, _told(before), _told(after))


def _line(action: str, row: Rollout) -> str:
    """What changed, for the timeline of an incident that is open meanwhile."""
    how = {
        "rollout.advance": f"reaches {100 * row.share:.0f} % of the {row.unit}s",
        "rollout.pause": "was paused",
        "rollout.resume": "goes on",
        "rollout.rollback": "was rolled back",
        "rollout.done": "is over: it is what everybody has",
    }
    return f"Rollout {row.id} of {row.recipe} {how[action]}. {row.reason}"


def _told(row: Rollout | None) -> Mapping[str, object] | None:
    if row is None:
        return None
    return {key: getattr(row, key) for key in ("stage", "share", "paused", "previous", "since")}


# Rows become values by position; the types of their columns are the schema's business.
_new_rollout: Callable[..., Rollout] = Rollout


def _rollout(row: Row) -> Rollout:
    facts, (outcomes, failures, evidence, tally, last_attempt) = row[:16], row[16:]
    known = [*facts[:6], tuple(json.loads(facts[6])), *facts[7:9], bool(facts[9]), *facts[10:]]
    return _new_rollout(*known, Progress(outcomes, failures, evidence, json.loads(tally), last_attempt))
