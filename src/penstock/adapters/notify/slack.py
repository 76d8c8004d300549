"""Slack, by an incoming webhook: a headline, the facts, a link. The address is the secret.

Slack knows no ids, so an alert that is sent again after a crash is a second message there. Made by ``wiring``.
"""

from typing import Any

import msgspec

from penstock.adapters.notify import http
from penstock.adapters.notify.port import Reply
from penstock.core.alert import Alert, facts, title

_HEAD, _SECTION = 150, 3_000  # characters that Slack takes in a header and in a section
_MARKS = {"opened": "🔴", "updated": "🟠", "closed": "🟢"}


class Slack:
    """One channel."""

    repeats_s = None
    keeps = False

    def __init__(self, url: str) -> None:
        self._url = url

    async def send(self, alert: Alert, *, now: float) -> Reply:
        """Tell it."""
        del now
        return await http.post(self._url, msgspec.json.encode(message(alert)), secrets=http.hidden(self._url))

    async def reach(self) -> str | None:
        """Connect without telling anything."""
        return await http.connect_to(self._url)


def message(alert: Alert) -> dict[str, Any]:
    """One message: ``text`` for notifications, ``blocks`` for whoever looks."""
    whole = title(alert)
    head, _, rest = whole.partition(". ")
    mark = "⚪" if alert.test else _MARKS[alert.event]
    told = [f"*{name}*  {_escaped(said)}" for name, said in facts(alert).items()]
    shown = "\n".join(([_escaped(rest)] if rest else []) + told)
    link = "Penstock" if alert.test else f"Incident {alert.incident.id}"
    return {
        "text": _escaped(whole),
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": f"{mark} {head}"[:_HEAD], "emoji": True}},
            {"type": "section", "text": {"type": "mrkdwn", "text": shown[:_SECTION]}},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": f"<{_escaped(alert.url)}|{link}>"}]},
        ],
    }


def _escaped(text: str) -> str:
    """A text in which Slack finds no link, no name and no channel."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
