"""Who is told of incidents, on the command line: listed, and tried with an alert that is marked as a test."""

import json
from typing import Any

import pytest

from penstock.ledger.book import Ledger
from penstock.settings import alert_targets


def test_without_targets_it_says_so(penstock: Any, acme: Any) -> None:
    del acme
    assert penstock.done("incident", "targets").out == "PENSTOCK_ALERTS names no target: nobody is told of incidents\n"
    assert penstock.done("incident", "targets", "--json").answer == {"targets": []}
    assert "names no target" in penstock("incident", "test-alert", "--why", "new on call").refused(2)


def test_a_test_goes_to_every_target_and_is_marked_and_kept_in_the_audit_log(
    penstock: Any, acme: Any, beside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = beside.url.removeprefix("http://")
    monkeypatch.setenv(
        "PENSTOCK_ALERTS", f"webhook+http://{place}/hook,pagerduty://KEY@{place},slack+http://{place}/services/x"
    )
    ran = penstock.done("incident", "test-alert", "--why", "new on call", "--json")
    assert ran.answer["ok"]
    assert [each["taken"] for each in ran.answer["targets"]] == [True] * 3

    told: dict[str, list[Any]] = {each.target: [] for each in beside.told}
    for each in beside.told:
        told[each.target].append(each.json)
    (webhook,) = told["/hook"]
    assert (webhook["event"], webhook["test"]) == ("opened", True)
    assert "new on call" in webhook["text"]
    assert [each["event_action"] for each in told["/v2/enqueue"]] == ["trigger", "resolve"]  # nothing stays open
    assert "Test alert" in told["/services/x"][0]["text"]

    async def entry(ledger: Ledger) -> Any:
        return (await ledger.audit_log.read())[-1].entry

    kept = acme.work(entry)
    assert (kept.action, kept.why) == ("alerts.test", "new on call")
    assert "KEY" not in json.dumps(kept.subject)


def test_a_target_that_does_not_take_it_is_named_with_the_reason(
    penstock: Any, acme: Any, beside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    del acme
    monkeypatch.setenv("PENSTOCK_ALERTS", f"slack+{beside.url}/services/topsecret")
    beside.status, beside.said = 404, b"no_service"
    ran = penstock("incident", "test-alert", "--why", "new on call")
    assert (ran.code, ran.out) == (1, f"slack at 127.0.0.1:{beside.port} did not take it: answered 404: no_service.\n")
    assert "--why" in penstock("incident", "test-alert", "--why", " ").refused(2)


def test_targets_are_listed_with_how_far_they_were_told_and_their_secrets_only_when_asked(
    penstock: Any, acme: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "webhook+https://ops.example.com/x,pagerduty://topsecret"
    webhook, pagerduty = alert_targets(text)
    monkeypatch.setenv("PENSTOCK_ALERTS", text)

    async def told(ledger: Ledger) -> None:
        now = await ledger.now()
        await ledger.alerts.begin([(webhook.id, webhook.name)], now=now)
        await ledger.alerts.advance(webhook.id, after=0, position=3, heard=[1], told_at=now)
        await ledger.alerts.refused(
            webhook.id, after=3, attempts=1, error="answered 404", lasting=True, next_at=now + 9, now=now
        )

    acme.work(told)
    first, second = penstock.done("incident", "targets", "--json").answer["targets"]
    assert (first["name"], first["kind"], first["state"], first["told"]) == (webhook.name, "webhook", "refused", 1)
    assert (second["name"], second["state"]) == (pagerduty.name, "new")
    shown = penstock.done("incident", "targets", "--secrets")
    assert shown.out.count("whsec_") == 1
    assert "answered 404" in shown.out
    assert "topsecret" not in shown.out
    assert "secret" not in first

    answer = penstock.done("status", "--json").answer
    (target,) = answer["alerts"]
    assert (target["name"], target["state"], target["error"]) == (webhook.name, "refused", "answered 404")
    lines = [line for line in penstock.done("status").out.splitlines() if webhook.name in line]
    assert len(lines) == 1
    assert "answered 404. It is tried again every half hour or hour" in lines[0]
