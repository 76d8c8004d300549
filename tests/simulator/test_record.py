"""What is remembered of what came."""

from collections.abc import Awaitable, Callable
from typing import Any

from penstock.simulator import Delivery, Platform, Record

NUMBER = "100000000000002"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

Ask = Callable[..., Awaitable[Any]]
Start = Callable[..., Awaitable[Platform]]


def delivery(number: int, state: Any, *message_ids: str) -> Delivery:
    return Delivery(
        number=number,
        callback="",
        phone_number_ids=(),
        message_ids=message_ids,
        media_ids=(),
        size_bytes=1,
        sha256="",
        created_at=0.0,
        state=state,
    )


async def test_a_request_is_written_down_without_its_token(meta: Platform, ask: Ask) -> None:
    media = meta.upload(b"x", "image/jpeg", number=NUMBER)
    body = b"access_token=EAAGtokenA&method=get&phone_number_id=1"
    await ask(meta, f"/v26.0/{media.id}?access_token=EAAGtokenA", headers={"Cookie": "EAAGtokenA"})
    await ask(meta, f"/v26.0/{media.id}", method="POST", token=None, headers=FORM, body=body)
    get, post = meta.record.requests

    assert (get.hop, get.method, get.token, get.media_id, get.status) == ("lookup", "GET", "token-a", media.id, 200)
    assert get.target == f"/v26.0/{media.id}?access_token=token-a"
    assert get.header("user-agent") == "penstock/1"
    assert get.header("authorization") is None
    assert post.parameters == (("method", "get"), ("phone_number_id", "1"))
    assert post.token == "token-a"
    assert post.body_bytes == len(body)
    assert "EAAG" not in repr(meta.record.requests)
    assert [request.method for request in meta.record.wrong_methods()] == ["POST"]


async def test_lookups_and_downloads_can_be_picked_out(meta: Platform, ask: Ask) -> None:
    one, other = (meta.upload(b"x", "image/jpeg", number=NUMBER) for _ in range(2))
    for media in (one, one, other):
        await ask(meta, f"/v26.0/{media.id}")
    await ask(meta, meta.world.fresh_url(one, source="x", life_s=300))

    assert (len(meta.record.lookups()), len(meta.record.lookups(one.id))) == (3, 2)
    assert (len(meta.record.downloads()), len(meta.record.downloads(other.id))) == (1, 0)
    assert meta.record.totals == {("lookup", 200): 3, ("download", 200): 1}


async def test_the_record_is_bounded_and_the_totals_are_not(start: Start, ask: Ask) -> None:
    meta = await start(record_limit=2)
    for _ in range(5):
        await ask(meta, "/v26.0/1")

    assert [request.number for request in meta.record.requests] == [4, 5]
    assert meta.record.totals["lookup", 400] == 5


async def test_a_record_that_is_off_keeps_totals_only(start: Start, ask: Ask) -> None:
    meta = await start(record=False)
    await ask(meta, "/v26.0/1")

    assert not meta.record.requests
    assert (meta.record.seen, meta.record.totals["lookup", 400]) == (1, 1)


async def test_what_is_not_http_is_on_record_too(meta: Platform, ask: Ask) -> None:
    seen = await ask(meta, "/a b")

    assert seen.status == 400
    assert [request.hop for request in meta.record.requests] == ["malformed"]


def test_acknowledged_messages_are_those_whose_webhook_was_answered() -> None:
    record = Record()
    record.deliveries.extend(
        [
            delivery(1, "delivered", "a", "b"),
            delivery(2, "waiting", "c"),
            delivery(3, "given-up", "d"),
            delivery(4, "delivered", "a"),
        ]
    )

    assert record.acknowledged() == ["a", "b"]
    assert record.unacknowledged() == ["c", "d"]
    record.clear()
    assert [each.number for each in record.deliveries] == [2]
