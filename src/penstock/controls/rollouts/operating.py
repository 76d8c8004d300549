"""What a person does to a rollout: start it, move it on, pause it, take it back.

What a person may skip is waiting for evidence; the order of the stages is the same, and a rollout that is over stays
over. Called by ``penstock rollout`` and ``web.api.rollouts``; what goes by itself is ``runner``'s.
"""

import re
import secrets

import msgspec

from penstock.controls.rollouts.kept import Asked, Kept, plain
from penstock.controls.rollouts.taking_back import taken_back
from penstock.core.errors import Conflict, NotFound, WrongUse
from penstock.core.rollout import FEW, At, Move, moved
from penstock.core.staging import DONE, Rollout
from penstock.ledger.book import Ledger

_LONGEST_WHY = 500
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
MOST_OUTCOMES, MOST_FILES = 1_000_000, 1_000


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A rollout that somebody wants."""

    recipe: str  # fast/2, or fast: its newest version
    by: str
    why: str
    without_test: bool = False  # no files of test workspaces are compared; its requests are rehearsed all the same
    only_test: bool = False  # it goes no further by itself than the test workspaces
    files: int = FEW  # that must come out the same
    outcomes: int | None = None  # that suffice at every stage


class Operating:
    """Rollouts by hand."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def start(self, order: Order) -> Rollout:
        """Begin. Raises WrongUse, NotFound, or Conflict, as when there is no test workspace and nobody said without."""
        why = reason(order.why)
        if order.outcomes is not None and not 1 <= order.outcomes <= MOST_OUTCOMES:
            raise WrongUse(f"the outcomes that suffice are 1 to {MOST_OUTCOMES:,}")
        if not 1 <= order.files <= MOST_FILES:
            raise WrongUse(f"the files that must come out the same are 1 to {MOST_FILES:,}")
        if order.only_test and order.without_test:
            raise WrongUse("--only-test and --without-test together leave nothing to be done")
        await self._ledger.recipes.get(order.recipe)  # what does not exist is said before what is missing for it
        workspaces = await self._ledger.provisioning.workspaces()
        tests = [row for row in workspaces if row["test"]]
        if not tests and not order.without_test:
            raise Conflict(
                "there is no test workspace to try it on first: mark one with `penstock workspace set NAME --test`, "
                "or start with --without-test"
            )
        asked = Asked(
            outcomes=order.outcomes,
            files=None if order.without_test else order.files,
            only_test=order.only_test,
            counts_tests=bool(tests) and len(tests) == len(workspaces),
        )
        salt = secrets.token_hex(8)
        return await self._ledger.rollouts.start(
            order.recipe, why=why, who=order.by, salt=salt, tally=plain(Kept(asked=asked))
        )

    async def move(self, move: Move, *, by: str, why: str) -> Rollout:
        """Move the rollout that is under way. Raises WrongUse, NotFound when there is none, or Conflict."""
        told = reason(why)
        rollout = await self.current()
        following = moved(At(rollout.stage, rollout.paused), move)
        if following is None:
            raise Conflict(f"rollout {rollout.id} is {'paused' if rollout.paused else 'not paused'}: {_instead(move)}")
        store = self._ledger.rollouts
        match move:
            case Move.ROLL_BACK:
                done = await taken_back(self._ledger, rollout.id, who=by, reason=told)
            case Move.PAUSE:
                done = await store.pause(rollout, who=by, reason=told)
            case Move.RESUME:
                done = await store.resume(rollout, who=by, reason=told)
            case Move.ADVANCE if following.stage == DONE:
                done = await store.finish(rollout, who=by, reason=told)
            case Move.ADVANCE:
                done = await store.set_stage(rollout, following.stage, who=by, reason=told)
        if done is None:
            raise Conflict(f"rollout {rollout.id} was changed meanwhile: look at it again")
        return done

    async def current(self) -> Rollout:
        """The rollout that is under way. Raises NotFound."""
        rollout = await self._ledger.rollouts.current()
        if rollout is None:
            raise NotFound("no rollout is under way: penstock rollout start RECIPE --why TEXT begins one")
        return rollout

    async def latest(self) -> Rollout:
        """The rollout that is under way, or the last one. Raises NotFound."""
        rows = await self._ledger.rollouts.latest(limit=1)
        if not rows:
            raise NotFound("there was no rollout yet: penstock rollout start RECIPE --why TEXT begins one")
        return rows[0]


def reason(why: str) -> str:
    """A reason in one line. Raises WrongUse when there is none."""
    told = " ".join(_CONTROLS.sub(" ", why.encode("utf-8", "replace").decode()).split())
    if not told or len(told) > _LONGEST_WHY:
        raise WrongUse(f"say why, in 1 to {_LONGEST_WHY} characters: it is kept in the audit log and shown to others")
    return told


def _instead(move: Move) -> str:
    """What to do in place of a move that is not possible."""
    if move is Move.RESUME:
        return "it goes on by itself"
    return "resume it first, or roll it back"
