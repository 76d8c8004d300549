"""The outage act on a cluster's database: the gate shuts by itself, lets through probes only, and everything comes."""

from pathlib import Path

from penstock.demo import outage
from penstock.demo.stage import Stage
from penstock.flow.auditing import audit
from penstock.settings import PostgresUrl
from penstock.settings.values import database_url
from penstock.simulator import Scenario


async def test_on_postgresql_too_the_fleet_goes_down_and_comes_back_and_nothing_is_lost(
    tmp_path: Path, postgres_url: str
) -> None:
    database = database_url(postgres_url)
    assert isinstance(database, PostgresUrl)
    async with Stage(tmp_path, Scenario(), database=database) as stage:
        figures = await outage.play(stage, shut_s=8.0)
        report = await audit(stage.instance.ledger, stage.instance.blobs)
    assert figures.attached == figures.media > 0
    assert (figures.lost, figures.doubled) == (0, 0)
    assert figures.held_max > 0
    assert figures.calls_per_s_while_shut is not None
    assert figures.calls_per_s_while_shut <= 0.5
    assert report.ok
