"""Lock 4: the bytes that production's own code writes are the declared ones, or the rehearsal says what differs."""

import asyncio
from typing import Any

import pytest
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, ClientSession
from tests.adapters.graph.test_checked import WRONG
from yarl import URL

from penstock.adapters.graph import echo
from penstock.adapters.graph.checked import Call
from penstock.adapters.graph.http import HttpGraph
from penstock.adapters.graph.sending import Send, send_declared
from penstock.contract import ContractViolation
from penstock.core import contract
from penstock.core.errors import Unreachable
from penstock.core.form import Form

PRODUCTION: dict[str, Any] = {"graph_url": "https://graph.facebook.com", "media_hosts": [".fbsbx.com"]}
ELSEWHERE: list[dict[str, Any]] = [
    {"graph_url": "https://bsp.example/graph/", "media_hosts": ["files.bsp.example"]},
    {"graph_url": "https://bsp.example:8443", "media_hosts": [".bsp.example", "other.example"]},
    {"graph_url": "http://127.0.0.1:4040", "media_hosts": ["127.0.0.1"], "allow_insecure": True},
    {"graph_url": "http://[::1]:4040", "media_hosts": ["::1"], "allow_insecure": True},
]


def graph_of(settings: dict[str, Any], **more: Any) -> HttpGraph:
    return HttpGraph(**(settings | {"version": "v26.0"} | more))


@pytest.mark.parametrize("settings", [PRODUCTION, *ELSEWHERE], ids=lambda settings: settings["graph_url"])
async def test_every_operation_leaves_as_it_is_declared(settings: dict[str, Any]) -> None:
    graph = graph_of(settings)
    await graph.rehearse()
    await graph.rehearse()


async def test_what_arrives_is_what_meta_would_get(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []

    def unlike(data: bytes, *rest: Any) -> str | None:
        written.append(data)
        return None

    monkeypatch.setattr(contract, "unlike", unlike)
    await graph_of(PRODUCTION).rehearse()
    look_up, download, upload = (data.decode().split("\r\n") for data in written)
    assert look_up[:3] == [
        f"GET /v26.0/{echo.MEDIA_ID} HTTP/1.1",
        "Host: graph.facebook.com",
        "Authorization: Bearer rehearsal",
    ]
    assert download[0].startswith("GET /whatsapp_business/attachments/?mid=")
    assert download[1] == "Host: lookaside.fbsbx.com"
    assert upload[0] == f"POST /v26.0/{echo.NUMBER}/media HTTP/1.1"
    form = Form.of(echo.FILE)
    assert form is not None
    assert written[2].endswith(b"\r\n\r\n" + form.data)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("form", WRONG)
async def test_a_fetch_implementation_that_builds_something_else_does_not_pass(form: str) -> None:
    graph = graph_of(ELSEWHERE[2], send=WRONG[form])
    with pytest.raises(
        ContractViolation, match=r"^media\.look_up would not leave this machine as it is declared"
    ) as no:
        await graph.rehearse()
    assert "\n" not in str(no.value)


def tampering(change: Any) -> Send:
    """Something that changes a request after the check has passed it, as a broken client library would."""

    async def send(session: ClientSession, call: Call) -> ClientResponse:
        async def tamper(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
            change(request)
            return await handler(request)

        web = call.declared.web
        headers = contract.headers(call.pinned, call.declared)
        del headers["Host"]
        url = URL(f"{web.scheme}://{web.authority}{web.target}", encoded=True)
        return await session.get(url, headers=headers, middlewares=(call, tamper), allow_redirects=False)

    return send


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda request: setattr(request, "method", "POST"), "the method on the wire is 'POST', not 'GET'"),
        (lambda request: setattr(request, "method", "get"), "the method on the wire is 'get'"),
        (lambda request: request.headers.add("X-HTTP-Method-Override", "GET"), "'X-HTTP-Method-Override' on the wire"),
        (lambda request: request.headers.popall("Authorization"), "the header Authorization is not on the wire"),
        (lambda request: request.headers.__setitem__("User-Agent", "x"), "'User-Agent' on the wire is not as declared"),
        (lambda request: setattr(request, "url", request.url.with_query("method=get")), "the path, query or version"),
    ],
)
async def test_what_changes_after_the_check_is_found_in_the_bytes(change: Any, said: str) -> None:
    with pytest.raises(ContractViolation, match=said):
        await graph_of(PRODUCTION, send=tampering(change)).rehearse()


async def test_a_client_that_fails_is_told_of_in_its_own_words() -> None:
    async def send(session: ClientSession, call: Call) -> ClientResponse:
        raise ZeroDivisionError("with details that nobody should see")

    with pytest.raises(ContractViolation, match="the client says: ZeroDivisionError"):
        await graph_of(PRODUCTION, send=send).rehearse()


async def test_a_client_that_writes_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def send(session: ClientSession, call: Call) -> ClientResponse:
        await asyncio.sleep(60)
        raise AssertionError

    monkeypatch.setattr(echo, "_PATIENCE_S", 0.05)
    with pytest.raises(ContractViolation, match="nothing was written within"):
        await graph_of(PRODUCTION, send=send).rehearse()


async def test_a_machine_without_loopback_cannot_look_at_its_own_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(*_: Any) -> Any:
        raise OSError("no loopback")

    monkeypatch.setattr(asyncio, "start_server", refused)
    with pytest.raises(Unreachable, match=r"no socket on 127\.0\.0\.1"):
        await graph_of(PRODUCTION).rehearse()


async def test_it_does_not_disturb_a_client_that_is_running() -> None:
    graph = graph_of(PRODUCTION)
    await graph.start()
    await graph.rehearse()
    assert graph._session.connector is not None
    assert not graph._session.closed
    await graph.stop()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda request: setattr(request, "method", "GET"), "the method on the wire is 'GET', not 'POST'"),
        (lambda request: request.headers.popall("Content-Type"), "the header .Content-Type. on the wire is not as"),
        (lambda request: request.headers.__setitem__("Content-Type", "text/plain"), "'Content-Type' on the wire"),
        (lambda request: request._update_body(b"method=get"), "media.upload would not leave"),
    ],
)
async def test_what_changes_in_an_upload_after_the_check_is_found_in_the_bytes(
    change: Any, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def send(session: ClientSession, call: Call) -> ClientResponse:
        async def tamper(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
            change(request)
            return await handler(request)

        web, form = call.declared.web, call.declared.form
        assert form is not None
        headers = contract.headers(call.pinned, call.declared)
        del headers["Host"], headers["Content-Length"]
        url = URL(f"{web.scheme}://{web.authority}{web.target}", encoded=True)
        return await session.post(
            url, data=form.data, headers=headers, middlewares=(call, tamper), allow_redirects=False
        )

    monkeypatch.setattr(echo, "send_declared", send)
    with pytest.raises(ContractViolation, match=said):
        await graph_of(PRODUCTION).rehearse()


async def test_a_fetch_implementation_of_ones_own_need_not_know_of_uploads() -> None:
    async def send(session: ClientSession, call: Call) -> ClientResponse:
        assert call.declared.form is None
        return await send_declared(session, call)

    await graph_of(PRODUCTION, send=send).rehearse()
