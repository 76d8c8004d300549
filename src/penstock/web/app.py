"""The web application as one: Meta's door first, everything else through a router, and an answer for what goes wrong.

It composes and dispatches; the work is in the modules beside it. An unexpected error is answered in one sentence and
logged by its kind and place, without bodies, tokens or ids. Built by ``wiring``, run by uvicorn (with its access log
off: query strings hold verify tokens).
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import Message, Receive, Scope, Send

from penstock.adapters.blobs.port import Blobs
from penstock.controls.gates.operating import Operating
from penstock.controls.traces.operating import Operating as Tracing
from penstock.core.errors import Unreachable
from penstock.flow.nudge import Nudge
from penstock.flow.registry import Registry
from penstock.ledger.book import Ledger
from penstock.web import webhook
from penstock.web.access import Gatekeeper
from penstock.web.api import openapi
from penstock.web.api import routes as api
from penstock.web.api.endpoint import as_json, routes
from penstock.web.api.gates import Gates
from penstock.web.api.incidents import Incidents
from penstock.web.api.provisioning import Provisioning
from penstock.web.api.reading import Reading
from penstock.web.api.recipes import Recipes
from penstock.web.api.reprocess import Reprocessing
from penstock.web.api.rollouts import Rollouts
from penstock.web.api.shapes import Problem, ProblemAnswer
from penstock.web.api.traces import Traces
from penstock.web.bodies import ClientGoneError
from penstock.web.events import Events
from penstock.web.health import Health
from penstock.web.inbox.assets import Assets
from penstock.web.inbox.drawing import Drawing
from penstock.web.inbox.pages import Inbox, address_of
from penstock.web.inbox.signin import SignIn
from penstock.web.metrics import Metrics
from penstock.web.problems import ProblemError, note, problem_of
from penstock.web.sessions import Sessions

_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
_PROGRAMS = ("/api/", "/events", "/static/")  # what asks there is no reader of pages


@dataclass
class Parts:
    """What the web room stands on, started and stopped by somebody else."""

    ledger: Ledger
    registry: Registry
    receiver: webhook.Takes
    blobs: Blobs
    nudge: Nudge
    public_base: str  # how people reach it, without a slash at the end
    session_key: bytes
    version: str
    metrics: Metrics | None = None  # made here unless the fetcher is to be counted, too
    body_within_s: float = 20.0  # a webhook's body must be complete by then
    door: bool = True  # whether Meta's webhooks are taken here
    counting: bool = True  # whether whoever asks for figures is told of the whole installation
    insecure: bool = False  # whether a recipe may name an upstream without TLS
    pages: bool = True  # whether people and programs are served here; health and figures always are


class App:
    """The ASGI application."""

    def __init__(self, parts: Parts) -> None:
        base = parts.public_base.rstrip("/")
        self._base = base
        self._sessions = Sessions(parts.session_key, secure=base.lower().startswith("https:"))
        self.metrics = parts.metrics or Metrics(version=parts.version)
        gatekeeper = Gatekeeper(parts.ledger, self._sessions, public_base=base)
        health = Health(parts.ledger, self.metrics, counting=parts.counting)
        events = Events(parts.ledger, parts.nudge, gatekeeper, self.metrics.door)
        assets = Assets()
        self._drawing = Drawing(stamp=assets.stamp)
        door = webhook.Door(parts.receiver, parts.registry, self.metrics.door, body_within_s=parts.body_within_s)
        self._door = door if parts.door else None
        self.endpoints = api.table(
            Reading(parts.ledger, parts.blobs, events, health, base=base, version=parts.version),
            Provisioning(parts.ledger, parts.registry, parts.nudge),
            Gates(parts.ledger, Operating(parts.ledger)),
            Reprocessing(parts.ledger),
            Incidents(parts.ledger),
            Recipes(parts.ledger, insecure=parts.insecure),
            Rollouts(parts.ledger),
            Traces(parts.ledger, Tracing(parts.ledger)),
        )

        @cache
        def document() -> Response:  # made when it is first asked for: few ever do
            return as_json(openapi.document(self.endpoints, prefix=api.PREFIX, base=base, version=parts.version))

        async def described(_request: Request) -> Response:
            return document()

        served: list[BaseRoute] = [*health.routes()]
        if parts.pages:
            served += [
                events.route(),
                Route(f"{api.PREFIX}/openapi.json", described),
                *routes(self.endpoints, gatekeeper, api.PREFIX),
                *SignIn(parts.ledger, self._sessions, gatekeeper, self._drawing).routes(),
                *Inbox(parts.ledger, parts.blobs, gatekeeper, self._drawing).routes(),
                assets.route(),
            ]
        self._router = Router(served, redirect_slashes=False)
        self._unreadable_since: float | None = None

    def sign_in_link(self, token_id: int) -> str:
        """An address that signs a browser in as this token: once, within ten minutes, while this process lives."""
        return f"{self._base}/login/{self._sessions.link(token_id, now=time.monotonic())}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            path = scope["path"]
            if self._door and path.startswith(webhook.PATH) and path[len(webhook.PATH) :][:1] in ("", "/"):
                await self._door(scope, receive, send)
            else:
                await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await _live(receive, send)
        else:  # nothing here speaks WebSocket
            await send({"type": "websocket.close", "code": 1000})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Everything but the door: route it, and answer for what goes wrong."""
        begun = False

        async def guarded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message = {**message, "headers": _with_policy(message.get("headers", ()))}
            await send(message)

        scope["app"] = self  # the router then raises what it cannot find instead of answering in its own words
        try:
            await self._router(scope, receive, guarded)
        except (ClientDisconnect, ClientGoneError):
            return
        except Exception as error:  # noqa: BLE001 -- the one place where anything at all becomes an answer
            problem = problem_of(error)
            if problem.status >= 500:
                note("web.failed", error, route=_route_of(scope), status=problem.status)
            if not begun:  # otherwise the connection is cut, and the client sees that the answer is not whole
                answer = self._answer(Request(scope), problem, error)
                await answer(scope, receive, guarded)
            return
        self._unreadable_since = None

    def _answer(self, request: Request, problem: ProblemError, error: Exception) -> Response:
        """What went wrong, as JSON for programs and as a page for people."""
        path = request.scope["path"]
        if path.startswith(_PROGRAMS) or "text/html" not in request.headers.get("accept", ""):
            return as_json(
                ProblemAnswer(Problem(problem.what, problem.fault, problem.do)), problem.status, problem.headers
            )
        if isinstance(error, Unreachable):
            self._unreadable_since = self._unreadable_since or time.time()
            return self._drawing.problem(problem, since=self._unreadable_since, again=address_of(request))
        return self._drawing.problem(problem)


def build(parts: Parts) -> App:
    """The web application over these parts. Does nothing until it is asked something."""
    return App(parts)


def _with_policy(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers, with what every answer must carry unless it carries its own."""
    there = {name.lower() for name, _ in headers}
    return [*headers, *((name, value) for name, value in _ALWAYS if name not in there)]


def _route_of(scope: Scope) -> str | None:
    """The route's own path, with its parts unfilled: what fills them may be a wamid."""
    route = scope.get("route")
    return route.path if isinstance(route, Route) else None


async def _live(receive: Receive, send: Send) -> None:
    """Lifespan: starting and stopping is the business of ``wiring``."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
