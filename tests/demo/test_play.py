"""The demo shows what it says: files of every kind arrive, each once, and the books add up."""

import asyncio
import shutil
from pathlib import Path

import aiohttp

from penstock.demo import play
from penstock.ledger.rows import Tally


async def test_every_act_shows_what_it_should_and_the_books_add_up() -> None:
    played = await play.acts(seed=3)
    assert played.clean
    calm, contract = played.acts.calm, played.acts.contract
    assert (calm.lost, calm.doubled) == (0, 0)
    assert calm.attached == calm.media > 0
    assert calm.messages > calm.media
    assert calm.p50_attach_s is not None
    assert calm.p99_attach_s is not None
    assert calm.p50_attach_s <= calm.p99_attach_s
    assert contract.requests_refused >= contract.files > 0
    assert (contract.requests_on_wire_with_wrong_method, contract.rolled_back) == (0, True)
    assert (contract.items_lost, contract.doubled) == (0, 0)
    seed = played.acts.incident
    assert (seed.operation_named, seed.text_delayed, seed.lost, seed.doubled) == ("media.look_up", 0, 0, 0)
    assert played.report is not None
    assert "<svg" in Path(played.report).read_text(encoding="utf-8")
    shutil.rmtree(Path(played.report).parent)
    outage = played.acts.outage
    assert outage.attached == outage.media > 0
    assert (outage.lost, outage.doubled) == (0, 0)
    assert outage.held_max > 0
    assert outage.recover_s is not None
    assert played.audit_ok


async def test_the_show_goes_on_until_it_is_stopped_and_lets_its_visitor_in() -> None:
    stopped = asyncio.Event()
    said: list[str] = []
    tallies: list[Tally] = []
    showing = asyncio.create_task(
        play.show(port=0, speed=1.0, seed=0, say=said.append, told=tallies.append, stopped=stopped)
    )
    async with asyncio.timeout(60):
        while not any(tally.attached for tally in tallies):
            await asyncio.sleep(0.05)
            assert not showing.done()
    [link] = [line.removeprefix("Open the inbox: ") for line in said if line.startswith("Open the inbox: ")]
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        async with http.get(link) as page:
            assert page.status == 200
        async with http.get(f"{link.partition('/login/')[0]}/inbox") as page:
            assert page.status == 200
            assert "Conversations" in await page.text()
    stopped.set()
    await showing
