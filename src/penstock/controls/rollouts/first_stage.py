"""The test stage, step by step: the rehearsal, the synthetic probe's file where there is one, then files of test
workspaces, one at a time, until enough are the same.

What was found is kept with the rollout. Files that an operator's gate holds are left alone: whoever shut it wants
nothing asked of Meta. Decisions are ``core.rollout``'s, fetching is ``trial``'s. Used by ``runner``.
"""

from collections.abc import Callable

from penstock.controls.rollouts.kept import Kept
from penstock.controls.rollouts.trial import File, Trials
from penstock.core.gate import OPERATOR, Board
from penstock.core.rollout import At, Judged, Move, Tested, judge_test, passed
from penstock.core.staging import Rollout
from penstock.ledger.book import Ledger
from penstock.ledger.rows import Media

_PAGE = 50  # of a workspace's newest files that are looked through
_MOST_BYTES = 16_777_216  # a larger file shows nothing that a smaller one does not
_SOON_S = 60.0  # a file that expires sooner is left alone
PROBE = 0  # stands for the row of the synthetic probe's file, which has none
_TRIED = ("attached", "waiting")


class FirstStage:
    """One rollout's test at a time. ``token`` gives the token by which a number's files are fetched."""

    def __init__(self, ledger: Ledger, trials: Trials, *, token: Callable[[str], str | None]) -> None:
        self._ledger = ledger
        self._trials = trials
        self._token = token
        self._rehearsed: int | None = None  # the rollout whose requests were found to be the declared ones

    async def judged(
        self, at: At, rollout: Rollout, kept: Kept, now: float, *, violation: str | None, frozen: str | None = None
    ) -> Judged:
        """What the test says so far; it goes on by itself meanwhile, unless it is paused or ``frozen``."""
        refused, different = violation, None
        if refused is None and self._rehearsed != rollout.id:
            candidate = (await self._ledger.recipes.get(rollout.recipe)).recipe
            refused = await self._trials.rehearse(candidate)
            self._rehearsed = rollout.id if refused is None else None
        wanted = kept.asked.files
        if refused is None and wanted is not None:
            refused, different = self._taken(kept.tested)
            stays = at.paused or frozen is not None or passed(kept.tested, wanted)
            if refused is None and different is None and not stays and not self._trials.busy:
                await self._next(rollout, kept.tested, now)
        judged = judge_test(at, kept.tested, wanted=wanted, refused=refused, different=different, frozen=frozen)
        if judged.move is Move.ADVANCE and kept.asked.only_test:
            return Judged(None, f"The test is passed. {judged.why} It stays here until it is advanced or rolled back.")
        return judged

    def _taken(self, tested: Tested) -> tuple[str | None, str | None]:
        """Take what came of the last file; (why it is refused, what was different)."""
        result = self._trials.result()
        if result is None or result.media_row in tested.files:
            return None, None
        if result.kind == "refused":
            return result.detail, None
        if result.kind == "different":
            return None, result.detail
        tested.files.append(result.media_row)
        if result.media_row == PROBE:
            tested.probe = result.kind
        if result.kind == "same":
            tested.same += result.media_row != PROBE  # real files are what is wanted
        elif result.kind == "failed":
            tested.failed += 1
            tested.trouble = result.detail
        else:
            tested.unsure += 1
        return None, None

    async def _next(self, rollout: Rollout, tested: Tested, now: float) -> None:
        """Begin with another file, if there is one."""
        file = await self._file(rollout, tested, now)
        if file is None:
            return
        candidate = (await self._ledger.recipes.get(rollout.recipe)).recipe
        current = (await self._ledger.recipes.get(rollout.previous)).recipe
        self._trials.compare(file, candidate, current)

    async def _file(self, rollout: Rollout, tested: Tested, now: float) -> File | None:
        """The synthetic probe's file, where there is one and it was not fetched yet; then what came to be fetched."""
        gates = [gate for gate in await self._ledger.gates.active(now=now) if gate.owner == OPERATOR]
        board = Board(gates, self._ledger.hosts)
        if PROBE not in tested.files and (probe := await self._probe(board, now)) is not None:
            return probe
        for workspace in rollout.test_workspaces:
            for state in _TRIED:
                page = await self._ledger.shelf.media_list(workspace=workspace, state=state, limit=_PAGE)
                for media in page.items:
                    fits = media.deadline > now + _SOON_S and (media.size or media.declared_size or 0) <= _MOST_BYTES
                    if not fits or media.id in tested.files or self._held(board, media, now):
                        continue
                    if (token := self._token(media.phone_number_id)) is not None:
                        return File(media.id, media.media_id, token, media.sha256)
        return None

    async def _probe(self, board: Board, now: float) -> File | None:
        standing = await self._ledger.probes.standing()
        if standing is None or standing.known is None or now >= standing.known.dies_at:
            return None
        token = self._token(standing.target.phone_number_id)
        if token is None or board.holding(standing.target.facts, now) is not None:
            return None
        return File(PROBE, standing.known.media_id, token, standing.known.sha256)

    def _held(self, board: Board, media: Media, now: float) -> bool:
        """Whether an operator wants nothing fetched here; a gate on an app or a credential counts for every number."""
        facts = {"workspace": media.workspace, "number": media.phone_number_id, "kind": media.kind}
        everything = any(
            gate.opening == 0 and gate.scope.keys() & {"app", "credential"} for gate in board.gates.values()
        )
        return everything or board.holding(facts, now) is not None
