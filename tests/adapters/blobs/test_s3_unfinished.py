"""What a killed process left unfinished in a bucket is ended when it is old, and nothing else is."""

import asyncio
import subprocess
import sys
import time
from typing import Any

import pytest

from penstock.adapters.blobs import s3_unfinished
from penstock.adapters.blobs.s3 import S3Blobs
from penstock.adapters.blobs.s3_signing import Keys
from penstock.core import blobkey

KEY = blobkey.key(7)

PROGRAM = """
import asyncio, os, signal, sys
from penstock.adapters.blobs.s3 import Bucket, S3Blobs
from penstock.adapters.blobs.s3_signing import Keys
address, name, key_id, secret = sys.argv[1:]
async def main():
    blobs = S3Blobs(Bucket(name=name, prefix="pen/stock", address=address, keys=Keys(key_id, secret)))
    async with blobs.upload("00000000/0000000000000007") as upload:
        for _ in range(30):
            await upload.write(os.urandom(1 << 20))
        os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""


def killed(server: Any, name: str) -> int:
    """A process that dies in the middle of an upload; how it ended."""
    arguments = [f"{server.url}/{name}", name, server.key_id, server.secret]
    return subprocess.run([sys.executable, "-c", PROGRAM, *arguments], check=False, timeout=300).returncode


async def test_what_a_killed_process_left_unfinished_is_dropped_when_it_is_old(rclone: Any, bucket: Any) -> None:
    name = rclone.bucket()
    assert await asyncio.to_thread(killed, rclone, name) == -9
    blobs, other = bucket(rclone, name=name), bucket(rclone, name=name, prefix="other")

    assert await blobs.size(KEY) is None
    assert await blobs.drop_unfinished(time.time() - 60) == 0  # somebody may still be at it
    assert await other.drop_unfinished(time.time() + 60) == 0
    assert await blobs.drop_unfinished(time.time() + 60) == 1
    assert await blobs.drop_unfinished(time.time() + 60) == 0


async def test_more_than_a_page_of_them_are_all_dropped(moto: Any, bucket: Any) -> None:
    name = moto.bucket()
    blobs: S3Blobs = bucket(moto, name=name, prefix="p")
    for row in range(1, 4):
        assert moto.ask("POST", f"/{name}/p/{blobkey.key(row)}", uploads="") == 200
    assert moto.ask("POST", f"/{name}/p/not-one-of-ours", uploads="") == 200
    assert await blobs.drop_unfinished(time.time()) == 3


@pytest.mark.parametrize("mode", ["deny", "fail", "away"])
async def test_a_bucket_that_does_not_answer_is_one_line(way: Any, mode: str) -> None:
    await way.become(mode)
    with pytest.raises(
        OSError, match=r"^\[Errno 5\] the bucket media (answers a list .* with (403|503)|cannot be re.*)$"
    ):
        await s3_unfinished.drop(
            f"{way.url}/media",
            "p/",
            bucket="media",
            keys=Keys(way.key_id, way.secret),
            region="us-east-1",
            before=time.time(),
            within_s=10,
        )
