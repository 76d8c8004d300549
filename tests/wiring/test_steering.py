"""Every control of a watch is there once, and is the leader's own."""

import random
from pathlib import Path

from penstock.controls.rollouts.trial import Trials
from penstock.controls.watch.watch import Watch
from penstock.ledger.book import Ledger
from penstock.settings import FolderUrl, Settings, SqliteUrl
from penstock.wiring.recipes import Engines, graph_for
from penstock.wiring.steering import steering


async def test_each_leader_gets_controls_of_its_own_and_each_kind_once(ledger: Ledger, tmp_path: Path) -> None:
    settings = Settings(database_url=SqliteUrl(tmp_path / "other.db"), blobs_url=FolderUrl(tmp_path / "blobs"))
    trials = Trials(Engines(settings, graph_for(settings)).unrehearsed)
    makers = steering(
        ledger, watch=lambda: Watch(ledger, rng=random.Random(1)), trials=trials, token=lambda _name: None
    )
    first, second = [make() for make in makers], [make() for make in makers]
    assert len({type(each) for each in first}) == len(makers)
    assert not {id(each) for each in first} & {id(each) for each in second}
    for control in first:
        await control.look([], await ledger.now())
