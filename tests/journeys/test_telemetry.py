"""A busy hour, watched by everything there is: nothing that leaves for those who watch holds a number or a token."""

import asyncio
import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.adapters.telemetry.otlp_receiver import Receiver

from penstock.simulator import FaultRule, Platform, Scenario, Server, Webhooks
from penstock.simulator.accounts import customer

CUSTOMERS = range(6)
KINDS = ("image", "audio", "video", "document", "sticker", "text")
FLEET = (
    Server(
        faults=(
            FaultRule(fault="server-error", hop="lookup", probability=0.2, first_n=1),
            FaultRule(fault="gone", hop="lookup", kinds=("sticker",)),
            FaultRule(fault="reset", hop="download", probability=0.2, first_n=1),
        )
    ),
)


@pytest.fixture
def collector() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


async def test_nothing_that_leaves_for_those_who_watch_holds_a_number_a_token_or_a_message_id(
    installation: Callable[[str], Any], collector: Receiver
) -> None:
    async with Platform(Scenario(servers=FLEET, webhooks=Webhooks(url=False))) as meta:
        it = installation(meta.graph_url)
        it.environ |= {
            "PENSTOCK_LOG_LEVEL": "debug",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_BSP_SCHEDULE_DELAY": "200",
        }
        it.start()
        await it.answers()
        await asyncio.to_thread(it.provision)
        it.introduce(meta)
        wamids = [(await meta.send(it.number, kind, customer=who)).wamid for who in CUSTOMERS for kind in KINDS]
        await asyncio.to_thread(it.run, "gate", "shut", "--workspace", "acme", "--why", "they asked for it")
        wamids += [(await meta.send(it.number, "image", customer=who)).wamid for who in CUSTOMERS]
        await meta.drain(60, hurry=True)
        await scraped(it.port, "penstock_media_held", least=6)
        await asyncio.to_thread(it.run, "gate", "open", "--workspace", "acme", "--why", "they are back")
        await scraped(it.port, "penstock_endings_total", least=30, ending="attached")
        meta.revoke_token("token")
        refused = [await meta.send(it.number, "image", customer=who) for who in CUSTOMERS]
        wamids += [each.wamid for each in refused]
        await meta.drain(60, hurry=True)
        await logged(it, "auth.shut")
        text = await scraped(it.port, "penstock_gates", least=1, owner="auth", opening="shut")
        await logged(it, "gate.shut", "gate.open", "media.attached", "media.delayed", "webhook.received")
        assert await it.stop() == 0

    log = it.log.read_text()
    assert all(json.loads(line)["event"] for line in log.splitlines())
    spans = {span.name for span in collector.spans}
    assert {"POST /webhooks/whatsapp/{app}", "process media", "GET /{version}/{media-id}", "GET"} <= spans
    linked = {link.span_id for span in collector.spans for link in span.links}
    assert linked & {span.span_id for span in collector.spans if span.name.startswith("POST")}
    phones = [customer(who).phone for who in CUSTOMERS]
    secrets = [*wamids, *(wamid.removeprefix("wamid.") for wamid in wamids), *phones, it.token, it.secret]
    for said in (log, collector.raw.decode("latin-1"), text):
        assert [secret for secret in secrets if secret and secret in said] == []
        assert re.findall(r"wamid\.[A-Za-z0-9]|EAA[A-Za-z0-9]{5}|Bearer |access_token", said) == []


async def scraped(port: int, name: str, *, least: float, **labels: str) -> str:
    """The exposition, once a sample in it is at least so much."""
    async with asyncio.timeout(180):
        while True:
            text = await asyncio.to_thread(_scrape, port)
            for family in text_string_to_metric_families(text):
                for sample in family.samples:
                    if sample.name == name and sample.labels == labels and sample.value >= least:
                        return text
            await asyncio.sleep(0.3)


def _scrape(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        return str(answer.read().decode())


async def logged(it: Any, *events: str) -> None:
    """Wait until these stand in the log."""
    async with asyncio.timeout(180):
        while not all(f'"event":"{event}"' in it.log.read_text() for event in events):
            await asyncio.sleep(0.3)
