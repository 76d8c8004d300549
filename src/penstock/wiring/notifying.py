"""Which sender stands behind each alert target of the settings, and with which secret it signs.

Light, so that the commands that try targets stay quick. Called by ``wiring.instance`` and ``cli``.
"""

import base64
import hmac
from collections.abc import Callable
from urllib.parse import unquote

from penstock.adapters.notify.alertmanager import Alertmanager, AlertmanagerWebhook
from penstock.adapters.notify.heartbeat import HttpBeats
from penstock.adapters.notify.mail import Mail, Server
from penstock.adapters.notify.pagerduty import PagerDuty
from penstock.adapters.notify.port import Beats, Notifier, Target
from penstock.adapters.notify.slack import Slack
from penstock.adapters.notify.webhook import PREFIX, Webhook
from penstock.settings import AlertTarget, Settings
from penstock.settings.key_file import secret_keys

_SIGNING = b"penstock/alerts/1 "


def open_targets(settings: Settings) -> list[Target]:
    """Every target that the settings name. Raises what ``secret_keys`` raises when a webhook is signed by us."""
    return [Target(each.id, each.name, _notifier(each, settings)) for each in settings.alerts]


def open_beats(settings: Settings) -> Beats | None:
    """Whoever notices when the sign of life stays away, if the settings name one."""
    return None if settings.heartbeat_url is None else HttpBeats(settings.heartbeat_url)


def link(settings: Settings) -> Callable[[int], str]:
    """Makes the address of an incident."""
    return lambda id_: f"{settings.public_base}/api/v1/incidents/{id_}"


def signing_secrets(target: AlertTarget, settings: Settings) -> list[bytes]:
    """What a webhook is signed with: the secret that its address names, or one made of each secret key and its id."""
    if target.secret:
        return [base64.b64decode(target.secret.removeprefix(PREFIX))]
    return [hmac.digest(key.encode(), _SIGNING + target.id.encode(), "sha256") for key in secret_keys(settings)]


def shown_secrets(settings: Settings) -> dict[str, str]:
    """The signing secret in use of each webhook, by the target's id, as receivers are given it."""
    return {
        each.id: PREFIX + base64.b64encode(signing_secrets(each, settings)[0]).decode()
        for each in settings.alerts
        if each.kind == "webhook"
    }


def _notifier(target: AlertTarget, settings: Settings) -> Notifier:
    match target.kind:
        case "webhook":
            return Webhook(target.url, signing_secrets(target, settings))
        case "slack":
            return Slack(target.url)
        case "pagerduty":
            return PagerDuty(target.url, target.secret)
        case "alertmanager":
            return Alertmanager(target.url, target.secret)
        case "alertmanager-webhook":
            return AlertmanagerWebhook(target.url, target.secret)
        case _:
            return _mail(target)


def _mail(target: AlertTarget) -> Mail:
    assert target.mail is not None
    way = target.mail
    user, _, password = target.secret.partition(":")
    return Mail(way.to, way.sender, Server(way.host, way.port, way.secure, unquote(user), unquote(password)))
