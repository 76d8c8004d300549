"""A bucket as it really is: away, refusing, slow, gone; and addresses that need no token of ours."""

import asyncio
import hashlib
import os
import time
from typing import Any

import aiohttp
import obstore
import pytest
from yarl import URL

from penstock.adapters.blobs.s3 import Patience, S3Blobs
from penstock.core import blobkey
from penstock.core.errors import Unreachable

KEY = blobkey.key(7)
MIB = 1 << 20
IMPATIENT = Patience(connect_s=5.0, request_s=10.0, retries=1, retry_within_s=1.0)


async def put(blobs: S3Blobs, key: str, data: bytes, sha256: bytes | None = None) -> None:
    async with blobs.upload(key, sha256=sha256) as upload:
        for at in range(0, len(data), 256_000):
            await upload.write(data[at : at + 256_000])
        await upload.commit()


async def whole(blobs: S3Blobs, key: str) -> bytes:
    return b"".join([chunk async for chunk in blobs.read(key)])


async def attributes(blobs: S3Blobs) -> Any:
    return (await obstore.get_async(blobs._store, KEY)).attributes


# -- where files are -----------------------------------------------------------------------------------------------


async def test_two_prefixes_of_one_bucket_do_not_meet(moto: Any, bucket: Any) -> None:
    name = moto.bucket()
    one, other, all_of_it = (bucket(moto, name=name, prefix=prefix) for prefix in ("a", "b", ""))
    await put(one, KEY, b"one")
    await put(other, KEY, b"other")
    await put(all_of_it, KEY, b"the bucket's own")

    assert [await whole(each, KEY) for each in (one, other, all_of_it)] == [b"one", b"other", b"the bucket's own"]
    assert [key async for key in all_of_it.keys_older_than(time.time() + 3_600)] == [KEY]


# -- addresses that need no token of ours -------------------------------------------------------------------------


async def get(url: str) -> tuple[int, Any, bytes]:
    async with aiohttp.ClientSession() as session, session.get(URL(url, encoded=True)) as answer:
        return answer.status, answer.headers, await answer.read()


async def test_an_address_gives_the_bytes_as_it_was_told_to_show_them(moto: Any, bucket: Any) -> None:
    blobs = bucket(moto)
    await put(blobs, KEY, b"a photo")
    disposition = "attachment; filename=\"_a.jpg\"; filename*=UTF-8''%C3%A4%20b.jpg"
    url = await blobs.presign(KEY, seconds=60, content_type="image/jpeg", disposition=disposition)
    status, headers, body = await get(url)

    assert (status, body) == (200, b"a photo")
    assert headers["Content-Type"] == "image/jpeg"
    assert headers["Content-Disposition"] == disposition


async def test_an_address_is_signed(rclone: Any, bucket: Any) -> None:
    blobs = bucket(rclone)
    await put(blobs, KEY, b"a photo")
    url = await blobs.presign(KEY, seconds=60, content_type="image/jpeg", disposition="attachment")

    assert (await get(url))[0] == 200
    assert rclone.secret not in url
    assert (await get(url.replace("image%2Fjpeg", "text%2Fhtml")))[0] == 403


async def test_without_keys_of_its_own_an_address_is_signed_by_the_machines_role(
    rclone: Any, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", rclone.key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", rclone.secret)
    blobs = bucket(rclone, keys=None)
    await put(blobs, KEY, b"a page")
    url = await blobs.presign(KEY, seconds=60, content_type="text/html", disposition="inline")
    status, headers, body = await get(url)

    assert (status, body) == (200, b"a page")
    assert headers["Content-Disposition"] == "attachment"
    assert await blobs.drop_unfinished(time.time() + 3_600) == 0


# -- a bucket that does not do what it should ---------------------------------------------------------------------


