"""One endpoint of the API as a value, and what happens around every handler: who asks, what was asked, the answer.

Query and body are declared as msgspec structs, so what a handler gets is whole and of the right type, and what is
wrong is said in one sentence. Used by the table in ``routes`` and by ``openapi``.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from penstock.core import ids
from penstock.ledger.rows import Access
from penstock.web.access import Gatekeeper, need
from penstock.web.bodies import BodyTooLargeError, BodyTooSlowError, read_body
from penstock.web.problems import ProblemError

T = TypeVar("T", bound=msgspec.Struct)

_BODY_BYTES = 65_536
_BODY_WITHIN_S = 10.0
_WHERE = re.compile(r"(?P<what>.*?)(?: - at `\$\.(?P<where>[^`]*)`)?", re.DOTALL)
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class NoQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Takes no parameters."""


class Ask(msgspec.Struct, frozen=True):
    """One call: who asks and for what."""

    request: Request
    access: Access

    def text(self, name: str) -> str:
        """A part of the path."""
        value: str = self.request.path_params[name]
        return value

    def row(self, kind: ids.Kind, name: str = "id") -> int:
        """The row of an id in the path. Raises ProblemError 404: an id that cannot be is one that does not exist."""
        row = ids.decode(kind, self.text(name))
        if row is None:
            raise missing()
        return row


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One method at one path."""

    method: str
    path: str  # below /api/v1; a part in braces may hold anything, slashes included when it says ``:path``
    summary: str
    work: Callable[..., Awaitable[object]]  # (ask, query, [body]) → the answer: a struct, None or a Response
    answer: type | None  # None: no body, or bytes
    status: int = 200
    query: type[msgspec.Struct] = NoQuery
    body: type[msgspec.Struct] | None = None
    role: str = "viewer"  # this or better
    everywhere: bool = False  # only for tokens that are for all workspaces
    errors: tuple[int, ...] = ()  # beside 400, 401, 403 and 503
    elsewhere: str | None = None  # what a redirect leads to, when the caller asked for one


def missing() -> ProblemError:
    """What does not exist, or is not for this caller to see: nobody can tell which."""
    return ProblemError(404, "there is nothing here by this name, or this token may not see it")


def routes(endpoints: Sequence[Endpoint], gatekeeper: Gatekeeper, prefix: str) -> list[Route]:
    """The endpoints, served: one route for each path, so that a wrong method is told which ones there are."""
    by_path: dict[str, dict[str, Endpoint]] = {}
    for endpoint in endpoints:
        by_path.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    return [
        Route(prefix + path, _served(methods, gatekeeper), methods=list(methods)) for path, methods in by_path.items()
    ]


def _served(methods: dict[str, Endpoint], gatekeeper: Gatekeeper) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        endpoint = methods["GET" if request.method == "HEAD" else request.method]
        access = await gatekeeper.bearer(request)
        need(access, endpoint.role, everywhere=endpoint.everywhere)
        given: list[Any] = [Ask(request, access), query_of(request, endpoint.query)]
        if endpoint.body is not None:
            given.append(await body_of(request, endpoint.body))
        answer = await endpoint.work(*given)
        return answer if isinstance(answer, Response) else as_json(answer, endpoint.status)

    return serve


def as_json(answer: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer as JSON; None is no body at all."""
    if answer is None:
        return Response(status_code=status, headers={"Cache-Control": "no-store"} | (headers or {}))
    return Response(
        msgspec.json.encode(answer),
        status,
        {"Content-Type": "application/json", "Cache-Control": "no-store"} | (headers or {}),
    )


def query_of(request: Request, shape: type[T]) -> T:
    """The query as a struct. Raises ProblemError 400."""
    known = {field.encode_name for field in msgspec.structs.fields(shape)}
    given: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in known:
            takes = f"it takes {', '.join(sorted(known))}" if known else "it takes none"
            raise ProblemError(400, f"there is no parameter {name[:40]!r} here", do=takes)
        if name in given:
            raise ProblemError(400, f"the parameter {name} is given twice")
        given[name] = value
    try:
        return msgspec.convert(given, shape, strict=False)
    except msgspec.ValidationError as error:
        raise ProblemError(400, _sentence("the parameter", error)) from None


async def body_of(request: Request, shape: type[T]) -> T:
    """The JSON body as a struct. Raises ProblemError 400, 408 or 413."""
    try:
        body = await read_body(
            request.receive, headers=request.scope["headers"], limit_bytes=_BODY_BYTES, within_s=_BODY_WITHIN_S
        )
    except BodyTooLargeError:
        raise ProblemError(413, f"the body is over {_BODY_BYTES // 1024} KiB") from None
    except BodyTooSlowError:
        raise ProblemError(408, "the body did not come in time") from None
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        raise ProblemError(400, _sentence("the field", error)) from None
    except _UNREADABLE:
        raise ProblemError(400, "the body is not JSON") from None


def _sentence(noun: str, error: msgspec.ValidationError) -> str:
    """msgspec's words with the place first; they name types and never repeat a value."""
    found = _WHERE.fullmatch(str(error))
    what, where = (found["what"], found["where"]) if found else (str(error), None)
    if what.startswith("Object "):
        return what.replace("Object contains", "the body contains").replace("Object missing", "the body is missing")
    about = f"{noun} {where}" if where else "the body"
    return f"{about} is not right: {what[:1].lower()}{what[1:]}"
