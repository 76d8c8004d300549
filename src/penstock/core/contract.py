"""The request contract: is the prepared request exactly the declared operation.

``Prepared`` is what a client library is about to write, taken from its own final request and not from what it was asked
for; ``Declared`` is what the operation, the settings and this one call say it must be. Anything that differs, or that
nobody declared, is a violation, and its sentence carries no secret. Pure; nothing is sent or raised here. Called by the
innermost layer of the Graph adapter before a byte leaves.
"""

import re
from collections.abc import Sequence
from urllib.parse import unquote_plus

import msgspec

from penstock.core import hosts
from penstock.core.hosts import Web
from penstock.core.operation import MEDIA_ID, UNDECLARABLE, HostRule, Operation

_VISIBLE = re.compile(r"[!-~]{1,4096}")
_SEPARATORS = re.compile(r"[&;]")


class Pinned(msgspec.Struct, frozen=True):
    """What the settings pin for every request of this instance."""

    graph: Web  # the configured base; its path is the prefix of every look-up, "/" for none
    version: str  # of Graph, e.g. "v26.0"
    media_hosts: tuple[str, ...]
    insecure: bool  # http, other ports and private addresses are permitted
    user_agent: str

    @property
    def prefix(self) -> str:
        """What stands before the version in the path of a look-up."""
        return self.graph.path.rstrip("/")


class Declared(msgspec.Struct, frozen=True):
    """What one call must look like on the wire."""

    operation: Operation
    web: Web
    token: str  # of the number whose file it is

    def __repr__(self) -> str:
        """Without the token and the URL."""
        return f"Declared({self.operation.name} at {self.web.host})"


class Prepared(msgspec.Struct, frozen=True, gc=False):
    """What a client library is about to write."""

    method: str
    scheme: str
    host: str
    port: int | None
    target: str  # of the request line
    headers: Sequence[tuple[str, str]]
    http_version: tuple[int, int] = (1, 1)
    body: bool = False  # a body, or anything that announces or transforms one
    proxied: bool = False
    verified: bool = True  # the server's certificate is checked, against its own name

    def __repr__(self) -> str:
        """Without headers and the URL."""
        return f"Prepared({self.method!r} at {self.host})"


def look_up(pinned: Pinned, media_id: str) -> Web | None:
    """Where a media id is looked up; None when the id is not fit to stand in a path."""
    if not MEDIA_ID.fullmatch(media_id):
        return None
    return msgspec.structs.replace(pinned.graph, path=f"{pinned.prefix}/{pinned.version}/{media_id}", query="")


def headers(pinned: Pinned, declared: Declared) -> dict[str, str]:
    """The headers that the request must have, all of them, lower case."""
    return {
        "host": declared.web.authority,
        "authorization": f"Bearer {declared.token}",
        "user-agent": pinned.user_agent,
        "accept": "*/*",
        "accept-encoding": "identity",
    }


def violation(prepared: Prepared, declared: Declared, pinned: Pinned) -> str | None:
    """What is wrong with a prepared request, in one sentence without secrets; None when it is as declared."""
    return (
        _of_declaration(declared, pinned)
        or _of_line(prepared, declared)
        or _of_headers(prepared, declared, pinned)
        or _of_rest(prepared)
    )


def _of_declaration(declared: Declared, pinned: Pinned) -> str | None:
    """Whether the call itself keeps to its operation and to the settings."""
    operation, web = declared.operation, declared.web
    if not _VISIBLE.fullmatch(declared.token):
        return "the token is not one line of visible characters"
    path = web.path
    if operation.host is HostRule.GRAPH:
        graph = pinned.graph
        if (web.scheme, web.host, web.port) != (graph.scheme, graph.host, graph.port):
            return f"{operation.name} does not go to {web.authority}"
        path = path.removeprefix(pinned.prefix)
        if not path.startswith(f"/{pinned.version}/"):
            return f"the path does not begin with the pinned version {pinned.version}"
    elif not hosts.allowed(web, pinned.media_hosts, insecure=pinned.insecure):
        return f"{operation.name} does not go to {web.authority}"
    if not pinned.insecure and web.scheme != "https":
        return "the scheme is not https"
    if not operation.path.fullmatch(path):
        return f"the path is not one of {operation.name}"
    return _of_query(web.query, operation)


def _of_query(query: str, operation: Operation) -> str | None:
    if not query:
        return None
    if not query.startswith("?"):
        return "the query does not begin with a question mark"
    for pair in _SEPARATORS.split(query[1:]):
        key = unquote_plus(pair.partition("=")[0])
        # "method[]" and " method" are "method" to the servers that read it.
        plain = key.partition("[")[0].strip().lower().replace(".", "_").replace("-", "_")
        if plain in UNDECLARABLE:
            return f"the query holds {plain}"
        if operation.query is not None and key not in operation.query:
            return f"the query of {operation.name} has a key that is not declared"
    return None


def _of_line(prepared: Prepared, declared: Declared) -> str | None:
    web, method = declared.web, declared.operation.method
    if type(prepared.method) is not str or prepared.method != method:
        return f"the method is {str(prepared.method)[:20]!r}, not {method!r}"
    if prepared.target != web.target:
        return "the path or query is not the declared one"
    if prepared.scheme != web.scheme:
        return f"the scheme is {prepared.scheme[:10]!r}, not {web.scheme!r}"
    if prepared.host != web.host or prepared.port != web.port:
        return f"the host is not {web.authority}"
    return None


def _of_headers(prepared: Prepared, declared: Declared, pinned: Pinned) -> str | None:
    missing = headers(pinned, declared)
    for name, value in prepared.headers:
        lower = name.lower()
        if lower not in declared.operation.headers:
            return f"the header {lower[:40]!r} is not declared"
        expected = missing.pop(lower, None)
        if expected is None:
            return f"the header {lower} stands there twice"
        if value != expected:
            # The value may hold a secret, whoever's it is.
            return (
                "the token is not this number's"
                if lower == "authorization"
                else f"the header {lower} is not as declared"
            )
    for lower in declared.operation.headers:
        if lower in missing:
            return f"the header {lower} is missing"
    return None


def _of_rest(prepared: Prepared) -> str | None:
    if prepared.body:
        return "there is a body, or something that announces one"
    if prepared.proxied:
        return "it would go through a proxy"
    if not prepared.verified:
        return "the server's certificate would not be checked"
    if prepared.http_version != (1, 1):
        return "it is not HTTP/1.1"
    return None
