"""What Prometheus is told, as one text: counts and times in base units, without workspaces, numbers or names.

The registry is the application's own, so that two of them in one process do not mix. Each duty has its module beside
this one; this one makes them, and the text. Made by ``wiring``, or by ``web.app`` when nobody fetches.
"""

import time
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

from penstock.web.metrics.catalogue import gauge
from penstock.web.metrics.door import DoorMetrics
from penstock.web.metrics.fetching import FetchMetrics
from penstock.web.metrics.installation import InstallationMetrics
from penstock.web.metrics.process import ProcessMetrics
from penstock.web.metrics.storing import StoreMetrics


class Metrics:
    """Everything that is measured of one application.

    ``fetching`` is a witness for the fetcher's socket; ``clock`` is the database's, epoch seconds.
    """

    def __init__(self, *, version: str, roles: Iterable[str] = (), clock: Callable[[], float] = time.time) -> None:
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        gauge(registry, "penstock_build_info").labels(version).set(1)
        role = gauge(registry, "penstock_process_role")
        for name in sorted(roles):
            role.labels(name).set(1)
        self.door = DoorMetrics(registry)
        self.fetching = FetchMetrics(registry, clock=clock)
        self.store = StoreMetrics(registry)
        self.process = ProcessMetrics()
        self.installation = InstallationMetrics()
        registry.register(self.process)
        registry.register(self.installation)

    def text(self) -> bytes:
        """The exposition."""
        return generate_latest(self._registry)
