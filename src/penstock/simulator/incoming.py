"""One request as it came, and what can be read from it: its effective method, its token, its parameters.

Here lives the method override: ``method=`` in a form, a JSON body or the query. Pure; used by the two hops, the fleet
and the record. It never keeps a body longer than the request lives.
"""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

_TUNNELLED = frozenset({"get", "post", "delete"})


@dataclass(slots=True)
class Incoming:
    """A request whose body is complete. Header names are lower case; ``target`` is as it stood on the request line."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes = b""
    keep_alive: bool = True

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    def header(self, name: str) -> str | None:
        """The first header of this name (lower case)."""
        for key, value in self.headers:
            if key == name:
                return value
        return None

    def query(self) -> list[tuple[str, str]]:
        """The parameters of the target."""
        query = self.target.partition("?")[2]
        if not query:
            return []
        if "%" in query or "+" in query:
            return parse_qsl(query, keep_blank_values=True)
        return [(name, value) for name, _, value in (part.partition("=") for part in query.split("&")) if name]

    def form(self) -> list[tuple[str, str]]:
        """The parameters of the body: a form's, or a JSON object's as text. Empty when it is neither."""
        if not self.body:
            return []
        content_type = (self.header("content-type") or "").partition(";")[0].strip().lower()
        if content_type == "application/json":
            return _from_json(self.body)
        if content_type == "application/x-www-form-urlencoded":
            return parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        return []


@dataclass(frozen=True, slots=True)
class Override:
    """What ``method=`` said: the one method it asks for (lower case), or that several disagree."""

    method: str | None
    disagree: bool = False


def override_of(request: Incoming) -> Override:
    """The method that a request tunnels, read from form, JSON and query, in any case."""
    if request.method == "GET" and "method=" not in request.target:
        return Override(None)
    asked = {value.lower() for name, value in (*request.form(), *request.query()) if name == "method"}
    if len(asked) > 1:
        return Override(None, disagree=True)
    return Override(asked.pop() if asked else None)


def may_be_tunnelled(method: str) -> bool:
    """Whether Graph would let an override mean this method."""
    return method in _TUNNELLED


def token_of(request: Incoming) -> str | None:
    """The token a request carries: from the header, then the body, then the query. None when there is none."""
    value = request.header("authorization")
    if value is not None:
        scheme, _, text = value.partition(" ")
        if scheme.lower() in {"bearer", "oauth"} and text.strip():
            return text.strip()
    if request.body or "access_token=" in request.target:
        for name, text in (*request.form(), *request.query()):
            if name == "access_token" and text:
                return text
    return None


def without_token(target: str, token_name: str) -> str:
    """A target fit for a record: the token in its query replaced by its name."""
    if "access_token" not in (unquote_plus(target) if "%" in target else target):
        return target
    path, _, query = target.partition("?")
    shown = [
        f"access_token={token_name}" if unquote_plus(part.partition("=")[0]) == "access_token" else part
        for part in query.split("&")
    ]
    return f"{path}?{'&'.join(shown)}"


def _from_json(body: bytes) -> list[tuple[str, str]]:
    try:
        tree: Any = json.loads(body)
    except ValueError:
        return []
    if not isinstance(tree, dict):
        return []
    return [(str(name), value if isinstance(value, str) else json.dumps(value)) for name, value in tree.items()]
