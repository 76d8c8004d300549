"""The text: what Prometheus' own parser reads, each application for itself."""

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from penstock.web.metrics import Metrics


def test_it_says_what_runs_and_in_which_roles(told: Any) -> None:
    assert told("penstock_build_info", version="1.2.3") == 1
    assert told("penstock_process_role", role="fetcher") == 1
    assert told("penstock_process_role", role="watcher") is None


def test_prometheus_can_read_it_and_sees_the_process_itself(metrics: Metrics) -> None:
    families = {family.name for family in text_string_to_metric_families(metrics.text().decode())}

    assert "process_cpu_seconds" in families


def test_two_applications_in_one_process_count_apart(metrics: Metrics, told: Any) -> None:
    Metrics(version="1").door.webhook("200", 0.01)

    assert told("penstock_webhooks_total", status="200") == 0
