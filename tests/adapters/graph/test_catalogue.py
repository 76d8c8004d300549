"""Every fault of the simulator's catalogue ends in its trouble and its class."""

import hashlib
import itertools
from typing import Any

import pytest
from tests.adapters.graph.conftest import Sink

from penstock.adapters.graph.http import HttpGraph
from penstock.adapters.graph.limits import Limits
from penstock.core.exchange import Exchange, Trouble
from penstock.core.verdict import Verdict, judge
from penstock.core.work import Outcome
from penstock.demo.faults import EXPECTED, verdict
from penstock.simulator import FaultRule, Media, Platform, Scenario, Server, one_fault
from penstock.simulator.catalogue import Hop

TOKEN = "EAAGtokenA"
FILE = bytes(range(256)) * 400  # 102,400 bytes
SOON = Limits(silence_s=2.0, head_s=2.0, drip_window_s=0.5)

PARAMETERS: dict[tuple[str, str], dict[str, Any]] = {
    ("slow", "lookup"): {"latency_s": 0.05},
    ("slow", "download"): {"latency_s": 0.05},
    ("drip", "lookup"): {"bytes_per_s": 20.0},
    ("drip", "download"): {"bytes_per_s": 1_000.0},  # the head gets through in time
}


def rule(fault: str, hop: str) -> FaultRule:
    return FaultRule(fault=fault, hop=hop, **PARAMETERS.get((fault, hop), {}))  # type: ignore[arg-type]


def graph_of(platform: Platform, *, patient: bool = True) -> HttpGraph:
    return HttpGraph(
        graph_url=platform.graph_url,
        version="v26.0",
        media_hosts=platform.media_hosts,
        allow_insecure=True,
        limits=Limits() if patient else SOON,
    )


def verdict_on(exchange: Exchange) -> Verdict:
    return judge(exchange, now=exchange.at, received_at=exchange.at - 3_600.0, deadline=exchange.at + 86_400.0)


def uploaded(platform: Platform) -> Media:
    platform.add_token("a", TOKEN)
    return platform.upload(FILE, "image/jpeg")


def expected(fault: str, hop: Hop) -> tuple[Trouble | None, Outcome]:
    """Trouble and class of a fault at the hop where it is made."""
    seen = EXPECTED[fault, hop]
    if seen.operation is not None:
        return None, Outcome.DELIVERED  # the other hop finds it out
    return seen.trouble, verdict(seen, hop).outcome


@pytest.mark.parametrize("fault", [fault for fault, hop in EXPECTED if hop == "lookup"])
async def test_a_fault_at_the_look_up_ends_in_its_class(fault: str) -> None:
    trouble, outcome = expected(fault, "lookup")
    async with Platform(one_fault(rule(fault, "lookup"))) as platform:
        media = uploaded(platform)
        graph = graph_of(platform, patient=outcome is not Outcome.TIMEOUT)
        await graph.start()
        exchange, found = await graph.look_up(media.id, token=TOKEN)
        await graph.stop()
    judged = verdict_on(exchange)
    assert (exchange.trouble, judged.outcome, judged.final) == (trouble, outcome, None)
    assert (found is not None) == (outcome is Outcome.DELIVERED)


@pytest.mark.parametrize("fault", [fault for fault, hop in EXPECTED if hop == "download"])
async def test_a_fault_at_the_download_ends_in_its_class(fault: str, sink: Sink) -> None:
    trouble, outcome = expected(fault, "download")
    async with Platform(one_fault(rule(fault, "download"))) as platform:
        media = uploaded(platform)
        graph = graph_of(platform, patient=outcome is not Outcome.TIMEOUT)
        await graph.start()
        _, found = await graph.look_up(media.id, token=TOKEN)
        assert found is not None
        exchange, received = await graph.download(
            found.url, token=TOKEN, write=sink.write, sha256=found.sha256, size=found.size
        )
        await graph.stop()
    judged = verdict_on(exchange)
    assert (exchange.trouble, judged.outcome, judged.final) == (trouble, outcome, None)
    assert (received is not None) == (outcome is Outcome.DELIVERED)
    if received is not None:
        assert (sink.data, received.sha256) == (FILE, hashlib.sha256(FILE).digest())


async def test_a_hash_that_the_look_up_got_wrong_is_found_out_by_the_download(sink: Sink) -> None:
    async with Platform(one_fault(rule("wrong-hash", "lookup"))) as platform:
        media = uploaded(platform)
        graph = graph_of(platform)
        await graph.start()
        _, found = await graph.look_up(media.id, token=TOKEN)
        assert found is not None
        exchange, _ = await graph.download(
            found.url, token=TOKEN, write=sink.write, sha256=found.sha256, size=found.size
        )
        await graph.stop()
    assert (exchange.trouble, verdict_on(exchange).fresh_url) == (Trouble.WRONG_HASH, True)


async def test_one_bad_server_of_a_fleet_is_left_behind_by_the_next_try() -> None:
    """What fails closes its connection, so that tries go round the fleet instead of staying with one server."""
    bad = Server(name="bad", count=1, faults=(FaultRule(fault="get-405"),))
    async with Platform(Scenario(servers=(bad, Server(name="good", count=2))), seed=3) as platform:
        media = uploaded(platform)
        graph = graph_of(platform)
        await graph.start()
        outcomes = [(await graph.look_up(media.id, token=TOKEN))[1] is not None for _ in range(40)]
        await graph.stop()
    assert outcomes.count(True) >= 30
    for earlier, later in itertools.pairwise(outcomes):
        assert not earlier or later  # a connection that worked is kept


async def test_a_file_that_is_out_of_date_is_gone(sink: Sink) -> None:
    async with Platform(Scenario()) as platform:
        platform.add_token("a", TOKEN)
        graph = graph_of(platform)
        await graph.start()
        exchange, _ = await graph.look_up("1234567890", token=TOKEN)
        await graph.stop()
    at = exchange.at
    assert judge(exchange, now=at, received_at=at - 8 * 86_400.0, deadline=at - 86_400.0).final == "expired"
    assert judge(exchange, now=at, received_at=at - 3_600.0, deadline=at + 86_400.0).final is None
