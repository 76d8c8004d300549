"""Makes HTML out of views: the template environment, its filters, and the headers that every page carries.

Everything is escaped unless a function here made it. Pages run our own script and nothing else. Used by ``pages``,
``signin`` and, for what went wrong, by ``app``.
"""

import re
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse, Response

from penstock.ledger.rows import Conversation
from penstock.web import words
from penstock.web.inbox import kinds, thread
from penstock.web.problems import ProblemError

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: with that, browsers say `Origin: null` of our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_URL = re.compile(r"https?://[^\s<>\"']+", re.IGNORECASE)
_TRAILING = ".,;:!?)]}…»”\u2019"
_AGAIN_S = 5
_TITLES = {
    401: "Not signed in",
    403: "Not allowed",
    404: "Nothing here",
    405: "Not like this",
    409: "Not here yet",
    410: "Not available",
    503: "Not right now",
}


class Drawing:
    """The pages' templates."""

    def __init__(self, *, stamp: str) -> None:
        self._environment = Environment(
            loader=PackageLoader("penstock.web"),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "ago": words.ago,
            "exact": words.exact,
            "linked": linked,
            "preview": kinds.preview,
            "kind_icon": kinds.icon,
            "rfc3339": words.rfc3339,
            "size": words.size,
            "span": words.span,
            "title": title_of,
            "version": thread.version,
        }
        self._environment.globals |= {"stamp": stamp}

    def page(self, template: str, status: int = 200, headers: dict[str, str] | None = None, **view: Any) -> Response:
        """A page."""
        view = {"access": None, "fragment": False, "again": None, "again_s": None} | view
        text = self._environment.get_template(template).render(view)
        return HTMLResponse(text, status, HEADERS | (headers or {}))

    def problem(self, problem: ProblemError, *, since: float | None = None, again: str = "/inbox") -> Response:
        """What went wrong, as a page. ``since``: the database cannot be read from then on; ``again`` is tried again."""
        headers = {name: value for name, value in problem.headers.items() if name != "WWW-Authenticate"}
        if since is not None:
            return self.page(
                "notice.html",
                problem.status,
                headers | {"Refresh": f"{_AGAIN_S}; url={again}"},
                title="Penstock cannot read its database",
                what=f"It has not been able to since {words.exact(since)}. What was received before is not lost.",
                do="This page tries again by itself.",
            )
        return self.page(
            "notice.html",
            problem.status,
            headers,
            title=_TITLES.get(problem.status, "This did not work"),
            what=_sentence(problem.what),
            do=_sentence(problem.do) if problem.do else None,
        )


def _sentence(words_: str) -> str:
    return f"{words_[:1].upper()}{words_[1:].rstrip('.')}."


def linked(text: str) -> Markup:
    """A text with its web addresses as links; everything else escaped."""
    parts = []
    at = 0
    for found in _URL.finditer(text):
        url = found[0].rstrip(_TRAILING)
        parts.append(escape(text[at : found.start()]))
        parts.append(Markup('<a href="{0}" target="_blank" rel="noopener noreferrer nofollow ugc">{0}</a>').format(url))
        at = found.start() + len(url)
    parts.append(escape(text[at:]))
    return Markup("").join(parts)


def title_of(conversation: Conversation) -> str:
    """What a conversation is called."""
    if conversation.title.strip():
        return conversation.title
    contact = conversation.contact
    if conversation.is_group:
        return "A group"
    return f"+{contact}" if contact.isdigit() else contact or "Somebody"
