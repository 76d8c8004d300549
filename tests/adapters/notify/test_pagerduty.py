"""PagerDuty: the shape of an event of its Events API v2, its limits, and its recorded answers."""

from collections.abc import Callable
from typing import Any

import msgspec

from penstock.adapters.notify.pagerduty import PagerDuty, event
from penstock.core.alert import TEST, Alert
from penstock.core.incident import Kind

NOW = 1_795_000_000.0
KEY = "0123456789abcdef0123456789abcdef"

# Recorded answers of the Events API.
TAKEN = b'{"status":"success","message":"Event processed","dedup_key":"penstock-ab12-7"}'
INVALID = (
    b'{"status":"invalid event","message":"Event object is invalid","errors":["'
    + KEY.encode()
    + b' is no routing_key"]}'
)


async def test_an_incident_triggers_with_the_diagnosis_inside(receiver: Any, alert: Callable[..., Alert]) -> None:
    receiver.status, receiver.said = 202, TAKEN
    assert (await PagerDuty(receiver.url, KEY).send(alert(), now=NOW)).taken
    (told,) = receiver.told
    assert (told.method, told.target) == ("POST", "/v2/enqueue")
    one = told.json
    assert (one["routing_key"], one["event_action"], one["dedup_key"]) == (KEY, "trigger", "penstock-ab12-7")
    payload = one["payload"]
    assert {"summary", "source", "severity"} <= payload.keys()
    assert payload.keys() <= {
        "summary", "source", "severity", "timestamp", "component", "group", "class", "custom_details",
    }  # fmt: skip
    assert payload["severity"] in {"critical", "error", "warning", "info"}
    assert (payload["component"], payload["class"]) == ("media.download", "upstream")
    assert payload["source"] == "media.example.com"
    assert "method on the wire POST" in payload["custom_details"]["Cause"]
    assert payload["custom_details"]["incident"]["cause"]["rule"] == {"wire_method": "POST"}
    assert one["links"] == [{"href": "https://media.example.com/api/v1/incidents/7", "text": "The incident"}]


def test_it_is_acknowledged_and_resolved_under_the_same_key(alert: Callable[..., Alert]) -> None:
    acked = event(alert(event="updated", kind=Kind.ACKNOWLEDGED), KEY)
    over = event(alert(event="closed", kind=Kind.CLOSED), KEY)
    assert (acked["event_action"], over["event_action"]) == ("acknowledge", "resolve")
    assert acked["dedup_key"] == over["dedup_key"] == event(alert(), KEY)["dedup_key"]
    assert event(alert(event="updated", kind=Kind.DIAGNOSIS), KEY)["event_action"] == "trigger"
    assert event(alert(event="opened", kind=Kind.ACKNOWLEDGED), KEY)["event_action"] == "trigger"


def test_it_keeps_to_the_limits(alert: Callable[..., Alert]) -> None:
    long = msgspec.structs.replace(alert().incident, operation="x" * 3_000)
    told = event(alert(incident=long, key="k" * 300), KEY)
    assert len(told["payload"]["summary"]) == 1_024
    assert len(told["dedup_key"]) == 255


def test_a_test_is_an_info(alert: Callable[..., Alert]) -> None:
    assert event(alert(kind=TEST), KEY)["payload"]["severity"] == "info"


async def test_a_key_that_is_not_known_lasts_and_is_not_shown(receiver: Any, alert: Callable[..., Alert]) -> None:
    receiver.status, receiver.said = 400, INVALID
    reply = await PagerDuty(receiver.url, KEY).send(alert(), now=NOW)
    assert (reply.taken, reply.lasting, reply.unfit) == (False, True, False)
    assert KEY not in reply.said
    assert "invalid event" in reply.said


async def test_too_many_events_pass(receiver: Any, alert: Callable[..., Alert]) -> None:
    for status in (403, 429):
        receiver.status = status
        assert not (await PagerDuty(receiver.url, KEY).send(alert(), now=NOW)).lasting
    assert await PagerDuty(receiver.url, KEY).reach() is None
