"""What is shared: an exposition, read as Prometheus' own client reads one."""

from collections.abc import Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families

from penstock.web.metrics import Metrics

Sample = Callable[..., float | None]


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(version="1.2.3", roles=("fetcher", "receiver"), clock=lambda: 1_000.0)


@pytest.fixture
def told(metrics: Metrics) -> Sample:
    """The value of a sample by its name and labels; None when it is not told."""

    def value(name: str, **labels: str) -> float | None:
        for family in text_string_to_metric_families(metrics.text().decode()):
            for sample in family.samples:
                if sample.name == name and sample.labels == labels:
                    return sample.value
        return None

    return value
