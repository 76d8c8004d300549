"""What Prometheus is told, a module for each duty; the list of it is ``catalogue``'s, and all of it is ``Metrics``."""

from penstock.web.metrics.exposition import Metrics

__all__ = ["Metrics"]
