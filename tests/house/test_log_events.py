"""Events of the log have names that can be relied on, and the page that lists them is drawn from the source."""

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

SHAPE = re.compile(r"[a-z_]+\.([a-z_]+|…)")


@pytest.fixture(scope="module")
def told(root: Path) -> Any:
    """The tool that finds them."""
    spec = importlib.util.spec_from_file_location("log_events", root / "tools" / "log_events.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_event_is_named_by_its_room_and_what_happened(told: Any) -> None:
    assert [event.name for event in told.events() if not SHAPE.fullmatch(event.name)] == []


def test_every_transition_of_a_file_an_incident_and_a_gate_has_its_event(told: Any) -> None:
    names = {event.name for event in told.events()}

    assert names >= {"webhook.received", "media.put_back", "contract.violated"}
    assert names >= {f"media.{ending}" for ending in ("attached", "delayed", "expired", "failed")}
    assert names >= {f"incident.{step}" for step in ("suspected", "opened", "diagnosed", "closed")}
    assert names >= {"breaker.set", "breaker.opened", "auth.shut", "auth.opened", "throttle.set", "throttle.opened"}
    assert names >= {"store.unavailable", "store.available_again", "files.unavailable", "telemetry.unavailable"}


def test_no_fact_is_called_like_something_that_must_not_be_logged(told: Any) -> None:
    forbidden = {"token", "wamid", "phone", "body", "url", "secret", "contact", "sender", "media_id", "customer"}

    assert [event for event in told.events() if forbidden & set(event.facts)] == []


def test_the_how_to_names_events_that_there_are(told: Any, root: Path) -> None:
    page = (root / "docs" / "howto" / "telemetry.md").read_text("utf-8")
    table = page.partition("## The log")[2]
    named = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", table))
    by_the_audit_log = {"gate.shut", "gate.set", "gate.open", "reprocess.start"}
    by_the_state_of_a_run = {"reprocess.done"}

    assert named - by_the_audit_log - by_the_state_of_a_run - {event.name for event in told.events()} == set()
