"""Every fault of the simulator's catalogue against the whole fetcher: its class, its sentence, the item's state."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from penstock.adapters.blobs.disk import DiskBlobs
from penstock.adapters.graph.http import HttpGraph
from penstock.adapters.graph.limits import Limits
from penstock.core.work import Outcome
from penstock.demo.faults import EXPECTED, Seen, operation, verdict
from penstock.flow.fetcher import Fetcher
from penstock.flow.receiver import Receiver, Taken
from penstock.flow.registry import Registry
from penstock.ledger.book import Ledger
from penstock.ledger.rows import Media
from penstock.simulator import CATALOGUE, FaultRule, Platform, Scenario, Server

FILE = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256)) * 400
SOON = Limits(silence_s=3.0, head_s=3.0, drip_window_s=1.0)
PARAMETERS: dict[tuple[str, str], dict[str, Any]] = {
    ("slow", "lookup"): {"latency_s": 0.05},
    ("slow", "download"): {"latency_s": 0.05},
    ("drip", "lookup"): {"bytes_per_s": 20.0},
    ("drip", "download"): {"bytes_per_s": 1_000.0},  # the head gets through in time
}
Case = tuple[str, Any]  # a fault and its hop


def is_timeout(case: Case) -> bool:
    return verdict(EXPECTED[case], case[1]).outcome is Outcome.TIMEOUT


GROUPS: dict[str, list[Case]] = {
    "look-up": [case for case in EXPECTED if case[1] == "lookup" and not is_timeout(case)],
    "download": [case for case in EXPECTED if case[1] == "download" and not is_timeout(case)],
    "timeouts": [case for case in EXPECTED if is_timeout(case)],
}


def test_every_fault_has_its_line_at_every_hop_where_it_makes_sense() -> None:
    assert set(EXPECTED) == {(name, hop) for name, fault in CATALOGUE.items() for hop in fault.hops}


class Crowd:
    """One number for each case, all with a file, before one server that shows each number its own fault."""

    def __init__(self, ledger: Ledger, meta: Platform, numbers: Mapping[Case, str]) -> None:
        self.ledger, self.meta, self.numbers = ledger, meta, numbers
        self.rows: dict[Case, int] = {}

    async def announce(self, registry: Registry) -> None:
        for case, number in self.numbers.items():
            media = self.meta.upload(FILE, "image/jpeg", number=number)
            wamid = f"wamid.{number}"
            body = webhook(number, wamid, media.id, await self.ledger.now())
            signature = b"sha256=" + hmac.digest(b"app-secret", body, hashlib.sha256).hex().encode()
            assert isinstance(await Receiver(self.ledger, registry).take(body, signature), Taken)
            found = await self.ledger.shelf.message(wamid=wamid, workspace_id=None)
            assert found is not None
            self.rows[case] = found.media[0].id

    async def file(self, case: Case) -> Media:
        found = await self.ledger.shelf.media(self.rows[case], workspace_id=None)
        assert found is not None
        return found

    async def tried(self, case: Case) -> Media:
        """The file once it is attached, or has failed once and waits."""
        async with asyncio.timeout(60):
            while True:
                file = await self.file(case)
                if file.state == "attached" or (file.state != "fetching" and file.attempts):
                    return file
                await asyncio.sleep(0.02)

    async def attached(self, case: Case) -> None:
        async with asyncio.timeout(60):
            while (await self.file(case)).state != "attached":
                await asyncio.sleep(0.02)


def webhook(number: str, wamid: str, media_id: str, now: float) -> bytes:
    image = {"id": media_id, "mime_type": "image/jpeg"}
    message = {"from": "15550001234", "id": wamid, "timestamp": str(int(now) - 60), "type": "image", "image": image}
    value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": number}, "messages": [message]}
    changes = [{"field": "messages", "value": value}]
    return json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]}).encode()


@asynccontextmanager
async def crowd_of(cases: list[Case], ledger: Ledger, folder: Path, limits: Limits) -> AsyncIterator[Crowd]:
    numbers = {case: f"2000000000001{place:02}" for place, case in enumerate(cases)}
    faults = tuple(
        FaultRule(fault=case[0], hop=case[1], numbers=(number,), **PARAMETERS.get(case, {}))
        for case, number in numbers.items()
    )
    async with Platform(Scenario(servers=(Server(faults=faults),))) as meta:
        meta.add_token("token-a", "EAAGtokenA")
        for number in numbers.values():
            meta.add_number(number, app_secret=b"app-secret", callback="http://127.0.0.1:9/", token="token-a")
            await ledger.provisioning.add_number(
                number, workspace="acme", app="main", credential="token-a", now=await ledger.now()
            )
        graph = HttpGraph(
            graph_url=meta.graph_url,
            version="v26.0",
            media_hosts=meta.media_hosts,
            allow_insecure=True,
            limits=limits,
        )
        registry, blobs = Registry(ledger), DiskBlobs(folder / "blobs")
        fetcher = Fetcher(
            ledger, registry, graph, blobs, owner="one", concurrency=len(cases), jitter=lambda: 0.4, grace_s=0.1
        )
        for part in (registry, blobs, graph):
            await part.start()
        crowd = Crowd(ledger, meta, numbers)
        await crowd.announce(registry)
        await fetcher.start()
        try:
            yield crowd
        finally:
            for each in (fetcher, graph, blobs, registry):
                await each.stop()


async def looks_like(crowd: Crowd, case: Case) -> dict[str, Any]:
    """What became of a case."""
    file = await crowd.tried(case)
    last = (await crowd.ledger.shelf.attempts(file.id))[-1]
    return {
        "operation": last.operation,
        "seen": (last.status, last.graph_code, last.graph_subcode, (last.detail or "").partition(":")[0] or None),
        "class": last.outcome,
        "state": file.state,
        "sentence": file.reason,
        "soon": file.due_at is None or file.due_at < last.at + 30.0,
    }


def expected(case: Case) -> dict[str, Any]:
    seen: Seen = EXPECTED[case]
    judged = verdict(seen, case[1], age_s=1.0)  # it was announced just now
    return {
        "operation": "media.download" if seen.good else operation(seen, case[1]),
        "seen": (seen.status, seen.code, seen.subcode, seen.trouble.value if seen.trouble else None),
        "class": judged.outcome,
        "state": "attached" if seen.good else judged.final or "waiting",
        "sentence": None if seen.good else judged.sentence,
        "soon": not judged.sparing and judged.after_s is None,
    }


@pytest.mark.parametrize("group", GROUPS)
async def test_each_fault_ends_in_its_documented_class_and_state_and_costs_no_file(
    group: str, provisioned: Ledger, tmp_path: Path
) -> None:
    cases = GROUPS[group]
    limits = SOON if group == "timeouts" else Limits()
    async with crowd_of(cases, provisioned, tmp_path, limits) as crowd:
        assert {case: await looks_like(crowd, case) for case in cases} == {case: expected(case) for case in cases}
        assert crowd.meta.record.wrong_methods() == []
        # The fault is over: what was not asked to be patient comes by itself.
        crowd.meta.set_scenario(Scenario())
        for case in cases:
            if expected(case)["soon"]:
                await crowd.attached(case)
        [tally] = await provisioned.counts.tallies()
        assert (tally.received, tally.expired, tally.failed) == (len(cases), 0, 0)
