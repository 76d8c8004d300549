"""The request contract: is the prepared request exactly the declared operation.

``Prepared`` is what a client library is about to write, taken from its own final request and not from what it was asked
for; ``Declared`` is what the operation, the settings and this one call say it must be. Anything that differs, or that
nobody declared, is a violation, and its sentence carries no secret. Pure; nothing is sent or raised here. Called by the
innermost layer of the Graph adapter before a byte leaves, and with the bytes themselves when an instance starts.
"""

import re
from collections.abc import Sequence
from urllib.parse import unquote_plus

import msgspec

from penstock.core import hosts
from penstock.core.form import Form
from penstock.core.hosts import Web
from penstock.core.operation import MEDIA_ID, PHONE_NUMBER_ID, UNDECLARABLE, HostRule, Operation, in_disguise

_VISIBLE = re.compile(r"[!-~]{1,4096}")
_SEPARATORS = re.compile(r"[&;]")
_NOT_THE_TOKEN = "the header Authorization is not the token of this number"  # noqa: S105  no token


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
    form: Form | None = None  # its body, where the operation has one

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
    data: bytes | None = None  # the whole body as it will be written; None when it is none, or is not known beforehand
    proxied: bool = False
    verified: bool = True  # the server's certificate is checked, against its own name
    tunnelled: str | None = None  # the field of its body that stands for another verb, where somebody looked

    def __repr__(self) -> str:
        """Without headers and the URL."""
        return f"Prepared({self.method!r} at {self.host})"


def look_up(pinned: Pinned, media_id: str) -> Web | None:
    """Where a media id is looked up; None when the id is not fit to stand in a path."""
    if not MEDIA_ID.fullmatch(media_id):
        return None
    return msgspec.structs.replace(pinned.graph, path=f"{pinned.prefix}/{pinned.version}/{media_id}", query="")


def upload(pinned: Pinned, phone_number_id: str) -> Web | None:
    """Where a file is uploaded for a number; None when its id is not fit to stand in a path."""
    if not PHONE_NUMBER_ID.fullmatch(phone_number_id):
        return None
    return msgspec.structs.replace(
        pinned.graph, path=f"{pinned.prefix}/{pinned.version}/{phone_number_id}/media", query=""
    )


def headers(pinned: Pinned, declared: Declared) -> dict[str, str]:
    """The headers that the request must have: these and no others, with exactly these values."""
    values = {
        "Host": declared.web.authority,
        "Authorization": f"Bearer {declared.token}",
        "User-Agent": pinned.user_agent,
        "Accept": "*/*",
        "Accept-Encoding": "identity",
    }
    if (form := declared.form) is not None:
        values |= {"Content-Type": form.content_type, "Content-Length": str(len(form.data))}
    return {name: values[name] for name in declared.operation.headers if name in values}


def violation(prepared: Prepared, declared: Declared, pinned: Pinned) -> str | None:
    """What is wrong with a prepared request, in one sentence without secrets; None when it is as declared."""
    return (
        misplaced(declared.operation, declared.web, pinned)
        or _of_line(prepared, declared)
        or _of_headers(prepared, declared, pinned)
        or _of_body(prepared, declared)
        or _of_rest(prepared)
    )


def unlike(written: bytes, declared: Declared, pinned: Pinned) -> str | None:
    """How the bytes of a request differ from its declaration, in one sentence without secrets; None when they do not.

    The order of headers says nothing, so it is not compared.
    """
    head, end, rest = written.partition(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").split("\r\n")
    if not end:
        return "no whole request was written"
    if line != f"{declared.operation.method} {declared.web.target} HTTP/1.1":
        method = line.partition(" ")[0]
        if method != declared.operation.method:
            return f"the method on the wire is {method[:20]!r}, not {declared.operation.method!r}"
        return "the path, query or version on the wire is not the declared one"
    left = [f"{name}: {value}" for name, value in headers(pinned, declared).items()]
    for field in fields:
        if field not in left:
            return f"the header {field.partition(':')[0][:40]!r} on the wire is not as declared"
        left.remove(field)
    if left:
        return f"the header {left[0].partition(':')[0]} is not on the wire"
    return _other_body(rest, declared.form)


def _other_body(rest: bytes, form: Form | None) -> str | None:
    """What is wrong with what follows the headers."""
    if rest == (b"" if form is None else form.data):
        return None
    return f"{len(rest)} bytes follow the headers" + ("" if form is None else ", which are not the declared body")


def misplaced(operation: Operation, web: Web, pinned: Pinned) -> str | None:
    """Why an operation may not go to this address; None when it may."""
    graph = operation.host is HostRule.GRAPH
    wrong = _off_graph(web, pinned) if graph else _off_the_list(operation, web, pinned)
    if wrong is not None:
        return wrong
    if not operation.path.fullmatch(web.path.removeprefix(pinned.prefix) if graph else web.path):
        return f"the path is not one of {operation.name}"
    return of_query(web.query, operation.query, operation.name)


def _off_graph(web: Web, pinned: Pinned) -> str | None:
    graph = pinned.graph
    if (web.scheme, web.host, web.port) != (graph.scheme, graph.host, graph.port):
        return f"{web.authority} is not the configured Graph host"
    if web.scheme != "https" and not pinned.insecure:
        return "the scheme is not https"
    if not web.path.startswith(f"{pinned.prefix}/{pinned.version}/"):
        return f"the path does not begin with the pinned version {pinned.version}"
    return None


def _off_the_list(operation: Operation, web: Web, pinned: Pinned) -> str | None:
    if hosts.allowed(web, pinned.media_hosts, insecure=pinned.insecure):
        return None
    return f"{web.scheme}://{web.authority} is not on the list of {operation.name}"


def of_query(query: str, keys: frozenset[str] | None, name: str) -> str | None:
    """What is wrong with a query, its question mark included, of which only ``keys`` are declared (None: any)."""
    if not query:
        return None
    if not query.startswith("?"):
        return "the query does not begin with a question mark"
    for pair in _SEPARATORS.split(query[1:]):
        key = pair.partition("=")[0]
        if not key.isidentifier():
            key = unquote_plus(key)
        plain = key.lower() if key.isidentifier() else in_disguise(key)
        if plain in UNDECLARABLE:
            return f"the query holds {plain}"
        if keys is not None and key not in keys:
            return f"the query of {name} has a key that is not declared"
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
    if not _VISIBLE.fullmatch(declared.token):
        return "the token is not one line of visible characters"
    missing = headers(pinned, declared)
    for name, value in prepared.headers:
        expected = missing.pop(name, None)
        if expected is None:
            return f"the header {name[:40]!r} is not declared, or stands there twice"
        if value != expected:  # it may hold a secret, whoever's it is, so it is not shown
            return _NOT_THE_TOKEN if name == "Authorization" else f"the header {name} is not as declared"
    return f"the header {next(iter(missing))} is missing" if missing else None


def _of_body(prepared: Prepared, declared: Declared) -> str | None:
    form = declared.form
    if declared.operation.body is not (form is not None):
        return f"{declared.operation.name} was called with a body that it must not have, or without the one it must"
    if form is None:
        return "there is a body, or something that announces one" if prepared.body else None
    if type(prepared.data) is not bytes or prepared.data != form.data:
        return "the body is not the declared one"
    return None


def _of_rest(prepared: Prepared) -> str | None:
    if prepared.proxied:
        return "it would go through a proxy"
    if not prepared.verified:
        return "the server's certificate would not be checked"
    if prepared.http_version != (1, 1):
        return "it is not HTTP/1.1"
    return None
