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
from penstock.simulator import CATALOGUE, FaultRule, Media, Platform, Scenario, Server, one_fault

TOKEN = "EAAGtokenA"
FILE = bytes(range(256)) * 400  # 102,400 bytes
SOON = Limits(silence_s=0.3, head_s=0.6, answer_s=0.4, file_s=1.0, drip_window_s=0.2)

Expected = tuple[Trouble | None, Outcome]
DELIVERED: Expected = (None, Outcome.DELIVERED)
AT_THE_LOOK_UP: dict[str, Expected] = {
    "ok": DELIVERED,
    "form-405": DELIVERED,  # our request is a plain GET
    "form-400": DELIVERED,
    "form-honoured": DELIVERED,
    "get-405": (None, Outcome.CLIENT_BUG),
    "server-error": (None, Outcome.UPSTREAM),
    "maintenance": (None, Outcome.UPSTREAM),
    "hang": (Trouble.READ_TIMEOUT, Outcome.TIMEOUT),
    "slow": DELIVERED,
    "drip": (Trouble.READ_TIMEOUT, Outcome.TIMEOUT),
    "cut-short": (Trouble.CUT_SHORT, Outcome.UPSTREAM),
    "reset": (Trouble.RESET, Outcome.UPSTREAM),
    "wrong-hash": DELIVERED,  # the download finds it out
    "bad-json": (Trouble.NOT_JSON, Outcome.UPSTREAM),
    "throttle-429": (None, Outcome.THROTTLE),
    "throttle-400": (None, Outcome.THROTTLE),
    "token-190": (None, Outcome.AUTH),
    "unauthorized": (None, Outcome.AUTH),
    "permission": (None, Outcome.AUTH),
    "gone": (None, Outcome.GONE),
    "wrong-host": (Trouble.FOREIGN_URL, Outcome.UPSTREAM),
    "redirect": (Trouble.REDIRECT, Outcome.UPSTREAM),
    "html-page": (Trouble.HTML, Outcome.UPSTREAM),
    "error-in-200": (None, Outcome.UPSTREAM),
    "gzip": (Trouble.ENCODED, Outcome.UPSTREAM),
    "chunked": DELIVERED,
    "no-length": DELIVERED,
    "glued": DELIVERED,
    "two-lengths": (Trouble.BAD_FRAMING, Outcome.UPSTREAM),
    "length-and-chunked": (Trouble.BAD_FRAMING, Outcome.UPSTREAM),
    "endless-headers": (Trouble.ENDLESS_HEADERS, Outcome.UPSTREAM),
}
AT_THE_DOWNLOAD: dict[str, Expected] = {
    "ok": DELIVERED,
    "get-405": (None, Outcome.CLIENT_BUG),
    "server-error": (None, Outcome.UPSTREAM),
    "maintenance": (None, Outcome.UPSTREAM),
    "hang": (Trouble.READ_TIMEOUT, Outcome.TIMEOUT),
    "slow": DELIVERED,
    "drip": (Trouble.TOO_SLOW, Outcome.TIMEOUT),
    "cut-short": (Trouble.CUT_SHORT, Outcome.UPSTREAM),
    "reset": (Trouble.RESET, Outcome.UPSTREAM),
    "wrong-bytes": (Trouble.WRONG_HASH, Outcome.UPSTREAM),
    "shorter-bytes": (Trouble.WRONG_SIZE, Outcome.UPSTREAM),
    "throttle-429": (None, Outcome.THROTTLE),
    "throttle-400": (None, Outcome.THROTTLE),
    "token-190": (None, Outcome.AUTH),
    "unauthorized": (None, Outcome.AUTH),
    "permission": (None, Outcome.AUTH),
    "not-found": (None, Outcome.GONE),
    "redirect": (Trouble.REDIRECT, Outcome.UPSTREAM),
    "html-page": (Trouble.HTML, Outcome.UPSTREAM),
    "error-in-200": (Trouble.ERROR_BODY, Outcome.UPSTREAM),
    "gzip": (Trouble.ENCODED, Outcome.UPSTREAM),
    "chunked": DELIVERED,
    "no-length": DELIVERED,
    "glued": DELIVERED,
    "two-lengths": (Trouble.BAD_FRAMING, Outcome.UPSTREAM),
    "length-and-chunked": (Trouble.BAD_FRAMING, Outcome.UPSTREAM),
    "oversize": (Trouble.TOO_LONG, Outcome.UPSTREAM),
    "oversize-chunked": (Trouble.TOO_LONG, Outcome.UPSTREAM),
    "endless-headers": (Trouble.ENDLESS_HEADERS, Outcome.UPSTREAM),
}
PARAMETERS: dict[tuple[str, str], dict[str, Any]] = {
    ("slow", "lookup"): {"latency_s": 0.05},
    ("slow", "download"): {"latency_s": 0.05},
    ("drip", "lookup"): {"bytes_per_s": 100.0},
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


def test_every_fault_has_its_line() -> None:
    for hop, table in (("lookup", AT_THE_LOOK_UP), ("download", AT_THE_DOWNLOAD)):
        assert table.keys() == {name for name, fault in CATALOGUE.items() if hop in fault.hops}


@pytest.mark.parametrize("fault", AT_THE_LOOK_UP)
async def test_a_fault_at_the_look_up_ends_in_its_class(fault: str) -> None:
    trouble, outcome = AT_THE_LOOK_UP[fault]
    async with Platform(one_fault(rule(fault, "lookup"))) as platform:
        media = uploaded(platform)
        graph = graph_of(platform, patient=outcome is not Outcome.TIMEOUT)
        await graph.start()
        exchange, found = await graph.look_up(media.id, token=TOKEN)
        await graph.stop()
    judged = verdict_on(exchange)
    assert (exchange.trouble, judged.outcome, judged.final) == (trouble, outcome, None)
    assert (found is not None) == (outcome is Outcome.DELIVERED)


@pytest.mark.parametrize("fault", AT_THE_DOWNLOAD)
async def test_a_fault_at_the_download_ends_in_its_class(fault: str, sink: Sink) -> None:
    trouble, outcome = AT_THE_DOWNLOAD[fault]
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
