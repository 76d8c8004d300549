"""Slack: a message with a text and blocks, within its limits, in which nothing is taken for a link or a name."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from penstock.adapters.notify.slack import Slack, message
from penstock.core.alert import TEST, Alert
from penstock.core.incident import Kind

NOW = 1_795_000_000.0


async def test_a_message_has_a_text_and_blocks_with_the_diagnosis(receiver: Any, alert: Callable[..., Alert]) -> None:
    assert (await Slack(receiver.url + "/services/T0/B0/s3cret").send(alert(), now=NOW)).taken
    (told,) = receiver.told
    assert told.target == "/services/T0/B0/s3cret"
    assert told.json.keys() == {"text", "blocks"}
    head, section, context = told.json["blocks"]
    assert (head["type"], head["text"]["type"], head["text"]["text"]) == (
        "header",
        "plain_text",
        "🔴 Incident 7 is open",
    )
    assert section["text"]["type"] == "mrkdwn"
    assert "method on the wire POST" in section["text"]["text"]
    assert context["elements"][0]["text"] == "<https://media.example.com/api/v1/incidents/7|Incident 7>"


def test_what_somebody_wrote_names_nobody_and_links_nowhere(alert: Callable[..., Alert]) -> None:
    shown = str(message(alert(text="<!channel> <https://evil.example|here> & more")))
    assert "<!channel>" not in shown
    assert "&lt;!channel&gt; &lt;https://evil.example|here&gt; &amp; more" in shown


def test_it_keeps_to_the_limits_and_marks_a_test(alert: Callable[..., Alert]) -> None:
    long = msgspec.structs.replace(alert().incident, operation="x" * 9_000)
    head, section, _ = message(alert(incident=long, text="y" * 9_000))["blocks"]
    assert len(head["text"]["text"]) <= 150
    assert len(section["text"]["text"]) <= 3_000
    assert message(alert(kind=TEST))["blocks"][0]["text"]["text"].startswith("⚪ Test alert")
    assert message(alert(event="closed", kind=Kind.CLOSED))["blocks"][0]["text"]["text"].startswith("🟢")


@pytest.mark.parametrize(
    ("status", "said", "lasting"),
    [(404, b"no_service", True), (403, b"invalid_token", True), (410, b"channel_is_archived", True),
     (429, b"rate_limited", False), (500, b"rollup_error", False)],
)  # fmt: skip
async def test_its_recorded_answers_are_understood(
    receiver: Any, alert: Callable[..., Alert], status: int, said: bytes, lasting: bool
) -> None:
    receiver.status, receiver.said = status, said
    reply = await Slack(receiver.url + "/services/T0/B0/s3cret").send(alert(), now=NOW)
    assert (reply.taken, reply.lasting) == (False, lasting)
    assert reply.said == f"answered {status}: {said.decode()}"
