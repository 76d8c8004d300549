"""The rollout act: a good candidate reaches everybody by itself, a bad one is taken back by itself, and nothing is lost."""

from pathlib import Path

from penstock.demo import rollout
from penstock.demo.stage import Stage
from penstock.flow.auditing import audit
from penstock.simulator import Scenario


async def test_a_good_candidate_is_promoted_and_a_bad_one_taken_back(tmp_path: Path) -> None:
    async with Stage(tmp_path, Scenario(), seed=3) as stage:
        figures = await rollout.play(stage)
        in_use = (await stage.instance.ledger.recipes.look(None)).view
        books = await audit(stage.instance.ledger, stage.instance.blobs)

    assert figures.stages == ("test", "1", "5", "25", "100", "done")
    assert figures.promoted_s is not None
    assert figures.bad_candidate_rolled_back_s is not None
    assert figures.bad_candidate_failures > 0
    assert in_use is not None
    assert in_use.default.label == "next/1"
    assert figures.attached == figures.media > 0
    assert (figures.lost, figures.doubled) == (0, 0)
    assert books.ok
