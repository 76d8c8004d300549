"""The show: files of every kind arrive until it is stopped. The acts, one after the other, are run by tests/cli."""

import asyncio

import aiohttp

from penstock.demo import play
from penstock.ledger.rows import Tally


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
