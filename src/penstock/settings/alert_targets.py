"""What ``PENSTOCK_ALERTS`` may name: each text becomes one target, or a word on what it should have been.

Nothing is looked up and nothing is connected to. A target's id tells it from others and stays the same when only its
password or signing secret changes; no secret can be read from it. Called by ``settings.model``; what a target is
becomes in ``wiring``.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

_EXPECTED = (
    "targets with commas between them, each webhook+https://…, slack+https://…, pagerduty://ROUTING_KEY, "
    "alertmanager+http://host:9093, alertmanager-webhook+https://… or mailto:…"
)
_HTTP = re.compile(r"(webhook|slack|alertmanager|alertmanager-webhook)\+(https?://\S+)")
_PAGERDUTY = re.compile(r"pagerduty://(?P<key>[A-Za-z0-9_-]+)(@(?P<place>[A-Za-z0-9.\[\]:-]+))?/?")
_MAIL = re.compile(r"mailto:(?P<to>[^\s@,?<>]+@[^\s@,?<>]+)(\?(?P<query>\S*))?")
_ADDRESS = re.compile(r"[!-?A-~]+@[A-Za-z0-9.-]+")
_PAGERDUTY_HOST = "events.pagerduty.com"
_HERE = {"localhost", "127.0.0.1", "::1"}
_WHSEC = "whsec_"
_LEAST_BYTES, _MOST_BYTES = 24, 64  # of a signing secret, as Standard Webhooks says
_SMTP = {"smtp": 25, "smtps": 465}


class MailWay(NamedTuple):
    """Who writes to whom by which server."""

    to: str
    sender: str
    host: str
    port: int
    secure: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTarget:
    """One target."""

    kind: str  # webhook, slack, pagerduty, alertmanager, alertmanager-webhook or mail
    id: str
    name: str  # for people
    url: str = field(default="", repr=False)  # without user and password; of PagerDuty without a path
    secret: str = field(default="", repr=False)  # whsec_…, a routing key, or user:password as they stand in the address
    mail: MailWay | None = None

    @property
    def plain(self) -> bool:
        """Whether what is told crosses a network as plain text."""
        parts = urlsplit(self.url)
        return parts.scheme == "http" and parts.hostname not in _HERE


def alert_targets(text: str) -> tuple[AlertTarget, ...]:
    """Where incidents are told; an empty text means nowhere. Raises ValueError."""
    found: list[AlertTarget] = []
    if not text.strip():
        return ()
    for nth, each in enumerate(text.split(","), 1):
        try:
            target = _target(each.strip())
        except ValueError as error:
            raise ValueError(f"{_EXPECTED}; number {nth} is {error}") from None
        if any(target.id == other.id for other in found):
            raise ValueError(f"{_EXPECTED}; number {nth} is named twice")
        found.append(target)
    return _told_apart(found)


def _told_apart(targets: list[AlertTarget]) -> tuple[AlertTarget, ...]:
    """Names that are one another's get a number."""
    seen: dict[str, int] = {}
    named = []
    for each in targets:
        nth = seen[each.name] = seen.get(each.name, 0) + 1
        name = each.name if nth == 1 else f"{each.name} ({nth})"
        named.append(
            AlertTarget(kind=each.kind, id=each.id, name=name, url=each.url, secret=each.secret, mail=each.mail)
        )
    return tuple(named)


def _target(text: str) -> AlertTarget:
    if found := _HTTP.fullmatch(text):
        return _by_http(found[1], found[2])
    if found := _PAGERDUTY.fullmatch(text):
        return _pagerduty(found["key"], found["place"])
    if found := _MAIL.fullmatch(text):
        return _mail(found["to"], found["query"] or "")
    raise ValueError("none of them" if text else "empty")


def _by_http(kind: str, url: str) -> AlertTarget:
    parts = _split(url)
    access, _, place = parts.netloc.rpartition("@")
    bare = parts._replace(netloc=place).geturl()
    if access and kind == "slack":
        raise ValueError("a Slack address with a user name, which it has none of")
    if access and kind == "webhook":
        access = unquote(access)
        _signing(access)
    return AlertTarget(kind=kind, id=_id(kind, bare), name=f"{kind} at {place}", url=bare, secret=access)


def _signing(secret: str) -> None:
    try:
        raw = base64.b64decode(secret.removeprefix(_WHSEC), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not secret.startswith(_WHSEC) or not _LEAST_BYTES <= len(raw) <= _MOST_BYTES:
        raise ValueError(
            "a webhook with something else than whsec_ and 24 to 64 bytes in base64 before its @ (a slash is written "
            "%2F there); leave it out, and Penstock makes one"
        )


def _pagerduty(key: str, place: str | None) -> AlertTarget:
    place = place or _PAGERDUTY_HOST
    parts = _split(f"https://{place}")
    scheme = "http" if parts.hostname in _HERE else "https"
    url = f"{scheme}://{place}"
    name = "pagerduty" if place == _PAGERDUTY_HOST else f"pagerduty at {place}"
    return AlertTarget(kind="pagerduty", id=_id("pagerduty", f"{key}@{place}"), name=name, url=url, secret=key)


def _mail(to: str, query: str) -> AlertTarget:
    given = dict(parse_qsl(query.replace("+", "%2B"), keep_blank_values=True))  # a plus is one here, as in any mailto:
    if given.keys() - {"server", "from"}:
        raise ValueError("a mail address with something else behind its ? than server= and from=")
    parts = urlsplit(given.get("server", "smtp://localhost:25"))
    try:
        host, port = parts.hostname or "", parts.port or _SMTP.get(parts.scheme, 0)
    except ValueError:
        host, port = "", 0
    if parts.scheme not in _SMTP or not host or not port or parts.path.strip("/") or parts.query:
        raise ValueError("a mail address whose server= is not smtp://host:25 or smtps://host:465")
    sender = given.get("from", "penstock@" + to.rpartition("@")[2])
    if not _ADDRESS.fullmatch(to) or not _ADDRESS.fullmatch(sender):
        raise ValueError("a mail address that none of ours can be")
    access = parts.netloc.rpartition("@")[0]
    way = MailWay(to, sender, host, port, parts.scheme == "smtps")
    return AlertTarget(
        kind="mail", id=_id("mail", f"{to} {host}:{port}"), name=f"mail to {to}", secret=access, mail=way
    )


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("an address without a proper host and port") from None
    if not parts.hostname or port == 0 or not re.fullmatch(r"[!-~]+", url) or parts.fragment:
        raise ValueError("an address without a proper host and port")
    return parts


def _id(kind: str, place: str) -> str:
    return hashlib.sha256(f"{kind} {place}".encode()).hexdigest()[:16]
