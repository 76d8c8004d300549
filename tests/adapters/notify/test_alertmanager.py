"""Alertmanager: the shape of its API v2 and of its webhook, version 4, as both are documented."""

from collections.abc import Callable
from typing import Any

import msgspec

from penstock.adapters.notify.alertmanager import Alertmanager, AlertmanagerWebhook, posted, webhook
from penstock.core.alert import Alert
from penstock.core.incident import Kind

NOW = 1_795_000_000.0

# Recorded: what api/v2/openapi.yaml permits of a postableAlert, and what a webhook of version 4 holds.
POSTABLE = {"labels", "annotations", "startsAt", "endsAt", "generatorURL"}
WEBHOOK = {
    "version", "groupKey", "truncatedAlerts", "status", "receiver", "groupLabels", "commonLabels", "commonAnnotations",
    "externalURL", "alerts",
}  # fmt: skip
ALERT = POSTABLE | {"status", "fingerprint"}


async def test_an_incident_is_posted_to_the_api_and_stands_until_it_is_told_again(
    receiver: Any, alert: Callable[..., Alert]
) -> None:
    target = Alertmanager(receiver.url + "/prefix/", "anna:p%40ss")
    assert (await target.send(alert(), now=NOW)).taken
    (told,) = receiver.told
    assert told.target == "/prefix/api/v2/alerts"
    assert told.headers["Authorization"] == "Basic YW5uYTpwQHNz"
    (one,) = told.json
    assert one.keys() == POSTABLE
    assert one["labels"] == {
        "alertname": "PenstockIncident", "severity": "critical", "operation": "media.download", "class": "upstream",
        "incident": "7", "key": "penstock-ab12-7",
    }  # fmt: skip
    assert one["startsAt"] == "2026-11-18T11:05:40.000Z"
    assert one["endsAt"] == "2026-11-18T11:21:40.000Z"  # a quarter of an hour from now, unless it is told again
    assert "method on the wire POST" in one["annotations"]["cause"]
    assert all(isinstance(value, str) for value in (one["labels"] | one["annotations"]).values())
    assert target.repeats_s is not None
    assert target.repeats_s * 3 < 900


def test_its_end_is_the_incidents(alert: Callable[..., Alert]) -> None:
    over = msgspec.structs.replace(alert().incident, state="closed", closed_at=NOW + 5)
    closing = alert(event="closed", kind=Kind.CLOSED, incident=over, at=NOW + 5)
    assert posted(closing, NOW + 60)["endsAt"] == "2026-11-18T11:06:45.000Z"
    assert posted(closing, NOW + 60)["labels"] == posted(alert(), NOW)["labels"]


async def test_the_webhook_is_alertmanagers_own(receiver: Any, alert: Callable[..., Alert]) -> None:
    target = AlertmanagerWebhook(receiver.url + "/hook")
    assert (await target.send(alert(), now=NOW)).taken
    told = receiver.told[0].json
    assert told.keys() == WEBHOOK
    assert (told["version"], told["status"], told["groupKey"]) == ("4", "firing", "penstock-ab12-7")
    (one,) = told["alerts"]
    assert one.keys() == ALERT
    assert (one["status"], one["endsAt"]) == ("firing", "0001-01-01T00:00:00Z")

    over = msgspec.structs.replace(alert().incident, state="closed", closed_at=NOW + 5)
    closing = webhook(alert(event="closed", kind=Kind.CLOSED, incident=over))
    assert (closing["status"], closing["alerts"][0]["status"]) == ("resolved", "resolved")
    assert closing["alerts"][0]["fingerprint"] == one["fingerprint"]
    assert await target.reach() is None


async def test_a_refusal_shows_no_password(receiver: Any, alert: Callable[..., Alert]) -> None:
    receiver.status, receiver.said = 401, b"anna:secret is nobody"
    reply = await Alertmanager(receiver.url, "anna:secret").send(alert(), now=NOW)
    assert (reply.lasting, reply.said) == (True, "answered 401: … is nobody")
