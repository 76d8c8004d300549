"""Who asks, and what may they see: API tokens in a header for programs, a session cookie for people.

A token has a role and may be bound to one workspace; rows of others do not exist for it. Any role may read everything
of its workspace, contents included; provisioning needs an admin whose token is for all of them, as apps and
credentials are shared and a new number may bring messages out of quarantine. Used by the API, the inbox and the feed.
"""

from starlette.requests import HTTPConnection

from penstock.ledger.book import Ledger
from penstock.ledger.rows import Access
from penstock.ledger.tokens import ROLES
from penstock.web.problems import ProblemError
from penstock.web.sessions import Sessions

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="penstock"'}
_WRONG = {"WWW-Authenticate": 'Bearer realm="penstock", error="invalid_token"'}
_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Gatekeeper:
    """Tells who asks."""

    def __init__(self, ledger: Ledger, sessions: Sessions, *, public_base: str) -> None:
        self._ledger = ledger
        self._sessions = sessions
        self._origin = origin_of(public_base)

    async def bearer(self, request: HTTPConnection) -> Access:
        """The access of the token in the Authorization header. Raises ProblemError 401."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise ProblemError(
                401,
                "this needs an API token",
                do="send `Authorization: Bearer …`; `penstock token create` makes one",
                headers=_CHALLENGE,
            )
        access = await self._ledger.tokens.access(token.strip())
        if access is None:
            raise ProblemError(
                401,
                "this API token is not known, or was withdrawn",
                do="`penstock token list` shows those that are",
                headers=_WRONG,
            )
        return access

    async def session(self, request: HTTPConnection) -> Access | None:
        """The access of the browser's session; None when there is none or its token was withdrawn."""
        value = request.cookies.get(self._sessions.cookie)
        if not value:
            return None
        token_id = self._sessions.read(value, now=await self._ledger.now())
        return None if token_id is None else await self._ledger.tokens.access_by_id(token_id)

    def check_origin(self, request: HTTPConnection) -> None:
        """Refuse a change that another site's page makes a browser ask for. Raises ProblemError 403."""
        if request.scope["method"] not in _UNSAFE:
            return
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            ours = site in {"same-origin", "none"}
        else:  # an old browser, or plain http: it names its page's origin, programs name none
            origin = request.headers.get("origin")
            host = request.headers.get("host", "")
            ours = origin is None or origin == self._origin or origin.partition("://")[2] == host
        if not ours:
            raise ProblemError(403, "this came from a page of another site", do="use the form on this site's own page")


def need(access: Access, role: str, *, everywhere: bool = False) -> None:
    """Raise ProblemError 403 unless the token's role is ``role`` or better (and it is for all workspaces)."""
    if ROLES.index(access.role) < ROLES.index(role):
        raise ProblemError(403, f"this needs the role {role}; this token's role is {access.role}")
    if everywhere and access.workspace_id is not None:
        raise ProblemError(403, "this needs a token for all workspaces; this one is for a single workspace")


def origin_of(url: str) -> str:
    """``scheme://host[:port]`` of a URL."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}".lower()
