"""Signing in and out."""

import doctest
from typing import Any
from urllib.parse import quote

import pytest

from penstock.web.inbox import signin
from penstock.web.inbox.signin import safe_path


def test_the_examples_in_its_docstring_hold() -> None:
    assert doctest.testmod(signin).failed == 0


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/x\r\nSet-Cookie: a=b",
        "/\x00",
        "evil",
        "",
        None,
        "/é",
    ],
)
def test_nobody_is_led_to_another_site(path: str | None) -> None:
    assert safe_path(path) == "/inbox"


async def test_who_is_not_signed_in_is_led_to_the_form_and_back_again(site: Any) -> None:
    got = await site.get("/inbox?after=1.5.2")
    assert (got.status, got.headers["Location"]) == (303, "/login?next=%2Finbox%3Fafter%3D1.5.2")

    form = await site.get(got.headers["Location"])
    assert 'value="/inbox?after=1.5.2"' in form.text
    signed = await site.post("/login", data={"token": await site.token(), "next": "/inbox?after=1.5.2"})
    assert (signed.status, signed.headers["Location"]) == (303, "/inbox?after=1.5.2")


async def test_a_session_is_in_a_cookie_that_scripts_and_other_sites_never_see(site: Any) -> None:
    got = await site.post("/login", data={"token": f" {await site.token()} "})
    cookie = got.headers["Set-Cookie"]

    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert "Path=/" in cookie
    assert "pst_" not in cookie


async def test_a_wrong_token_is_not_let_in_and_not_repeated(site: Any) -> None:
    got = await site.post("/login", data={"token": "pst_wrong", "next": "/inbox"})

    assert got.status == 401
    assert "Set-Cookie" not in got.headers
    assert "not known here" in got.text
    assert "pst_wrong" not in got.text


async def test_a_withdrawn_token_ends_its_sessions_at_once(site: Any) -> None:
    cookie = await site.signed_in()
    assert (await site.get("/inbox", cookie=cookie)).status == 200

    for token in await site.ledger.tokens.list():
        await site.ledger.tokens.remove(token["name"])
    assert (await site.get("/inbox", cookie=cookie)).status == 303
    assert (await site.get("/inbox", cookie=cookie, headers={"X-Penstock-Fragment": "1"})).status == 401


async def test_signing_out_takes_the_cookie_back(site: Any) -> None:
    got = await site.post("/logout", cookie=await site.signed_in())

    assert (got.status, got.headers["Location"]) == (303, "/login")
    assert "Max-Age=0" in got.headers["Set-Cookie"]


@pytest.mark.parametrize("path", ["/login", "/logout"])
@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
async def test_another_sites_page_can_sign_nobody_in_or_out(site: Any, path: str, headers: dict[str, str]) -> None:
    got = await site.post(path, data={"token": await site.token()}, headers=headers)

    assert got.status == 403
    assert "Set-Cookie" not in got.headers


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"token", b"&".join([b"a=1"] * 50), b"token=%ff&next=%00"])
async def test_what_is_no_form_signs_nobody_in(site: Any, body: bytes) -> None:
    assert (await site.post("/login", data=body)).status in (400, 401)


async def test_a_form_may_not_be_endless(site: Any) -> None:
    assert (await site.post("/login", data=b"x" * 20_000)).status == 413


async def test_who_is_signed_in_does_not_see_the_form(site: Any) -> None:
    got = await site.get(f"/login?next={quote('/inbox')}", cookie=await site.signed_in())

    assert (got.status, got.headers["Location"]) == (303, "/inbox")


# -- links ----------------------------------------------------------------------------------


async def link(site: Any) -> str:
    await site.token("agent", name="demo")
    (row,) = [token["id"] for token in await site.ledger.tokens.list() if token["name"] == "demo"]
    found: str = site.app.sign_in_link(row)
    return found


async def test_a_link_signs_in_once(site: Any) -> None:
    url = await link(site)
    first, second = await site.get(url), await site.get(url)

    assert (first.status, second.status) == (200, 410)
    assert first.headers["Refresh"] == "0; url=/inbox"
    assert "Set-Cookie" in first.headers
    assert "Set-Cookie" not in second.headers


async def test_looking_at_a_link_does_not_use_it_up(site: Any) -> None:
    url = await link(site)
    assert "Set-Cookie" not in (await site.ask("HEAD", url)).headers

    assert "Set-Cookie" in (await site.get(url)).headers


async def test_a_link_of_a_withdrawn_token_signs_nobody_in(site: Any) -> None:
    url = await link(site)
    await site.ledger.tokens.remove("demo")

    assert (await site.get(url)).status == 410


async def test_a_made_up_link_signs_nobody_in(site: Any) -> None:
    assert (await site.get("/login/made-up")).status == 410
