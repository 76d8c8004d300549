"""Who may ask for what: tokens, roles, workspaces, and pages of other sites."""

from typing import Any

import pytest
from starlette.requests import Request

from penstock.ledger.rows import Access
from penstock.web.access import Gatekeeper, need, origin_of
from penstock.web.problems import ProblemError
from penstock.web.sessions import Sessions


def access(role: str, workspace_id: int | None = None) -> Access:
    return Access(1, "somebody", role, workspace_id, None if workspace_id is None else "acme")


def request(method: str = "POST", **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": method, "headers": raw})


@pytest.fixture
def gatekeeper(ledger: Any) -> Gatekeeper:
    return Gatekeeper(ledger, Sessions(b"key", secure=True), public_base="https://Penstock.example/base")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc", "pst_abc", "bearer\tabc"])
async def test_without_a_token_the_answer_says_that_one_is_needed(gatekeeper: Gatekeeper, header: str) -> None:
    with pytest.raises(ProblemError) as caught:
        await gatekeeper.bearer(request(authorization=header))

    assert caught.value.status == 401
    assert caught.value.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_token_that_is_not_ours_is_refused_without_being_repeated(gatekeeper: Gatekeeper) -> None:
    with pytest.raises(ProblemError) as caught:
        await gatekeeper.bearer(request(authorization="Bearer pst_made-up"))

    assert caught.value.status == 401
    assert "made-up" not in f"{caught.value} {caught.value.headers}"


async def test_a_withdrawn_token_is_no_token(gatekeeper: Gatekeeper, ledger: Any) -> None:
    token = await ledger.tokens.create("a", role="viewer", workspace=None, now=0)
    assert (await gatekeeper.bearer(request(authorization=f"bearer {token}"))).name == "a"

    await ledger.tokens.remove("a")
    with pytest.raises(ProblemError):
        await gatekeeper.bearer(request(authorization=f"Bearer {token}"))


@pytest.mark.parametrize("cookie", ["", "__Host-penstock=", "__Host-penstock=AAAA", "penstock=x; __Host-penstock=é"])
async def test_a_cookie_that_is_not_ours_is_no_session(gatekeeper: Gatekeeper, cookie: str) -> None:
    assert await gatekeeper.session(request("GET", cookie=cookie)) is None


def test_a_role_may_do_what_the_ones_below_it_may() -> None:
    for role in ("viewer", "agent", "operator", "admin"):
        need(access(role), "viewer")
        need(access("admin"), role)
    with pytest.raises(ProblemError, match="needs the role admin"):
        need(access("operator"), "admin")


def test_what_concerns_everybody_needs_a_token_for_all_workspaces() -> None:
    need(access("admin"), "admin", everywhere=True)
    with pytest.raises(ProblemError) as caught:
        need(access("admin", workspace_id=3), "admin", everywhere=True)
    assert caught.value.status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {},  # a program
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "none"},
        {"origin": "https://penstock.example"},
        {"origin": "http://10.0.0.5:8080", "host": "10.0.0.5:8080"},
    ],
)
async def test_our_own_pages_may_ask_for_changes(gatekeeper: Gatekeeper, headers: dict[str, str]) -> None:
    gatekeeper.check_origin(request(**headers))


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "cross-site", "origin": "https://penstock.example"},
        {"origin": "https://evil.example", "host": "penstock.example"},
        {"origin": "null", "host": "penstock.example"},
        {"origin": "https://penstock.example.evil.example"},
    ],
)
async def test_pages_of_other_sites_may_not(gatekeeper: Gatekeeper, headers: dict[str, str]) -> None:
    with pytest.raises(ProblemError) as caught:
        gatekeeper.check_origin(request(**headers))
    assert caught.value.status == 403
    gatekeeper.check_origin(request("GET", **headers))


def test_an_origin_is_a_url_without_its_path() -> None:
    assert origin_of("https://Penstock.example:8443/x/y") == "https://penstock.example:8443"
