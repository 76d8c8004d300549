"""Orders, as the control endpoint carries them out."""

import base64
import inspect
from collections.abc import Awaitable
from typing import Any

import msgspec
import pytest

from penstock.simulator import Platform, sample
from penstock.simulator.orders import ORDERS

NUMBER = "100000000000002"


async def carried_out(meta: Platform, name: str, **arguments: Any) -> Any:
    order = ORDERS[name]
    result = order.carry_out(meta, msgspec.convert(arguments, order.arguments))
    return await result if isinstance(result, Awaitable) else result


async def test_an_upload_takes_bytes_or_a_sample(meta: Platform) -> None:
    told = await carried_out(meta, "upload", sample="document", number=NUMBER, inbound=False)
    (media,) = told["media"]

    assert media["filename"] == sample("document").filename
    assert media["sha256"] == sample("document").sha256
    assert media["kind"] == "document"


@pytest.mark.parametrize("arguments", [{}, {"data": "eA==", "sample": "image"}, {"data": "not base64!"}])
async def test_an_upload_that_is_neither_or_both_is_refused(meta: Platform, arguments: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="data"):
        await carried_out(meta, "upload", **arguments)


async def test_a_batch_leaves_in_one_body(meta: Platform, callback: Any) -> None:
    messages = [{"number_id": NUMBER, "kind": "text", "count": 3}, {"number_id": NUMBER, "kind": "location"}]
    told = await carried_out(meta, "batch", messages=messages)
    await carried_out(meta, "drain")

    assert len(told["sent"]) == 4
    assert len(callback.got) == 1
    assert [message["id"] for message in callback.messages] == [one["wamid"] for one in told["sent"]]


async def test_the_clock_jumps_and_runs_at_another_speed(meta: Platform) -> None:
    before = meta.clock.now()
    told = await carried_out(meta, "clock", advance_s=100, speed=2.0)

    assert told["now"] >= before + 100
    assert told["speed"] == meta.clock.speed == 2.0


async def test_a_signature_may_be_left_out_or_forged(meta: Platform, callback: Any) -> None:
    data = base64.b64encode(b"{}").decode()
    await carried_out(meta, "deliver_body", number_id=NUMBER, data=data, signed="sha256=00", headers={"X-A": "1"})
    await carried_out(meta, "deliver_body", number_id=NUMBER, data=data, secret="other")

    assert callback.got[0].header("x-hub-signature-256") == "sha256=00"
    assert len(callback.got[1].header("x-hub-signature-256")) == 71


async def test_the_record_is_cleared(meta: Platform, ask: Any) -> None:
    await ask(meta, "/v26.0/1")
    await carried_out(meta, "clear_record")

    assert not meta.record.requests


async def test_traffic_without_end_is_not_for_an_order_that_waits(meta: Platform) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        await carried_out(meta, "traffic", messages=0, rate_per_s=1.0)


def test_every_order_says_what_it_takes() -> None:
    assert [name for name, order in ORDERS.items() if not inspect.getdoc(order.arguments)] == []
