"""Which sender stands behind each target, with which secret it signs, and where a link leads."""

import base64
from typing import Any

import msgspec
import pytest

from penstock.adapters.notify.heartbeat import HttpBeats
from penstock.adapters.notify.mail import Mail
from penstock.adapters.notify.pagerduty import PagerDuty
from penstock.adapters.notify.port import Target
from penstock.settings import Settings, alert_targets
from penstock.wiring.notifying import link, open_beats, open_targets, shown_secrets, signing_secrets

ALL = (
    "webhook+https://ops.example.com/x,slack+https://hooks.slack.com/s/x,pagerduty://KEY,alertmanager+http://am:9093,"
    "alertmanager-webhook+https://in.example.com/x,mailto:ops@example.org?server=smtp://anna:p%2540ss@mail.example.com:587"
)


def settings(text: str = ALL, **more: Any) -> Settings:
    return Settings(alerts=alert_targets(text), **{"secret_key": ("k1",)} | more)


def test_every_target_has_its_sender() -> None:
    targets = open_targets(settings())
    assert [type(each.notifier).__name__ for each in targets] == [
        "Webhook", "Slack", "PagerDuty", "Alertmanager", "AlertmanagerWebhook", "Mail",
    ]  # fmt: skip
    assert [isinstance(each, Target) for each in targets] == [True] * 6
    assert len({each.id for each in targets}) == 6
    assert isinstance(targets[2].notifier, PagerDuty)
    mail = targets[5].notifier
    assert isinstance(mail, Mail)
    assert (mail._server.user, mail._server.password, mail._server.port) == ("anna", "p@ss", 587)


def test_a_webhook_is_signed_with_a_secret_of_its_own_or_with_the_one_that_it_names() -> None:
    whole = settings("webhook+https://a.example.com/x,webhook+https://b.example.com/x", secret_key=("new", "old"))
    first, second = (signing_secrets(each, whole) for each in whole.alerts)
    assert len(first) == len(second) == 2  # one of each key, while a key is rotated
    assert len({*first, *second}) == 4
    assert signing_secrets(whole.alerts[0], settings(ALL, secret_key=("old",))) == first[1:]
    assert next(iter(shown_secrets(whole).values())) == "whsec_" + base64.b64encode(first[0]).decode()

    given = "whsec_" + base64.b64encode(b"g" * 32).decode()
    named = settings(f"webhook+https://{given}@a.example.com/x")
    assert signing_secrets(named.alerts[0], named) == [b"g" * 32]
    assert list(shown_secrets(named).values()) == [given]


@pytest.mark.parametrize("text", ["", "pagerduty://KEY"])
def test_without_webhooks_no_secret_key_is_asked_for(text: str) -> None:
    without = settings(text, secret_key=())
    assert len(open_targets(without)) == len(without.alerts)
    assert shown_secrets(without) == {}


def test_a_link_leads_to_the_incident() -> None:
    assert link(settings(public_url="https://media.example.com"))(7) == "https://media.example.com/api/v1/incidents/7"


def test_without_an_address_there_is_no_heartbeat() -> None:
    assert open_beats(settings()) is None
    assert isinstance(open_beats(settings(heartbeat_url="https://hc.example.com/x")), HttpBeats)


def test_a_target_shows_no_secret() -> None:
    whole = settings(ALL.replace("KEY", "topsecret"))
    assert "topsecret" not in repr([(each.id, each.name) for each in open_targets(whole)])
    assert msgspec.json.encode([each.name for each in whole.alerts]).decode().count("topsecret") == 0