async def try_all(blobs: S3Blobs) -> list[str]:
    """Everything that can be asked of a bucket, while it is bad: what was said."""

    async def listed() -> None:
        _ = [key async for key in blobs.keys_older_than(time.time())]

    works = (
        put(blobs, KEY, b"small"),
        put(blobs, KEY, bytes(18 * MIB)),
        blobs.size(KEY),
        blobs.digest(KEY),
        whole(blobs, KEY),
        blobs.delete(KEY),
        listed(),
        blobs.drop_unfinished(time.time()),
    )
    said = []
    for error in await asyncio.gather(*works, return_exceptions=True):
        assert isinstance(error, OSError) and not isinstance(error, FileNotFoundError), error
        said.append(str(error.strerror))
    return said


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("deny", {"refuses", "403"}),
        ("fail", {"503"}),
        ("hang", {"in time", "cannot be reached"}),
        ("away", {"cannot be reached"}),
    ],
)
async def test_a_bad_bucket_is_one_clear_line_and_all_is_well_when_it_is_back(
    way: Any, bucket: Any, mode: str, words: set[str]
) -> None:
    name = way.bucket()
    blobs, hasty = bucket(way, name=name), bucket(way, name=name, patience=Patience(request_s=3.0, retries=0))
    await blobs.start()
    await put(blobs, KEY, b"before")
    await way.become(mode)
    for line in await try_all(hasty):
        assert any(word in line for word in words), line
        assert "\n" not in line
        assert len(line) < 120
        assert way.secret not in line and way.key_id not in line and "http" not in line

    await way.become("pass")
    assert await whole(blobs, KEY) == b"before"
    await put(blobs, KEY, bytes(9 * MIB))
    assert await blobs.size(KEY) == 9 * MIB


async def test_a_bucket_that_is_gone_is_not_taken_for_missing_files(moto: Any, bucket: Any) -> None:
    name = moto.bucket()
    blobs = bucket(moto, name=name)
    assert moto.ask("DELETE", f"/{name}") == 204
    for line in (await try_all(blobs))[:-1]:
        assert line == f"there is no bucket {name}"
    assert moto.ask("PUT", f"/{name}") == 200
    await put(blobs, KEY, b"back")
    assert await blobs.digest(KEY) == (4, hashlib.sha256(b"back").digest())


async def test_retries_are_few(way: Any, bucket: Any) -> None:
    blobs = bucket(way, patience=Patience(retries=2, retry_within_s=60.0))
    await way.become("fail")
    with pytest.raises(OSError, match="503 SlowDown"):
        await put(blobs, KEY, b"small")
    assert len(way.requests) == 3


async def test_a_short_failure_is_not_even_seen(way: Any, bucket: Any) -> None:
    blobs = bucket(way, patience=Patience(retries=8, retry_within_s=60.0))
    await way.become("fail")
    task = asyncio.create_task(put(blobs, KEY, b"small"))
    async with asyncio.timeout(60):
        while not way.requests:
            await asyncio.sleep(0.01)
    await way.become("pass")
    await task
    assert await whole(blobs, KEY) == b"small"


async def test_a_bucket_that_refuses_stops_the_start(way: Any, bucket: Any) -> None:
    await way.become("deny")
    with pytest.raises(
        Unreachable, match=r"^s3://media-\w+/pen/stock cannot be used: the bucket \S+ refuses a file: Acc"
    ):
        await bucket(way, patience=IMPATIENT).start()


async def test_a_bucket_that_is_not_there_for_now_is_told_from_one_that_refuses(way: Any, bucket: Any) -> None:
    blobs = bucket(way, patience=IMPATIENT)
    await way.become("away")
    for trial in (blobs.start, blobs.probe):
        with pytest.raises(OSError, match="cannot be reached"):
            await trial()
    await way.become("pass")
    await blobs.probe()
    await put(blobs, KEY, b"a file")


async def test_an_examination_says_what_works_and_what_does_not(way: Any, bucket: Any) -> None:
    blobs = bucket(way, patience=IMPATIENT)
    assert await blobs.examine() == [(what, None) for what in ("written", "read", "listed", "deleted")]
    await way.become("deny")
    ((what, problem),) = await blobs.examine()
    assert what == "written"
    assert "refuses to be written: AccessDenied" in str(problem)


@pytest.fixture(autouse=True)
def no_keys_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the developer's own environment says of AWS is not tried."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
