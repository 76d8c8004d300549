"""Which processes are alive: those that beat lately and did not leave."""

from penstock.ledger.book import Ledger
from penstock.ledger.processes import ALIVE_S


async def test_a_process_is_alive_as_long_as_it_beats(ledger: Ledger) -> None:
    processes = ledger.processes
    await processes.beat("a", role="all", now=100.0)
    await processes.beat("b", role="fetcher", now=120.0)
    await processes.beat("a", role="receiver", now=121.0)

    assert await processes.alive(now=122.0) == [
        {"id": "a", "role": "receiver", "seen_at": 121.0},
        {"id": "b", "role": "fetcher", "seen_at": 120.0},
    ]
    assert [each["id"] for each in await processes.alive(now=120.5 + ALIVE_S)] == ["a"]


async def test_who_leaves_is_gone_and_who_is_long_gone_is_forgotten(ledger: Ledger) -> None:
    processes = ledger.processes
    await processes.beat("a", role="all", now=100.0)
    await processes.beat("b", role="all", now=100.0)
    await processes.leave("a")
    assert [each["id"] for each in await processes.alive(now=100.0)] == ["b"]
    await processes.beat("c", role="all", now=100.0 + 2 * 86_400)

    assert await processes.alive(now=100.0) == [{"id": "c", "role": "all", "seen_at": 100.0 + 2 * 86_400}]


async def test_the_last_beats_of_all_are_known_however_old(ledger: Ledger) -> None:
    await ledger.processes.beat("a", role="all", now=100.0)
    await ledger.processes.beat("b", role="all", now=5_000.0)
    await ledger.processes.beat("b", role="all", now=5_005.0)
    assert await ledger.processes.beats() == {"a": 100.0, "b": 5_005.0}
