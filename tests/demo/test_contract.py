"""The contract act: a legacy client in use, nothing of it on the wire, every file there in the end."""

import asyncio
from pathlib import Path

from penstock.demo import contract
from penstock.demo.legacy import send_legacy
from penstock.demo.stage import NUMBER, Stage
from penstock.simulator import Scenario, Webhooks
from penstock.wiring.instance import Instance


async def test_the_legacy_form_is_refused_and_put_back_and_every_file_comes(tmp_path: Path) -> None:
    async with Stage(tmp_path, Scenario(webhooks=Webhooks(url=False))) as stage:
        figures = await contract.play(stage, messages=10)
        lookups = stage.platform.record.lookups()
        text = stage.instance.metrics.text().decode()
    assert figures.files == figures.requests_refused == 7
    assert (figures.requests_on_wire_with_wrong_method, figures.rolled_back, figures.items_lost) == (0, True, 0)
    assert {request.method for request in lookups} == {"GET"}
    assert 'penstock_contract_rejects_total{operation="media.look_up"} 7.0' in text


async def test_text_does_not_wait_while_every_file_does(tmp_path: Path) -> None:
    async with Stage(tmp_path, Scenario()) as stage:
        stage.fetching.use(send_legacy)
        await stage.platform.send(NUMBER, "image")
        sent = await stage.platform.send(NUMBER, "text")
        await stage.platform.drain(60)
        message = await stage.instance.ledger.shelf.message(wamid=sent.wamid, workspace_id=None)
        assert message is not None
        [tally] = await stage.instance.ledger.counts.tallies()
        assert (tally.received, tally.attached, tally.failed, tally.expired) == (1, 0, 0, 0)


async def test_a_mended_release_fetches_what_the_broken_one_was_refused_as_soon_as_it_starts(tmp_path: Path) -> None:
    async with Stage(tmp_path, Scenario()) as stage:
        stage.fetching.use(send_legacy)
        wamid = (await stage.platform.send(NUMBER, "image")).wamid
        await stage.platform.drain(60)
        async with asyncio.timeout(60):
            while not await stage.instance.ledger.counts.refused():
                await asyncio.sleep(0.02)
        await stage.instance.stop()
        mended = Instance(stage._settings(0))
        await mended.start()
        async with asyncio.timeout(60):
            while not (await mended.ledger.counts.tallies())[0].attached:
                await asyncio.sleep(0.02)
        sent = await mended.ledger.shelf.message(wamid=wamid, workspace_id=None)
        assert sent is not None
        refused, *_, last = await mended.ledger.shelf.attempts(sent.media[0].id)
        await mended.stop()
    assert last.at - refused.at < 50  # its retry would have been due after a minute
