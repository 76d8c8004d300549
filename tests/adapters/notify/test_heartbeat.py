"""The sign of life: one GET."""

from typing import Any

from penstock.adapters.notify.heartbeat import HttpBeats


async def test_the_address_is_asked_as_it_stands(receiver: Any) -> None:
    assert (await HttpBeats(receiver.url + "/ping/s3cret?a=b").beat()).taken
    (told,) = receiver.told
    assert (told.method, told.target, told.body) == ("GET", "/ping/s3cret?a=b", b"")
    receiver.status, receiver.said = 404, b"there is no ping/s3cret"
    assert (await HttpBeats(receiver.url + "/ping/s3cret").beat()).said == "answered 404: there is no …"
