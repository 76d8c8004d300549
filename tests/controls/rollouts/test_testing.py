"""The test stage: the rehearsal once, files one after the other, none behind an operator's gate."""

from collections.abc import Callable
from typing import Any

from penstock.controls.rollouts.kept import Asked, Kept
from penstock.controls.rollouts.testing import Testing
from penstock.controls.rollouts.trial import Compared, File, Open, Trials
from penstock.core.recipe import Recipe
from penstock.core.rollout import At, Judged, Move
from penstock.core.staging import TEST, Rollout
from penstock.ledger.book import Ledger

NOW = 1_795_000_000.0
WHO: Any = {"who": "cli:anna", "why": "a test"}


class Answered(Trials):
    """Trials whose files come out as they are told to; what leads to sockets is tried in ``test_trial``."""

    def __init__(self, opened: Open, *kinds: str) -> None:
        super().__init__(opened)
        self.kinds = list(kinds)
        self.files: list[File] = []
        self._answer: Compared | None = None

    @property
    def busy(self) -> bool:
        return self._answer is not None

    def compare(self, file: File, candidate: Recipe, current: Recipe) -> None:
        assert (candidate.label, current.label) == ("next/1", "standard/1")
        self.files.append(file)
        self._answer = Compared(file.media_row, self.kinds.pop(0), "a detail")

    def result(self) -> Compared | None:
        answer, self._answer = self._answer, None
        return answer


async def begun(ledger: Ledger) -> Rollout:
    await ledger.provisioning.set_workspace("acme", test=True)
    await ledger.recipes.add("next", **WHO)
    return await ledger.rollouts.start("next", salt="s", **WHO)


async def receive(ledger: Ledger, webhooks: Any, count: int) -> None:
    from penstock.core.reading import read

    messages = [webhooks.file(f"wamid.{number}", f"10{number}") for number in range(count)]
    body = webhooks.body(*messages)
    await ledger.journal.append(body, read(body), app_id=1, now=NOW)


async def go(testing: Testing, rollout: Rollout, kept: Kept, rounds: int) -> Judged:
    judged = Judged(None, "")
    for _ in range(rounds):
        judged = await testing.judged(At(TEST), rollout, kept, NOW, None)
        if judged.move is not None:
            break
    return judged


def token(_number: str) -> str:
    return "EAAGtokenA"


async def test_files_of_the_test_workspace_are_compared_until_enough_are_the_same(
    provisioned: Ledger, webhooks: Any, open_graph: Callable[..., Open]
) -> None:
    rollout = await begun(provisioned)
    await receive(provisioned, webhooks, 6)
    trials = Answered(open_graph(), "same", "unsure", "same", "failed", "same")
    kept = Kept(asked=Asked(files=3))
    judged = await go(Testing(provisioned, trials, token=token), rollout, kept, 20)

    assert judged.move is Move.ADVANCE
    assert (kept.tested.same, kept.tested.unsure, kept.tested.failed) == (3, 1, 1)
    assert len(set(kept.tested.files)) == len(trials.files) == 5
    assert {file.token for file in trials.files} == {"EAAGtokenA"}


async def test_a_file_that_is_different_takes_it_back(
    provisioned: Ledger, webhooks: Any, open_graph: Callable[..., Open]
) -> None:
    rollout = await begun(provisioned)
    await receive(provisioned, webhooks, 2)
    trials = Answered(open_graph(), "different")
    judged = await go(Testing(provisioned, trials, token=token), rollout, Kept(), 5)
    assert (judged.move, "A file came out otherwise" in judged.why) == (Move.ROLL_BACK, True)


async def test_without_files_it_waits_for_some(provisioned: Ledger, open_graph: Callable[..., Open]) -> None:
    rollout = await begun(provisioned)
    judged = await go(Testing(provisioned, Answered(open_graph()), token=token), rollout, Kept(), 3)
    assert judged.move is None
    assert "5 more files of a test workspace are needed" in judged.why


async def test_nothing_is_asked_behind_a_gate_that_an_operator_shut(
    provisioned: Ledger, webhooks: Any, open_graph: Callable[..., Open]
) -> None:
    rollout = await begun(provisioned)
    await receive(provisioned, webhooks, 2)
    await provisioned.gates.shut(
        {"workspace": "acme"}, owner="operator", by="cli:anna", why="quiet", now=NOW, opening=0
    )
    trials = Answered(open_graph(), "same", "same")
    testing = Testing(provisioned, trials, token=token)
    await go(testing, rollout, Kept(), 3)
    assert trials.files == []

    await provisioned.gates.open({"workspace": "acme"}, owner="operator", by="cli:anna", why="on", now=NOW)
    await provisioned.gates.shut({}, owner="breaker", by="breaker", why="they fail", now=NOW, opening=0, until=NOW + 99)
    await go(testing, rollout, Kept(asked=Asked(files=1)), 3)
    assert len(trials.files) == 1


async def test_it_asks_nothing_while_it_is_paused(
    provisioned: Ledger, webhooks: Any, open_graph: Callable[..., Open]
) -> None:
    rollout = await begun(provisioned)
    await receive(provisioned, webhooks, 2)
    trials = Answered(open_graph(), "same")
    judged = await Testing(provisioned, trials, token=token).judged(At(TEST, paused=True), rollout, Kept(), NOW, None)
    assert (judged.move, trials.files) == (None, [])
