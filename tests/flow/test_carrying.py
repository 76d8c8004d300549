"""Files are carried once, compared with what they must be, and what is not right stays behind and is named."""

import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from penstock.adapters.blobs.disk import DiskBlobs
from penstock.adapters.blobs.port import Store
from penstock.adapters.blobs.s3 import Bucket, Patience, S3Blobs
from penstock.adapters.blobs.s3_signing import Keys
from penstock.core import blobkey
from penstock.core.work import Attached
from penstock.flow.carrying import Carried, carry
from penstock.flow.receiver import Receiver, Taken
from penstock.flow.registry import Registry
from penstock.ledger.book import Ledger

CONTENTS = [b"one", b"two" * 100_000, b"", b"four"]


@pytest.fixture
async def source(tmp_path: Path) -> DiskBlobs:
    return DiskBlobs(tmp_path / "blobs")


@pytest.fixture
async def rows(provisioned: Ledger, source: DiskBlobs, webhooks: Any, signed: Callable[..., bytes]) -> list[int]:
    """Attached files with these contents, and one that still waits."""
    registry = Registry(provisioned)
    await registry.refresh()
    for n in range(len(CONTENTS) + 1):
        body = webhooks.body(webhooks.file(f"wamid.{n}", f"m{n}"))
        assert isinstance(await Receiver(provisioned, registry).take(body, signed(body)), Taken)
    now = await provisioned.now()
    claims = await provisioned.queue.claim(owner="me", limit=len(CONTENTS), now=now, lease_s=60)
    for claim, data in zip(claims, CONTENTS, strict=True):
        await put(source, claim.id, data)
        ending = Attached(len(data), hashlib.sha256(data).digest(), "image/jpeg")
        assert await provisioned.queue.settle(claim, ending, (), now=now)
    return [claim.id for claim in claims]


@pytest.fixture(params=["folder", "bucket"])
async def target(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    store: Store = DiskBlobs(tmp_path / "there")
    if request.param == "bucket":
        server = request.getfixturevalue("rclone")
        name = server.bucket()
        keys = Keys(server.key_id, server.secret)
        store = S3Blobs(Bucket(name=name, prefix="p", address=f"{server.url}/{name}", keys=keys))
    await store.start()
    yield store
    await store.stop()


async def put(store: Store, row: int, data: bytes) -> None:
    async with store.upload(blobkey.key(row)) as upload:
        await upload.write(data)
        await upload.commit()


async def test_every_attached_file_is_there_afterwards(
    provisioned: Ledger, source: DiskBlobs, target: Store, rows: list[int]
) -> None:
    told: list[int] = []
    carried = await carry(provisioned, source, target, tell=told.append, at_once=2)

    assert carried == Carried(files=4, bytes=sum(map(len, CONTENTS)))
    assert told == [1, 2, 3, 4]
    for row, data in zip(rows, CONTENTS, strict=True):
        assert await target.digest(blobkey.key(row)) == (len(data), hashlib.sha256(data).digest())
        assert await source.size(blobkey.key(row)) == len(data)


async def test_what_is_there_is_not_carried_again(
    provisioned: Ledger, source: DiskBlobs, target: Store, rows: list[int]
) -> None:
    await put(target, rows[0], CONTENTS[0])
    await put(target, rows[1], b"a part")  # of another size: it is not what was attached

    assert await carry(provisioned, source, target) == Carried(files=3, bytes=sum(map(len, CONTENTS[1:])), before=1)
    assert await carry(provisioned, source, target) == Carried(before=4)


async def test_what_has_changed_or_is_missing_stays_behind(
    provisioned: Ledger, source: DiskBlobs, target: Store, rows: list[int]
) -> None:
    await source.delete(blobkey.key(rows[0]))
    await put(source, rows[3], b"FOUR")
    carried = await carry(provisioned, source, target)

    assert (carried.files, carried.seen) == (2, 4)
    assert sorted(carried.problems) == sorted(
        [
            f"workspace acme: the bytes of {blobkey.key(rows[0])} are missing",
            f"workspace acme: the bytes of {blobkey.key(rows[3])} have changed, and stay behind",
        ]
    )
    assert await target.size(blobkey.key(rows[0])) is None
    assert await target.size(blobkey.key(rows[3])) is None


async def test_a_target_that_is_away_is_an_error_and_no_files_fault(
    provisioned: Ledger, source: DiskBlobs, rows: list[int]
) -> None:
    keys = Keys("TESTACCESSKEY1234", "TESTSECRETKEY5678")
    away = S3Blobs(
        Bucket(name="media", prefix="p", address="http://127.0.0.1:1/media", keys=keys),
        patience=Patience(retries=0),
    )
    with pytest.raises(OSError, match="media"):
        await carry(provisioned, source, away)
    assert rows
