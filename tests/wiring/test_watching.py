"""Who is told: several witnesses as one, none of which can hurt the flow, and a collector only where one was named."""

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from penstock.core.errors import StoreUnavailable
from penstock.core.work import Attached, Attempt, Claim, Ending, Outcome
from penstock.flow.receiver import Receiver, Refused, Taken
from penstock.flow.registry import Registry
from penstock.ledger.book import Ledger
from penstock.wiring.watching import Telemetry, WatchedReceiver, Witnesses, open_telemetry

CLAIM = Claim(1, 1, 1, "acme", 1, "1", "main", 1, "token-a", "image", "m", "w", 0.0, 1.0, 0)
ATTEMPT = Attempt(0, "media.look_up", "GET", "GET", "h", "1.1.1.1", 503, None, None, None, Outcome.UPSTREAM, 0.2, "r")
ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}


class Noting:
    """A witness that notes what it is told, or raises."""

    def __init__(self, *, broken: bool = False) -> None:
        self.told: list[object] = []
        self.asked = 0
        self._broken = broken

    def attempted(self, claim: Claim, attempt: Attempt) -> None:
        self.asked += 1
        if self._broken:
            raise RuntimeError("a mistake")
        self.told.append(attempt)

    def ended(self, claim: Claim, ending: Ending) -> None:
        self.asked += 1
        if self._broken:
            raise RuntimeError("a mistake")
        self.told.append(ending)


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    with capture_logs() as captured:
        yield captured


def test_every_witness_is_told() -> None:
    first, second = Noting(), Noting()
    both = Witnesses(first, second)
    ending = Attached(1, b"", "image/jpeg")
    both.attempted(CLAIM, ATTEMPT)
    both.ended(CLAIM, ending)

    assert first.told == second.told == [ATTEMPT, ending]


def test_a_witness_that_raises_is_told_of_once_and_left_alone(lines: list[Any]) -> None:
    broken, well = Noting(broken=True), Noting()
    both = Witnesses(broken, well)
    for _ in range(3):
        both.attempted(CLAIM, ATTEMPT)
        both.ended(CLAIM, Attached(1, b"", "image/jpeg"))

    assert broken.asked == 2  # once of each
    assert len(well.told) == 6
    assert [line["event"] for line in lines] == ["telemetry.failed"] * 2


def opened(environ: dict[str, str]) -> Telemetry:
    return open_telemetry(environ, instance="a-process", key=b"key", clock=lambda: 0.0)


async def test_without_an_endpoint_nothing_is_opened_and_nothing_said(ledger: Ledger, lines: list[Any]) -> None:
    telemetry = opened({})
    receiver = Receiver(ledger, Registry(ledger))
    await telemetry.start()
    await telemetry.stop()

    assert telemetry.witnesses() == []
    assert telemetry.watched(receiver, clock=ledger.clock) is receiver
    assert lines == []


def test_a_protocol_that_is_not_spoken_is_said(lines: list[Any]) -> None:
    assert opened(ENDPOINT | {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}).collector is None
    assert [line["event"] for line in lines] == ["telemetry.off"]


def test_a_collector_without_the_extra_is_said(lines: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "penstock.adapters.telemetry.opening", None)

    assert opened(ENDPOINT).collector is None
    assert "penstock[otel]" in lines[0]["why"]


def test_without_a_collector_nothing_of_opentelemetry_is_loaded() -> None:
    said = "import sys, penstock.wiring.instance; print([n for n in sys.modules if n.startswith('opentelemetry')])"
    run = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True, timeout=300)

    assert run.stdout == "[]\n"


def test_the_tests_run_what_the_extra_asks_for() -> None:
    root = Path(__file__).resolve().parents[2]
    extra = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]["otel"]
    pinned = (root / "requirements" / "dev.txt").read_text("utf-8")
    served = (root / "requirements" / "runtime.txt").read_text("utf-8")

    for name in (requirement.partition(">=")[0] for requirement in extra):
        assert f"\n{name}==" in pinned
        assert name not in served


async def test_a_named_collector_is_told_of_everything(lines: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENDPOINT.items():
        monkeypatch.setenv(name, value)
    telemetry = opened(ENDPOINT)
    await telemetry.start()

    assert len(telemetry.witnesses()) == 2
    assert lines[0] == {"event": "telemetry.on", "log_level": "info", "traces": True, "metrics": True}
    await telemetry.stop()


class Arrivals:
    """What stands in a collector's place for webhooks: both of its sides, noted."""

    def __init__(self, *, broken: bool = False) -> None:
        self.told: list[tuple[int, int | None, int]] = []
        self.spans = self.meters = self
        self._broken = broken

    def arrived(self, began: float, status: int, *, messages: int, webhook_id: int | None = None) -> None:
        assert began >= 0
        if self._broken:
            raise RuntimeError("a mistake")
        self.told.append((status, webhook_id, messages))


async def test_a_webhook_is_told_with_its_number_and_its_answer(
    provisioned: Ledger, webhooks: Any, signed: Any
) -> None:
    arrivals: Any = Arrivals()
    registry = Registry(provisioned)
    await registry.refresh()
    receiver = WatchedReceiver(Receiver(provisioned, registry), arrivals, clock=provisioned.clock)
    body = webhooks.body(webhooks.text("wamid.A"), webhooks.text("wamid.B"))
    taken = await receiver.take(body, signed(body))
    refused = await receiver.take(body, b"sha256=00")

    assert isinstance(taken, Taken)
    assert isinstance(refused, Refused)
    assert arrivals.told[0] == (200, taken.receipt.webhook_id, 2)
    assert arrivals.told[1] == (200, None, 2)
    assert arrivals.told[2][0] == 401


async def test_a_webhook_that_cannot_be_stored_is_told_and_raised(
    provisioned: Ledger, webhooks: Any, signed: Any
) -> None:
    arrivals: Any = Arrivals()
    registry = Registry(provisioned)
    await registry.refresh()
    receiver = WatchedReceiver(Receiver(provisioned, registry), arrivals, clock=provisioned.clock)
    await provisioned.stop()
    body = webhooks.body(webhooks.text("wamid.A"))
    with pytest.raises(StoreUnavailable):
        await receiver.take(body, signed(body))

    assert arrivals.told[0][0] == 503


async def test_a_durable_webhook_is_answered_whatever_watches(
    provisioned: Ledger, webhooks: Any, signed: Any, lines: list[Any], tmp_path: Path
) -> None:
    arrivals: Any = Arrivals(broken=True)
    registry = Registry(provisioned)
    await registry.refresh()
    receiver = WatchedReceiver(Receiver(provisioned, registry), arrivals, clock=provisioned.clock)
    body = webhooks.body(webhooks.text("wamid.A"))

    assert isinstance(await receiver.take(body, signed(body)), Taken)
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["telemetry.failed"]
