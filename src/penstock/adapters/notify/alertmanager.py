"""Prometheus Alertmanager: alerts POSTed to its API v2, and the webhook (version 4) that it would send itself.

Alertmanager goes by labels, and forgets what is not told again: an incident that goes on is repeated every minute with
an end a quarter of an hour ahead, so that it is over there, too, when Penstock has been gone for so long. The webhook
form is for receivers that understand Alertmanager's and nothing else. Made by ``wiring``.
"""

import base64
import hashlib
from typing import Any
from urllib.parse import unquote

import msgspec

from penstock.adapters.notify import http
from penstock.adapters.notify.port import Reply
from penstock.core.alert import Alert, facts, labels, rfc3339, text, title

REPEATS_S = 60.0
_STANDS_S = 900.0  # an incident that is not repeated for so long is over for Alertmanager
_PATH = "/api/v2/alerts"
_NEVER = "0001-01-01T00:00:00Z"  # as Alertmanager writes that there is no end yet


class Alertmanager:
    """One Alertmanager; ``url`` is its address, with a path in front of its API or none, ``access`` user:password."""

    repeats_s = REPEATS_S
    keeps = True

    def __init__(self, url: str, access: str = "") -> None:
        self._url = url.rstrip("/").removesuffix(_PATH) + _PATH
        self._access = access

    async def send(self, alert: Alert, *, now: float) -> Reply:
        """Tell it."""
        content = msgspec.json.encode([posted(alert, now)])
        return await http.post(self._url, content, headers=basic(self._access), secrets=[self._access])

    async def reach(self) -> str | None:
        """Connect without telling anything."""
        return await http.connect_to(self._url)


class AlertmanagerWebhook:
    """A receiver of Alertmanager's webhooks."""

    repeats_s = None
    keeps = True

    def __init__(self, url: str, access: str = "") -> None:
        self._url = url
        self._access = access

    async def send(self, alert: Alert, *, now: float) -> Reply:
        """Tell it."""
        del now
        content = msgspec.json.encode(webhook(alert))
        return await http.post(
            self._url, content, headers=basic(self._access), secrets=[self._access, *http.hidden(self._url)]
        )

    async def reach(self) -> str | None:
        """Connect without telling anything."""
        return await http.connect_to(self._url)


def posted(alert: Alert, now: float) -> dict[str, Any]:
    """One alert of ``POST /api/v2/alerts``."""
    return {
        "labels": labels(alert),
        "annotations": _annotations(alert),
        "startsAt": rfc3339(alert.incident.onset_at),
        "endsAt": rfc3339(_end(alert) if alert.event == "closed" else now + _STANDS_S),
        "generatorURL": alert.url,
    }


def webhook(alert: Alert) -> dict[str, Any]:
    """What Alertmanager would send to a webhook of its own, in version 4."""
    over = alert.event == "closed"
    status = "resolved" if over else "firing"
    common = dict(labels(alert))
    return {
        "version": "4",
        "groupKey": alert.key,
        "truncatedAlerts": 0,
        "status": status,
        "receiver": "penstock",
        "groupLabels": {name: common[name] for name in ("alertname", "operation", "class")},
        "commonLabels": common,
        "commonAnnotations": _annotations(alert),
        "externalURL": alert.url,
        "alerts": [
            {
                "status": status,
                "labels": common,
                "annotations": _annotations(alert),
                "startsAt": rfc3339(alert.incident.onset_at),
                "endsAt": rfc3339(_end(alert)) if over else _NEVER,
                "generatorURL": alert.url,
                "fingerprint": hashlib.sha256(alert.key.encode()).hexdigest()[:16],
            }
        ],
    }


def basic(access: str) -> dict[str, str]:
    """The header of basic authentication, for user:password as it stands in an address."""
    if not access:
        return {}
    user, _, password = access.partition(":")
    both = f"{unquote(user)}:{unquote(password)}"
    return {"Authorization": "Basic " + base64.b64encode(both.encode()).decode()}


def _annotations(alert: Alert) -> dict[str, str]:
    return {"summary": title(alert), "description": text(alert), **_named(alert)}


def _named(alert: Alert) -> dict[str, str]:
    told = facts(alert)
    return {"cause": told["Cause"]} if "Cause" in told else {}


def _end(alert: Alert) -> float:
    return alert.at if alert.incident.closed_at is None else alert.incident.closed_at
