"""Chooses the recipe of an item: the one in use, or the one that is rolled out where that has reached it.

It looks once a second, and at once when it is told that something has changed; when the ledger cannot be read the last
view goes on counting. A recipe that cannot be used on this machine is left to others: here the one before it stays.
Whom a rollout has reached is decided in ``core.staging``. Plugged into the fetcher's socket by ``wiring``.
"""

import asyncio
import contextlib
from collections.abc import Collection
from typing import Protocol

import msgspec
import structlog

from penstock.core import outage, staging
from penstock.core.errors import PenstockError
from penstock.core.recipe import STANDARD, Recipe
from penstock.core.staging import Rollout, View
from penstock.core.work import Claim
from penstock.flow.sockets import Chosen
from penstock.ledger.book import Ledger
from penstock.ledger.recipes import Mark

_log = structlog.get_logger()

_EVERY_S = 1.0  # whoever is told looks at once; this is for what was not heard


class Engines(Protocol):
    """What fetches by a recipe on this machine."""

    async def ready(self, recipe: Recipe) -> Chosen | None:
        """A recipe, ready to fetch; None when it cannot be used here, which is said once."""

    async def keep_only(self, recipes: Collection[Recipe]) -> None:
        """Put away what no other recipe needs."""


class Chooser:
    """The recipes of this moment. ``start`` it before use, ``stop`` it after; ``first`` is in use before that."""

    def __init__(self, ledger: Ledger, engines: Engines, *, first: Chosen) -> None:
        self._ledger = ledger
        self._engines = engines
        self._reading = asyncio.Lock()
        self._mark: Mark | None = None
        self._view: View | None = None
        self._whole = False  # everything in the view can be used here
        self._default = first
        self._in_use = [STANDARD]  # the recipes that are chosen from
        self._rollout: Rollout | None = None  # one that this machine takes part in
        self._canary = first
        self._task: asyncio.Task[None] | None = None

    def choose(self, claim: Claim, now: float) -> Chosen:
        """The recipe of an item at this moment."""
        del now
        rollout = self._rollout
        if rollout is not None and staging.reached(
            rollout, workspace=claim.workspace, conversation=claim.conversation_id, item=claim.id
        ):
            return self._canary
        return self._default

    @property
    def default(self) -> Chosen:
        """The recipe in use, for what is no item."""
        return self._default

    async def start(self) -> None:
        """Look, and go on looking."""
        await self.refresh()
        self._task = asyncio.create_task(self._keep(), name="recipes")

    async def stop(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def refresh(self) -> None:
        """Look now. Raises what the ledger raises; the view stays as it was then."""
        async with self._reading:  # a slow look must not bring an older view back
            look = await self._ledger.recipes.look(self._mark)
            view = self._view if look.view is None else look.view
            if view is not None and (look.view is not None or not self._whole):
                await self._take(view)
                self._view, self._mark = view, look.mark
            await self._engines.keep_only(self._in_use)

    async def _take(self, view: View) -> None:
        """Choose by another view from now on."""
        default = await self._engines.ready(view.default)
        canary = None if view.canary is None else await self._engines.ready(view.canary)
        self._whole = default is not None and (view.canary is None or canary is not None)
        before = self._default.label, self._rollout
        # From here to the end nothing is waited for: whoever chooses sees the one view or the other.
        if default is not None:
            self._default, self._in_use = default, [view.default]
        self._in_use = self._in_use[:1] + ([] if canary is None or view.canary is None else [view.canary])
        self._rollout = None if canary is None else view.rollout
        self._canary = self._default if canary is None else msgspec.structs.replace(canary, instead=self._default)
        if (self._default.label, self._rollout) != before:
            _log.info("recipes.changed", default=self._default.label, **_facts(self._rollout))

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_S)
            try:
                await self.refresh()
            except PenstockError as error:
                _log.log(outage.level(error), "recipes.stale", reason=str(error))
            except Exception:  # noqa: BLE001 -- a mistake of ours: what is in use stays in use
                _log.exception("recipes.failed")


def _facts(rollout: Rollout | None) -> dict[str, object]:
    if rollout is None:
        return {}
    return {"rollout": rollout.id, "recipe": rollout.recipe, "stage": rollout.shown_stage, "share": rollout.share}
