"""The whole installation, told from the last reading, or not at all."""

from typing import Any

import msgspec

from penstock.core.chain import Head
from penstock.core.gate import Gate
from penstock.core.incident import Incident
from penstock.ledger.alerts import TargetState
from penstock.ledger.counts import Backlog
from penstock.ledger.rows import Tally
from penstock.web.metrics import Metrics
from penstock.web.metrics.installation import Standing

TALLY = Tally("acme", received=10, waiting=4, held=3, fetching=1, attached=3, expired=1, failed=1)
GATE = Gate(1, {"app": "main"}, 0.0, "operator", "cli:anna", "why", 0.0, None, override_automatic=False)
INCIDENT = Incident(1, "media.look_up", "upstream", "open", 0, 0, None, "why", 0.3, None, (), 1, 2, 1, 1, None, None)
TARGET = TargetState("a", "webhook", "o", 0.0, 9, frozenset(), 3, 1.0, 0, 0, None, None, False, None, 0)
STANDING = Standing(
    tallies=[TALLY, msgspec.structs.replace(TALLY, workspace="other")],
    backlog=Backlog(60.0, 5, 2, 70.0),
    gates=[
        GATE,
        msgspec.structs.replace(GATE, id=2, opening=1.5, owner="breaker"),
        msgspec.structs.replace(GATE, id=3, opening=None, override_automatic=True),
    ],
    incidents=[INCIDENT, msgspec.structs.replace(INCIDENT, id=2, severity="ticket")],
    alerts=[TARGET, msgspec.structs.replace(TARGET, id="b", error="answered 500", passed_over=1)],
    head=Head(12, b""),
    roles=["receiver,console", "fetcher", "fetcher", "all"],
)


def test_before_anybody_asked_nothing_is_told(told: Any) -> None:
    assert told("penstock_store_readable") is None
    assert told("penstock_media_held") is None


def test_what_was_read_is_told_of_all_workspaces_together(metrics: Metrics, told: Any) -> None:
    metrics.installation.read(STANDING)

    assert told("penstock_store_readable") == 1
    states = ("waiting", "fetching", "attached", "expired", "failed", "erased")
    assert [told("penstock_media", state=state) for state in states] == [8, 2, 6, 2, 2, 0]
    assert told("penstock_media_held") == 6
    assert told("penstock_media_near_deadline", within="1h") == 2
    assert told("penstock_media_near_deadline", within="24h") == 5
    assert told("penstock_oldest_undelivered_seconds") == 70.0
    assert told("penstock_audit_log_entries") == 12
    assert b"acme" not in metrics.text()


def test_gates_are_told_by_owner_and_opening(metrics: Metrics, told: Any) -> None:
    metrics.installation.read(STANDING)

    assert told("penstock_gates", owner="operator", opening="shut") == 1
    assert told("penstock_gates", owner="breaker", opening="narrow") == 1
    assert told("penstock_gates", owner="operator", opening="overriding") == 1
    metrics.installation.read(msgspec.structs.replace(STANDING, gates=[]))
    assert told("penstock_gates", owner="operator", opening="shut") is None


def test_incidents_are_told_by_state_and_severity_even_when_there_is_none(metrics: Metrics, told: Any) -> None:
    metrics.installation.read(STANDING)

    assert told("penstock_incidents", state="open", severity="page") == 1
    assert told("penstock_incidents", state="open", severity="ticket") == 1
    assert told("penstock_incidents", state="suspected", severity="page") == 0


def test_alert_targets_are_told_by_how_they_stand(metrics: Metrics, told: Any) -> None:
    metrics.installation.read(STANDING)

    states = ("ok", "failing", "refused")
    assert [told("penstock_alert_targets", state=state) for state in states] == [1, 1, 0]
    assert told("penstock_alerts_told_total") == 6
    assert told("penstock_alerts_passed_over_total") == 1


def test_a_process_of_several_roles_counts_in_each(metrics: Metrics, told: Any) -> None:
    metrics.installation.read(STANDING)

    roles = ("receiver", "fetcher", "watcher", "console")
    assert [told("penstock_processes", role=role) for role in roles] == [2, 3, 1, 2]


def test_when_the_ledger_cannot_be_read_no_old_figure_passes_for_the_present_one(metrics: Metrics, told: Any) -> None:
    metrics.installation.read(STANDING)
    metrics.installation.unreadable()

    assert told("penstock_store_readable") == 0
    assert told("penstock_media", state="waiting") is None
    assert told("penstock_audit_log_entries") is None


def test_an_audit_log_that_cannot_be_read_hides_nothing_else(metrics: Metrics, told: Any) -> None:
    metrics.installation.read(msgspec.structs.replace(STANDING, head=None))

    assert told("penstock_audit_log_entries") is None
    assert told("penstock_media_held") == 6
