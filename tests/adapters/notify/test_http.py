"""One request to a target: what is taken, what passes, what lasts, and nothing secret in what is said of it."""

import asyncio
from typing import Any

import pytest

from penstock.adapters.notify import http


@pytest.mark.parametrize("status", [200, 202, 204])
async def test_any_success_is_taken(receiver: Any, status: int) -> None:
    receiver.status = status
    assert (await http.post(receiver.url + "/x", b"{}")).taken
    (told,) = receiver.told
    assert (told.method, told.target, told.body) == ("POST", "/x", b"{}")
    assert told.headers["Content-Type"] == "application/json"
    assert told.headers["User-Agent"].startswith("Penstock/")


@pytest.mark.parametrize(
    ("status", "lasting", "unfit"),
    [(500, False, False), (503, False, False), (429, False, False), (408, False, False), (401, True, False),
     (404, True, False), (410, True, False), (400, False, True), (413, False, True)],
)  # fmt: skip
async def test_a_refusal_passes_or_lasts_or_is_about_this_alert(
    receiver: Any, status: int, lasting: bool, unfit: bool
) -> None:
    receiver.status, receiver.said = status, b"no"
    reply = await http.post(receiver.url, b"{}")
    assert (reply.taken, reply.lasting, reply.unfit) == (False, lasting, unfit)
    assert reply.said == f"answered {status}: no"


async def test_a_target_may_say_that_a_refusal_passes(receiver: Any) -> None:
    receiver.status = 403
    assert not (await http.post(receiver.url, b"{}", passing=frozenset({403}))).lasting
    receiver.status = 400
    reply = await http.post(receiver.url, b"{}", unfit=frozenset())
    assert (reply.lasting, reply.unfit) == (True, False)


async def test_a_redirect_is_not_followed(receiver: Any, receivers: Any) -> None:
    elsewhere = await receivers()
    receiver.status, receiver.extra = 307, {"Location": elsewhere.url + "/steal"}
    reply = await http.post(receiver.url, b"{}")
    assert (reply.taken, reply.lasting) == (False, True)
    assert "redirect" in reply.said
    assert elsewhere.asked == 0


async def test_what_is_said_holds_no_secret_and_is_short(receiver: Any) -> None:
    receiver.status, receiver.said = 500, b"no key\n\x00 s3cret here " + b"x" * 100_000
    reply = await http.post(receiver.url + "/s3cret", b"{}", secrets=["s3cret", ""])
    assert reply.said.startswith("answered 500: no key … here xxx")
    assert len(reply.said) < 200


async def test_a_target_may_ask_for_time(receiver: Any) -> None:
    receiver.status, receiver.extra = 429, {"Retry-After": "30"}
    assert (await http.post(receiver.url, b"{}")).after_s == 30.0
    receiver.extra = {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}
    assert (await http.post(receiver.url, b"{}")).after_s is None


async def test_one_that_is_gone_hangs_or_is_not_known_is_said_to_be(
    receiver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "LIMIT_S", 0.3)
    receiver.hangs = True
    assert (await http.post(receiver.url + "/s3cret", b"{}")).said == "does not answer in time"
    await receiver.go()
    reply = await http.post(receiver.url + "/s3cret", b"{}")
    assert reply.said == "cannot be reached: Connection refused"
    assert not reply.lasting


async def test_a_server_that_speaks_something_else_is_said_to(port: int) -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.com ESMTP\r\n")
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", port):
        reply = await http.post(f"http://127.0.0.1:{port}/s3cret", b"{}")
    assert not reply.taken
    assert "broke off" in reply.said
    assert "s3cret" not in reply.said


async def test_a_connection_alone_tells_nobody_anything(receiver: Any, port: int) -> None:
    assert await http.connect_to(receiver.url + "/x") is None
    assert receiver.asked == 0
    assert "Connection refused" in str(await http.connect("127.0.0.1", port, secure=False))
    assert await http.connect("127.0.0.1", receiver.port, secure=True, limit_s=5.0) is not None


def test_the_parts_of_an_address_that_may_be_secret_are_known() -> None:
    assert http.hidden("https://hooks.example.com/services/T0/B0/x?token=y") == ["services/T0/B0/x", "token=y"]
    assert http.hidden("https://hooks.example.com/") == []
