"""PagerDuty, by its Events API v2: an incident triggers, is acknowledged and resolves under one key.

An update triggers again, which PagerDuty adds to what is open under the key and pages nobody for. Made by ``wiring``.
"""

from typing import Any
from urllib.parse import urlsplit

import msgspec

from penstock.adapters.notify import http
from penstock.adapters.notify.port import Reply
from penstock.core.alert import Alert, facts, incident_facts, rfc3339, title
from penstock.core.incident import Kind

HOST = "events.pagerduty.com"
_PATH = "/v2/enqueue"
_SUMMARY, _KEY = 1_024, 255  # characters that PagerDuty takes
_PASSING = frozenset({403})  # as PagerDuty limits rates, besides 429


class PagerDuty:
    """One service; ``url`` is where its events go, without a path."""

    repeats_s = None
    keeps = True

    def __init__(self, url: str, routing_key: str) -> None:
        self._url = url + _PATH
        self._routing_key = routing_key

    async def send(self, alert: Alert, *, now: float) -> Reply:
        """Tell it."""
        del now
        content = msgspec.json.encode(event(alert, self._routing_key))
        # A 400 is nearly always the key's: that is to be mended, and nothing is to be passed over meanwhile.
        return await http.post(
            self._url, content, secrets=[self._routing_key], passing=_PASSING, unfit=frozenset({413, 422})
        )

    async def reach(self) -> str | None:
        """Connect without telling anything."""
        return await http.connect_to(self._url)


def event(alert: Alert, routing_key: str) -> dict[str, Any]:
    """One event."""
    action = _action(alert)
    told = {"routing_key": routing_key, "event_action": action, "dedup_key": alert.key[:_KEY]}
    if action != "trigger":
        return told
    row = alert.incident
    return told | {
        "client": "Penstock",
        "client_url": alert.url,
        "links": [{"href": alert.url, "text": "The incident" if not alert.test else "Penstock"}],
        "payload": {
            "summary": _cut(title(alert), _SUMMARY),
            "source": urlsplit(alert.url).hostname or "penstock",
            "severity": alert.severity,
            "timestamp": rfc3339(alert.at),
            "component": row.operation,
            "group": "penstock",
            "class": row.outcome,
            "custom_details": {**facts(alert), "incident": incident_facts(row)},
        },
    }


def _action(alert: Alert) -> str:
    if alert.event == "closed":
        return "resolve"
    return "acknowledge" if alert.kind == Kind.ACKNOWLEDGED and alert.event == "updated" else "trigger"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
