"""What the doctor finds of alert targets, without telling them anything."""

import asyncio
from typing import Any

import pytest

from penstock.cli import alert_checks
from penstock.cli.finding import Finding
from penstock.ledger.book import Ledger
from penstock.settings import Settings, alert_targets, load


def examine(check: Any, settings: Settings) -> list[Finding]:
    found: list[Finding] = asyncio.run(check(settings))
    return found


def states(found: list[Finding]) -> list[tuple[str, str]]:
    return [(each.name, each.state) for each in found]


def test_without_targets_there_is_nothing_to_check() -> None:
    for check in (alert_checks.named, alert_checks.told, alert_checks.reach):
        assert examine(check, Settings()) == []


def test_plain_http_across_a_network_is_warned_of() -> None:
    well = Settings(alerts=alert_targets("pagerduty://KEY,webhook+http://127.0.0.1:9/x"))
    assert states(examine(alert_checks.named, well)) == [("alerts", "ok")]
    open_ = Settings(alerts=alert_targets("webhook+http://ops.example.com/topsecret"))
    assert states(examine(alert_checks.named, open_)) == [("alerts", "ok"), ("alerts", "warn")]
    assert "topsecret" not in str(examine(alert_checks.named, open_))


def test_what_the_running_instance_met_is_told(acme: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_ALERTS", "pagerduty://KEY,mailto:ops@example.org")
    settings = load()
    pagerduty, mail = settings.alerts

    async def met(ledger: Ledger) -> None:
        now = await ledger.now()
        await ledger.alerts.begin([(each.id, each.name) for each in settings.alerts], now=now)
        for each, lasting in ((pagerduty, True), (mail, False)):
            await ledger.alerts.refused(
                each.id, after=0, attempts=1, error="answered 4xx", lasting=lasting, next_at=now, now=now
            )

    assert examine(alert_checks.told, settings) == []
    acme.work(met)
    found = examine(alert_checks.told, settings)
    assert [each.state for each in found] == ["warn", "fail"]  # by name: mail, pagerduty
    assert all("takes nothing: answered 4xx" in each.found for each in found)


def test_without_a_database_it_leaves_that_to_others(penstock: Any) -> None:
    del penstock
    assert examine(alert_checks.told, Settings(alerts=alert_targets("pagerduty://KEY"))) == []


def test_targets_are_connected_to_and_told_nothing(beside: Any, port: int) -> None:
    place = beside.url.removeprefix("http://")
    settings = Settings(
        secret_key=("k",),
        alerts=alert_targets(f"pagerduty://KEY@{place},mailto:ops@example.org?server=smtp://127.0.0.1:{port}"),
    )
    found = examine(alert_checks.reach, settings)
    assert states(found) == [("alert targets", "ok"), ("alert targets", "fail")]
    assert "Connection refused" in found[1].found
    assert beside.asked == 0
