"""Rollouts through the API: viewers see them, operators start and move them; for tokens that are for all workspaces.

A rollout concerns everybody. Its endpoints stand here, for they belong to nothing else; ``routes`` adds them to the
table.
"""

from typing import Annotated

from msgspec import Meta, Struct

from penstock.controls.rollouts.kept import evidence
from penstock.controls.rollouts.operating import MOST_FILES, MOST_OUTCOMES, Operating, Order
from penstock.core import staging
from penstock.core.rollout import FEW, Move
from penstock.ledger.book import Ledger
from penstock.web.api.endpoint import Ask, Endpoint, NoQuery, missing
from penstock.web.api.shapes import Time
from penstock.web.problems import ProblemError
from penstock.web.words import rfc3339, utc

_MOST_DIGITS = 18  # of a row's number

Why = Annotated[str, Meta(min_length=1, max_length=500, description="kept in the audit log and shown to others")]


class Rollout(Struct, frozen=True):
    """A recipe on its way to everybody."""

    id: int
    recipe: str
    previous: Annotated[str, Meta(description="the recipe that everybody has who is not reached")]
    stage: Annotated[str, Meta(description="test, 1, 5, 25, 100, done, rolled-back or paused")]
    paused_at: Annotated[str | None, Meta(description="the stage at which it is paused")]
    share: Annotated[float, Meta(description="of the buckets that it reaches, 0 to 1")]
    unit: Annotated[str, Meta(description="what is put into buckets: workspace or conversation")]
    test_workspaces: list[str]
    outcomes: Annotated[int, Meta(description="first attempts with the recipe at this stage; in the test, files")]
    failures: int
    evidence: Annotated[str, Meta(description="in words")]
    log_e: Annotated[float, Meta(description="the evidence against it: a natural logarithm; 9.21 rolls back")]
    reason: Annotated[str, Meta(description="of the last change")]
    by: str
    why: str
    started_at: Time
    since: Annotated[Time, Meta(description="of the last change")]
    ended_at: Time | None


class RolloutNew(Struct, forbid_unknown_fields=True):
    """A rollout to start."""

    recipe: Annotated[str, Meta(min_length=1, max_length=80, description="fast/2, or fast: its newest version")]
    why: Why
    without_test: Annotated[bool, Meta(description="compare no files of test workspaces")] = False
    only_test: Annotated[bool, Meta(description="stay with the test workspaces until it is moved by hand")] = False
    files: Annotated[int, Meta(ge=1, le=MOST_FILES, description="that must come out the same")] = FEW
    outcomes: Annotated[int, Meta(ge=1, le=MOST_OUTCOMES, description="suffice at every stage")] | None = None


class RolloutMove(Struct, forbid_unknown_fields=True):
    """What to do with the rollout that is under way."""

    move: Annotated[str, Meta(description="advance, pause, resume or rollback")]
    why: Why


class RolloutQuery(Struct, forbid_unknown_fields=True):
    """Which rollouts."""

    before: Annotated[int, Meta(ge=1, description="`next` of the page before")] | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class RolloutPage(Struct, frozen=True):
    """Rollouts, the newest first."""

    rollouts: list[Rollout]
    next: Annotated[int | None, Meta(description="older ones are before this number")]


class Rollouts:
    """The handlers."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._operating = Operating(ledger)

    def endpoints(self) -> tuple[Endpoint, ...]:
        """What the API offers of them."""
        return (
            Endpoint(
                method="GET",
                path="/rollouts",
                summary="Rollouts, the newest first",
                work=self.rollouts,
                query=RolloutQuery,
                answer=RolloutPage,
                everywhere=True,
            ),
            Endpoint(
                method="POST",
                path="/rollouts",
                summary="Begin to roll out a recipe",
                work=self.start,
                body=RolloutNew,
                answer=Rollout,
                status=201,
                role="operator",
                everywhere=True,
                errors=(404, 408, 409, 413),
            ),
            Endpoint(
                method="GET",
                path="/rollouts/{id}",
                summary="One rollout, with the evidence in words",
                work=self.rollout,
                answer=Rollout,
                everywhere=True,
                errors=(404,),
            ),
            Endpoint(
                method="POST",
                path="/rollouts/{id}/move",
                summary="Move the rollout that is under way on, pause it, resume it, or take it back",
                work=self.move,
                body=RolloutMove,
                answer=Rollout,
                role="operator",
                everywhere=True,
                errors=(404, 408, 409, 413),
            ),
        )

    async def rollouts(self, _ask: Ask, query: RolloutQuery) -> RolloutPage:
        """Rollouts, the newest first."""
        found = await self._ledger.rollouts.latest(before=query.before, limit=query.limit + 1)
        rows = found[: query.limit]
        return RolloutPage([_rollout(row) for row in rows], rows[-1].id if len(found) > query.limit else None)

    async def rollout(self, ask: Ask, _query: NoQuery) -> Rollout:
        """One rollout."""
        return _rollout(await self._ledger.rollouts.get(_number(ask)))

    async def start(self, ask: Ask, _query: NoQuery, new: RolloutNew) -> Rollout:
        """Begin one."""
        order = Order(
            recipe=new.recipe,
            by=f"token:{ask.access.name}",
            why=new.why,
            without_test=new.without_test,
            only_test=new.only_test,
            files=new.files,
            outcomes=new.outcomes,
        )
        return _rollout(await self._operating.start(order))

    async def move(self, ask: Ask, _query: NoQuery, given: RolloutMove) -> Rollout:
        """Move the one that is under way; naming another one is refused."""
        if given.move not in set(Move):
            raise ProblemError(400, f"a rollout is moved by one of {', '.join(Move)}, not {given.move[:40]!r}")
        row = await self._ledger.rollouts.get(_number(ask))
        if not row.running:
            raise ProblemError(409, f"rollout {row.id} is over: it is {row.stage}")
        return _rollout(await self._operating.move(Move(given.move), by=f"token:{ask.access.name}", why=given.why))


def _number(ask: Ask) -> int:
    text = ask.text("id")
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise missing()
    return int(text)


def _rollout(row: staging.Rollout) -> Rollout:
    return Rollout(
        id=row.id,
        recipe=row.recipe,
        previous=row.previous,
        stage=row.shown_stage,
        paused_at=row.stage if row.paused else None,
        share=row.share,
        unit=row.unit,
        test_workspaces=list(row.test_workspaces),
        outcomes=row.progress.outcomes,
        failures=row.progress.failures,
        evidence=evidence(row),
        log_e=round(row.progress.evidence, 3),
        reason=row.reason,
        by=row.by,
        why=row.why,
        started_at=rfc3339(row.started_at),
        since=rfc3339(row.since),
        ended_at=utc(row.ended_at),
    )
