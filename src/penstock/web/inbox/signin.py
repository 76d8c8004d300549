"""Signing in and out: a form that takes an API token, links that work once, and the cookie of a session.

A token that is withdrawn ends its sessions at once, as each request asks the ledger. Links are made for ``penstock
demo`` and live in memory. Mounted by ``app``.
"""

import time
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from penstock.ledger.book import Ledger
from penstock.web.access import Gatekeeper
from penstock.web.bodies import BodyTooLargeError, BodyTooSlowError, read_body
from penstock.web.inbox.drawing import HEADERS, Drawing
from penstock.web.problems import ProblemError
from penstock.web.sessions import LIFE_S, Sessions

_FORM_BYTES = 16_384
_FORM_WITHIN_S = 10.0
_HOME = "/inbox"


class SignIn:
    """``/login`` and ``/logout``."""

    def __init__(self, ledger: Ledger, sessions: Sessions, gatekeeper: Gatekeeper, drawing: Drawing) -> None:
        self._ledger = ledger
        self._sessions = sessions
        self._gatekeeper = gatekeeper
        self._drawing = drawing

    def routes(self) -> list[Route]:
        """Where people sign in and out."""
        return [
            Route("/login", self._form, methods=["GET"]),
            Route("/login", self._take, methods=["POST"]),
            Route("/login/{code}", self._link, methods=["GET"]),
            Route("/logout", self._leave, methods=["POST"]),
        ]

    async def _form(self, request: Request) -> Response:
        then = safe_path(request.query_params.get("next"))
        if await self._gatekeeper.session(request) is not None:
            return RedirectResponse(then, 303, HEADERS)
        return self._drawing.page("login.html", then=then, wrong=None)

    async def _take(self, request: Request) -> Response:
        self._gatekeeper.check_origin(request)
        form = await _form_of(request)
        then = safe_path(form.get("next"))
        access = await self._ledger.tokens.access(form.get("token", "").strip())
        if access is None:
            return self._drawing.page(
                "login.html", 401, then=then, wrong="This token is not known here, or was withdrawn."
            )
        response = RedirectResponse(then, 303, HEADERS)
        await self._open(response, access.token_id)
        return response

    async def _link(self, request: Request) -> Response:
        if request.method == "HEAD":  # looks at the link without using it up
            return Response(status_code=200, headers=HEADERS)
        token_id = self._sessions.redeem(request.path_params["code"], now=time.monotonic())
        if token_id is None or await self._ledger.tokens.access_by_id(token_id) is None:
            return self._drawing.page(
                "login.html", 410, then=_HOME, wrong="This link was used already, or is more than ten minutes old."
            )
        # Not a redirect: a strict cookie is not sent along one that began on another site.
        response = self._drawing.page(
            "notice.html",
            headers={"Refresh": f"0; url={_HOME}"},
            title="Signed in",
            what="The inbox opens by itself.",
            do=None,
            link=_HOME,
        )
        await self._open(response, token_id)
        return response

    async def _leave(self, request: Request) -> Response:
        self._gatekeeper.check_origin(request)
        response = RedirectResponse("/login", 303, HEADERS)
        response.delete_cookie(
            self._sessions.cookie, path="/", secure=self._sessions.secure, httponly=True, samesite="strict"
        )
        return response

    async def _open(self, response: Response, token_id: int) -> None:
        """Give the browser its session."""
        response.set_cookie(
            self._sessions.cookie,
            self._sessions.issue(token_id, now=await self._ledger.now()),
            max_age=LIFE_S,
            path="/",
            secure=self._sessions.secure,
            httponly=True,
            samesite="strict",
        )


def safe_path(path: str | None) -> str:
    """A path of this site, or the inbox: never another site, however it is written.

    >>> safe_path("/inbox/cnv_1?x=1"), safe_path("//evil.example"), safe_path("/\\\\evil.example")
    ('/inbox/cnv_1?x=1', '/inbox', '/inbox')
    """
    if not path or not path.startswith("/") or path[1:2] in ("/", "\\") or not path.isprintable():
        return _HOME
    return path if path.isascii() else _HOME


async def _form_of(request: Request) -> dict[str, str]:
    """The fields of a small form. Raises ProblemError 400, 408 or 413."""
    try:
        body = await read_body(
            request.receive, headers=request.scope["headers"], limit_bytes=_FORM_BYTES, within_s=_FORM_WITHIN_S
        )
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=10))
    except BodyTooLargeError:
        raise ProblemError(413, "the form is too large") from None
    except BodyTooSlowError:
        raise ProblemError(408, "the form did not come in time") from None
    except (UnicodeDecodeError, ValueError):
        raise ProblemError(400, "this is not a form") from None
