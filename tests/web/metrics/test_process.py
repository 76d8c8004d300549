"""One process: what it does it tells when it is asked, and what it does not do it does not tell."""

import math
from typing import Any

import pytest

from penstock.core.detector import Key
from penstock.flow.fetcher import Standing
from penstock.ledger.book import Connections
from penstock.web.metrics import Metrics
from penstock.web.metrics.process import Watching


def test_a_process_that_neither_fetches_nor_watches_says_nothing_of_that(told: Any) -> None:
    for name in ("penstock_fetch_slots", "penstock_watch_leading", "penstock_claims_total"):
        assert told(name) is None


def test_a_fetcher_tells_its_slots_claims_and_losses(metrics: Metrics, told: Any) -> None:
    metrics.process.fetching = lambda: Standing(slots=64, in_use=3, claimed=100, lost=1)

    assert told("penstock_fetch_slots") == 64
    assert told("penstock_fetch_slots_in_use") == 3
    assert told("penstock_claims_total") == 100
    assert told("penstock_lease_losses_total") == 1


def test_connections_are_told_where_there_are_some(metrics: Metrics, told: Any) -> None:
    assert told("penstock_database_connections", state="limit") is None
    metrics.process.connections = lambda: Connections(limit=8, in_use=2, idle=1)

    assert [told("penstock_database_connections", state=state) for state in ("limit", "in_use", "idle")] == [8, 2, 1]


def test_the_leader_of_the_watch_tells_its_evidence_and_nobody_else_does(metrics: Metrics, told: Any) -> None:
    stream = {"operation": "media.look_up", "class": "upstream"}
    evidence = {Key("media.look_up", "upstream"): math.e - 1}
    metrics.process.watching = lambda: Watching(leads=True, rounds=7, evidence=evidence)

    assert told("penstock_watch_leading") == 1
    assert told("penstock_watch_rounds_total") == 7
    assert told("penstock_detector_log_evidence", **stream) == pytest.approx(1.0)
    metrics.process.watching = lambda: Watching(leads=False, rounds=7, evidence=evidence)
    assert told("penstock_watch_leading") == 0
    assert told("penstock_detector_log_evidence", **stream) is None
