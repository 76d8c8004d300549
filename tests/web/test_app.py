"""The application as one: where things are, and what happens when something goes wrong in them."""

import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.core.errors import StoreUnavailable

WAMID = "wamid.HBgLMTU1NTAwMDEyMzQVAgASGBQzSECRET"


@pytest.mark.parametrize(
    ("path", "status"),
    [("/", 302), ("/inbox", 303), ("/login", 200), ("/healthz", 200), ("/metrics", 200), ("/api/v1/openapi.json", 200)],
)
async def test_everything_is_where_it_should_be(site: Any, path: str, status: int) -> None:
    assert (await site.get(path)).status == status


async def test_what_is_nowhere_is_said_to_people_on_a_page_and_to_programs_in_json(site: Any) -> None:
    page = await site.get("/nowhere", headers={"Accept": "text/html"})
    answer = await site.get("/nowhere")

    assert (page.status, answer.status) == (404, 404)
    assert "<h1>" in page.text
    assert answer.json["error"]["what"]
    assert (await site.get("/api/v1/nowhere", headers={"Accept": "text/html"})).json["error"]


@pytest.mark.parametrize("path", ["/", "/login", "/healthz", "/nowhere", "/api/v1/media", "/static/inbox.css"])
async def test_every_answer_forbids_guessing_types_and_framing(site: Any, path: str) -> None:
    got = await site.get(path)

    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in got.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in got.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/inbox", "/api/v1/conversations"])
async def test_an_unexpected_error_is_one_sentence_and_a_line_in_the_log(
    site: Any, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    cookie, token = await site.signed_in(), await site.token()

    async def broken(*_args: Any, **_rest: Any) -> None:
        raise RuntimeError(f"EAAGtokenA {WAMID} 15550001234")

    monkeypatch.setattr(site.ledger.shelf, "conversations", broken)
    with capture_logs() as logged:
        got = await site.get(path, cookie=cookie, token=token, headers={"Accept": "text/html"})

    assert got.status == 500
    assert [entry["event"] for entry in logged] == ["web.failed"]
    assert logged[0]["route"] == path
    assert not any(secret in f"{logged}{got.text}" for secret in ("EAAG", "wamid.", "1555", "Traceback"))


async def test_the_log_names_no_message_even_when_its_address_does(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    token = await site.token()

    async def broken(*_args: Any, **_rest: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(site.ledger.shelf, "message", broken)
    with capture_logs() as logged:
        assert (await site.get(f"/api/v1/messages/{WAMID}", token=token)).status == 500

    assert logged[0]["route"] == "/api/v1/messages/{id:path}"
    assert "SECRET" not in str(logged)


async def test_a_database_that_cannot_be_read_is_said_on_the_page_with_since_when(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cookie = await site.signed_in()

    async def broken(*_args: Any) -> None:
        raise StoreUnavailable("no")

    with monkeypatch.context() as patch:
        patch.setattr(SqliteDatabase, "read", broken)
        page = await site.get("/inbox", cookie=cookie, headers={"Accept": "text/html"})
        again = await site.get("/inbox", cookie=cookie, headers={"Accept": "text/html"})
        answer = await site.get("/api/v1/media", token="pst_x")

    assert (page.status, answer.status) == (503, 503)
    assert "cannot read its database" in page.text
    assert again.text == page.text
    assert page.headers["Refresh"] == "5; url=/inbox"
    assert int(answer.headers["Retry-After"]) > 0
    assert (await site.get("/inbox", cookie=cookie)).status == 200


async def test_a_file_that_breaks_off_in_the_middle_is_not_passed_off_as_whole(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.receive(site.file("image", "m1"))
    await site.attach("m1", b"\xff\xd8\xff" + bytes(1_000))
    token = await site.token()
    url = (await site.get("/api/v1/media?media_id=m1", token=token)).json["media"][0]["content_url"]

    async def torn(*_args: Any, **_rest: Any) -> Any:
        yield b"\xff\xd8\xff"
        raise OSError(5, "EAAGtokenA")

    monkeypatch.setattr(site.blobs, "read", torn)
    with capture_logs() as logged, pytest.raises(Exception, match=r"payload|closed|disconnect"):
        await site.get(url, token=token)

    assert [entry["error"] for entry in logged] == ["OSError"]
    assert "EAAG" not in str(logged)


async def test_a_link_for_signing_in_leads_here(site: Any) -> None:
    assert site.app.sign_in_link(1).startswith(f"{site.base}/login/")


async def test_the_other_protocols_of_asgi_are_answered(site: Any) -> None:
    said: list[dict[str, Any]] = []
    heard = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> dict[str, Any]:
        return next(heard)

    async def send(message: Any) -> None:
        said.append(message)

    await site.app({"type": "lifespan"}, receive, send)
    await site.app({"type": "websocket", "path": "/"}, receive, send)

    assert [message["type"] for message in said] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
        "websocket.close",
    ]


@pytest.mark.parametrize(
    "path",
    [
        "/%00",
        "/inbox/%2e%2e/x",
        "//evil.example/x",
        "/static/..%2fapp.py",
        "/static/../app.py",
        "/inbox/%ff",
        "/?%ff=%",
    ],
)
async def test_strange_addresses_are_no_trouble(site: Any, path: str) -> None:
    got = await site.get(path, cookie=await site.signed_in())

    assert got.status in (302, 404)
    assert got.headers.get("Location", "/inbox") == "/inbox"


async def test_nothing_of_an_ordinary_day_is_logged(site: Any) -> None:
    with capture_logs() as logged:
        await site.receive(site.file("image", "m1", caption="private words"))
        await site.attach("m1", b"\xff\xd8\xff")
        cookie, token = await site.signed_in(), await site.token()
        await site.get("/inbox", cookie=cookie)
        talk = (await site.get("/api/v1/conversations", token=token)).json["conversations"][0]["id"]
        await site.get(f"/inbox/{talk}", cookie=cookie)
        await site.get("/api/v1/media", token="pst_wrong")
        await site.post("/login", data={"token": "pst_wrong"})

    assert [line["event"] for line in logged if line["log_level"] != "debug"] == []
    assert [line["event"] for line in logged] == ["webhook.received"]
    assert "private" not in json.dumps(logged, default=str)
