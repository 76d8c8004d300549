"""A file on its way into a bucket: whole or not at all, with a word on what it is, and in little memory."""

import asyncio
import hashlib
import os
import subprocess
import sys
import time
from typing import Any

import obstore
import pytest

from penstock.adapters.blobs.s3 import Patience, S3Blobs
from penstock.core import blobkey

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


@pytest.mark.parametrize("size", [1_000, 9 * MIB])
async def test_an_object_keeps_its_hash_and_lets_no_browser_run_it(moto: Any, bucket: Any, size: int) -> None:
    data = os.urandom(size)
    blobs = bucket(moto)
    await put(blobs, KEY, data, hashlib.sha256(data).digest())

    assert await attributes(blobs) == {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": "attachment",
        "sha256": hashlib.sha256(data).hexdigest(),
    }


async def test_a_small_file_gets_its_hash_though_nobody_announced_it(moto: Any, bucket: Any) -> None:
    blobs = bucket(moto)
    await put(blobs, KEY, b"a file")
    assert (await attributes(blobs))["sha256"] == hashlib.sha256(b"a file").hexdigest()


async def test_a_large_file_without_an_announced_hash_says_none(moto: Any, bucket: Any) -> None:
    blobs = bucket(moto)
    await put(blobs, KEY, bytes(9 * MIB))
    assert "sha256" not in await attributes(blobs)


@pytest.mark.parametrize("size", [1_000, 9 * MIB])
async def test_bytes_that_are_not_those_announced_never_become_a_file(rclone: Any, bucket: Any, size: int) -> None:
    blobs = bucket(rclone)
    with pytest.raises(OSError, match="not those that were announced"):
        await put(blobs, KEY, bytes(size), b"\x01" * 32)
    assert await blobs.size(KEY) is None
    assert await blobs.drop_unfinished(time.time() + 3_600) == 0


async def test_a_bucket_that_goes_away_in_the_middle_of_a_file_leaves_no_file(way: Any, bucket: Any) -> None:
    blobs = bucket(way, patience=IMPATIENT)

    async def interrupted() -> None:
        async with blobs.upload(KEY) as upload:
            for at in range(40):
                await upload.write(bytes(MIB))
                if at == 12:
                    await way.become("away")
            await upload.commit()

    with pytest.raises(OSError, match="cannot be reached"):
        await interrupted()
    await way.become("pass")
    assert await blobs.size(KEY) is None
    await put(blobs, KEY, b"again")
    assert await whole(blobs, KEY) == b"again"


async def test_a_store_that_takes_its_time_makes_the_writer_wait(way: Any, bucket: Any) -> None:
    blobs = bucket(way, patience=Patience(request_s=20.0, retries=0))
    taken = 0
    async with blobs.upload(KEY) as upload:
        for _ in range(9):
            await upload.write(bytes(MIB))
        await way.become("hang")

        async def more() -> None:
            nonlocal taken
            while True:
                await upload.write(bytes(MIB))
                taken += 1

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(more(), 1.0)
        await way.become("pass")
    assert taken < 30
    assert await blobs.size(KEY) is None


PROGRAM = """
import asyncio, os, resource, signal, sys
from penstock.adapters.blobs.s3 import Bucket, S3Blobs
from penstock.adapters.blobs.s3_signing import Keys
address, name, key_id, secret, mib, kill = sys.argv[1:]
async def main():
    blobs = S3Blobs(Bucket(name=name, prefix="pen/stock", address=address, keys=Keys(key_id, secret)))
    await blobs.start()
    chunk = os.urandom(1 << 18)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with blobs.upload("00000000/0000000000000007") as upload:
        for _ in range(int(mib) * 4):
            await upload.write(chunk)
        if kill == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        await upload.commit()
    size, _ = await blobs.digest("00000000/0000000000000007")
    print(size, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
asyncio.run(main())
"""


def run(server: Any, name: str, mib: int, kill: str) -> subprocess.CompletedProcess[str]:
    arguments = [f"{server.url}/{name}", name, server.key_id, server.secret, str(mib), kill]
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], check=False, timeout=300, capture_output=True, text=True
    )


async def test_a_large_file_goes_through_with_little_memory(rclone: Any) -> None:
    ran = await asyncio.to_thread(run, rclone, rclone.bucket(), 120, "")
    size, grown_kib = map(int, ran.stdout.split())
    assert size == 120 * MIB
    assert grown_kib < 80 * 1_024
