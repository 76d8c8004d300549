"""What ``PENSTOCK_ALERTS`` may name: each form, what is wrong with a malformed one, and no secret in what is shown."""

import base64

import pytest

from penstock.core.errors import WrongUse
from penstock.settings import AlertTarget, alert_targets, load

WHSEC = "whsec_" + base64.b64encode(b"k" * 32).decode()


def one(text: str) -> AlertTarget:
    (target,) = alert_targets(text)
    return target


@pytest.mark.parametrize(
    ("text", "kind", "url", "secret", "name"),
    [
        ("webhook+https://ops.example.com/hook?a=b", "webhook", "https://ops.example.com/hook?a=b", "",
         "webhook at ops.example.com"),
        (f"webhook+https://{WHSEC}@ops.example.com/hook", "webhook", "https://ops.example.com/hook", WHSEC,
         "webhook at ops.example.com"),
        ("slack+https://hooks.slack.com/services/T0/B0/x", "slack", "https://hooks.slack.com/services/T0/B0/x", "",
         "slack at hooks.slack.com"),
        ("pagerduty://KEY", "pagerduty", "https://events.pagerduty.com", "KEY", "pagerduty"),
        ("pagerduty://KEY@events.eu.pagerduty.com", "pagerduty", "https://events.eu.pagerduty.com", "KEY",
         "pagerduty at events.eu.pagerduty.com"),
        ("pagerduty://KEY@127.0.0.1:9", "pagerduty", "http://127.0.0.1:9", "KEY", "pagerduty at 127.0.0.1:9"),
        ("alertmanager+http://am:9093", "alertmanager", "http://am:9093", "", "alertmanager at am:9093"),
        ("alertmanager+https://anna:p%40ss@am.example.com/x", "alertmanager", "https://am.example.com/x",
         "anna:p%40ss", "alertmanager at am.example.com"),
        ("alertmanager-webhook+https://in.example.com/h", "alertmanager-webhook", "https://in.example.com/h", "",
         "alertmanager-webhook at in.example.com"),
        ("mailto:ops@example.org", "mail", "", "", "mail to ops@example.org"),
    ],
)  # fmt: skip
def test_every_form_becomes_a_target(text: str, kind: str, url: str, secret: str, name: str) -> None:
    target = one(text)
    assert (target.kind, target.url, target.secret, target.name) == (kind, url, secret, name)


def test_mail_goes_by_the_server_that_is_named_or_by_the_one_of_this_machine() -> None:
    assert one("mailto:ops@example.org").mail == ("ops@example.org", "penstock@example.org", "localhost", 25, False)
    target = one("mailto:ops@example.org?from=watch@example.com&server=smtps://anna:p%2540ss@mail.example.com")
    assert target.mail == ("ops@example.org", "watch@example.com", "mail.example.com", 465, True)
    assert target.secret == "anna:p%40ss"
    plus = one("mailto:ops@example.org?from=a+b@example.com&server=smtp://anna:p+s@mail.example.com")
    assert (plus.secret, plus.mail) == (
        "anna:p+s",
        ("ops@example.org", "a+b@example.com", "mail.example.com", 25, False),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("https://ops.example.com", "number 1 is none of them"),
        ("pagerduty://KEY,", "number 2 is empty"),
        ("pagerduty://KEY,slack+https://", "number 2 is none of them"),
        ("slack+https:///path", "number 1 is an address without a proper host and port"),
        ("webhook+https://ops.example.com:99999/", "number 1 is an address without a proper host and port"),
        ("slack+https://anna@hooks.slack.com/x", "number 1 is a Slack address with a user name"),
        ("webhook+https://topsecret@ops.example.com/", "number 1 is a webhook with something else than whsec_"),
        ("webhook+https://whsec_dG9wc2VjcmV0@ops.example.com/", "24 to 64 bytes"),
        ("mailto:nobody", "number 1 is none of them"),
        ("mailto:ops@example.org?cc=topsecret@example.com", "server= and from="),
        ("mailto:ops@example.org?server=http://mail.example.com", "smtp://host:25 or smtps://host:465"),
        ("mailto:ops@example.org?server=smtp://mail.example.com:x", "smtp://host:25 or smtps://host:465"),
        ("mailto:ops@example.org?from=nobody", "a mail address that none of ours can be"),
        ("pagerduty://KEY,pagerduty://KEY", "number 2 is named twice"),
    ],
)
def test_what_is_wrong_is_one_line_that_names_it_and_repeats_nothing(text: str, said: str) -> None:
    with pytest.raises(WrongUse) as raised:
        load({"PENSTOCK_ALERTS": text})
    line = str(raised.value)
    assert line.startswith("PENSTOCK_ALERTS is not in its form, but it must be targets with commas between them")
    assert said in line
    assert "\n" not in line
    assert "topsecret" not in line


def test_a_target_is_the_same_when_only_its_secret_changes() -> None:
    other = "whsec_" + base64.b64encode(b"j" * 32).decode()
    ids = {one(f"webhook+https://{secret}ops.example.com/x").id for secret in ("", WHSEC + "@", other + "@")}
    assert len(ids) == 1
    assert one("alertmanager+http://a:b@am:9093").id == one("alertmanager+http://a:c@am:9093").id
    assert one("pagerduty://KEY1").id != one("pagerduty://KEY2").id
    assert one("webhook+https://a/x").id != one("webhook+https://a/y").id


def test_two_of_a_kind_are_told_apart_by_a_number() -> None:
    names = [each.name for each in alert_targets("pagerduty://K1,pagerduty://K2,slack+https://h/1,slack+https://h/2")]
    assert names == ["pagerduty", "pagerduty (2)", "slack at h", "slack at h (2)"]


def test_what_crosses_a_network_as_plain_text_is_known() -> None:
    assert one("webhook+http://ops.example.com/x").plain
    assert not one("webhook+http://127.0.0.1:9/x").plain
    assert not one("webhook+https://ops.example.com/x").plain
    assert not one("mailto:ops@example.org").plain
