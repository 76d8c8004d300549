"""Bytes that nobody owns go when they are old; whatever somebody owns, or may come to own, stays."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from penstock.adapters.blobs.disk import DiskBlobs
from penstock.adapters.blobs.port import Store
from penstock.adapters.blobs.s3 import Bucket, S3Blobs
from penstock.adapters.blobs.s3_signing import Keys
from penstock.core import blobkey
from penstock.core.work import Attached, Claim, Ending, Expired, Failed, Outcome
from penstock.flow.receiver import Receiver, Taken
from penstock.flow.registry import Registry
from penstock.flow.sweeping import Sweeping, Swept
from penstock.ledger.book import Ledger

ALL_IS_OLD_S = -3_600.0
ENDINGS: dict[str, Ending] = {
    "attached": Attached(3, b"\x01" * 32, "image/jpeg"),
    "expired": Expired(Outcome.GONE, "Meta's copy is gone."),
    "failed": Failed(Outcome.GONE, "It cannot be had."),
}


@pytest.fixture(params=["disk", "bucket"])
async def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """Files in a folder, and in a bucket."""
    store: Store = DiskBlobs(tmp_path / "blobs")
    if request.param == "bucket":
        server = request.getfixturevalue("rclone")
        name = server.bucket()
        keys = Keys(server.key_id, server.secret)
        store = S3Blobs(Bucket(name=name, prefix="p", address=f"{server.url}/{name}", keys=keys))
    await store.start()
    yield store
    await store.stop()


async def put(blobs: Store, row: int, data: bytes = b"abc") -> None:
    async with blobs.upload(blobkey.key(row)) as upload:
        await upload.write(data)
        await upload.commit()


async def received(
    ledger: Ledger,
    webhooks: Any,
    signed: Callable[..., bytes],
    *names: str,
    claims: dict[str, Claim] | None = None,
    days_ago: int = 10,
) -> dict[str, int]:
    """A file for each name, ended as its name says or left; their rows, and the claims on those that are left."""
    sent = str(int(await ledger.now()) - days_ago * 86_400)
    registry = Registry(ledger)
    await registry.refresh()
    receiver = Receiver(ledger, registry)
    rows = {}
    for number, name in enumerate(names):
        body = webhooks.body(webhooks.file(f"wamid.{number}", f"m{number}", timestamp=sent))
        assert isinstance(await receiver.take(body, signed(body)), Taken)
        found = await ledger.shelf.message(wamid=f"wamid.{number}", workspace_id=None)
        assert found is not None
        rows[name] = found.media[0].id
        if name == "waiting":
            continue
        (claim,) = [
            claim
            for claim in await ledger.queue.claim(owner="me", limit=100, now=await ledger.now(), lease_s=600)
            if claim.id == rows[name]
        ]
        if name in ENDINGS:
            assert await ledger.queue.settle(claim, ENDINGS[name], (), now=await ledger.now())
        elif claims is not None:
            claims[name] = claim
    return rows


async def left(blobs: Store) -> set[str]:
    return {key async for key in blobs.keys_older_than(time.time() + 3_600)}


async def test_only_blobs_of_files_that_came_to_another_end_go(
    provisioned: Ledger, webhooks: Any, signed: Callable[..., bytes], blobs: Store
) -> None:
    rows = await received(provisioned, webhooks, signed, "attached", "expired", "failed", "fetching", "waiting")
    for row in rows.values():
        await put(blobs, row)

    swept = await Sweeping(provisioned, blobs, age_s=ALL_IS_OLD_S).sweep()

    assert swept == Swept(orphans=2)
    assert await left(blobs) == {blobkey.key(rows[name]) for name in ("attached", "fetching", "waiting")}


async def test_the_blob_of_a_file_that_may_still_be_reprocessed_stays(
    provisioned: Ledger, webhooks: Any, signed: Callable[..., bytes], blobs: Store
) -> None:
    rows = await received(provisioned, webhooks, signed, "expired", "failed", days_ago=1)
    for row in rows.values():
        await put(blobs, row)

    assert await Sweeping(provisioned, blobs, age_s=ALL_IS_OLD_S).sweep() == Swept()
    assert await left(blobs) == {blobkey.key(row) for row in rows.values()}


async def test_what_is_younger_than_a_day_stays(
    provisioned: Ledger, webhooks: Any, signed: Callable[..., bytes], blobs: Store
) -> None:
    rows = await received(provisioned, webhooks, signed, "failed")
    await put(blobs, rows["failed"])
    assert await Sweeping(provisioned, blobs).sweep() == Swept()
    assert await left(blobs) == {blobkey.key(rows["failed"])}


async def test_a_blob_of_no_row_is_told_of_and_left(provisioned: Ledger, blobs: Store) -> None:
    await put(blobs, 9_999)
    assert await Sweeping(provisioned, blobs, age_s=ALL_IS_OLD_S).sweep() == Swept(unknown=1)
    assert await left(blobs) == {blobkey.key(9_999)}


async def test_a_file_that_is_attached_while_the_sweep_goes_on_keeps_its_bytes(
    provisioned: Ledger,
    webhooks: Any,
    signed: Callable[..., bytes],
    blobs: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    claims: dict[str, Claim] = {}
    rows = await received(provisioned, webhooks, signed, "failed", "fetching", claims=claims)
    await put(blobs, rows["failed"])
    await put(blobs, rows["fetching"])
    asked = provisioned.shelf.stage

    async def meanwhile(row: int) -> tuple[str, float] | None:
        if row == rows["failed"]:  # the list is made and the attached rows are read; now the fetcher comes to its end
            assert await provisioned.queue.settle(
                claims["fetching"], ENDINGS["attached"], (), now=await provisioned.now()
            )
        return await asked(row)

    monkeypatch.setattr(provisioned.shelf, "stage", meanwhile)
    assert await Sweeping(provisioned, blobs, age_s=ALL_IS_OLD_S).sweep() == Swept(orphans=1)
    assert await left(blobs) == {blobkey.key(rows["fetching"])}


async def test_an_upload_under_way_is_not_disturbed(
    provisioned: Ledger, webhooks: Any, signed: Callable[..., bytes], blobs: Store
) -> None:
    rows = await received(provisioned, webhooks, signed, "fetching")
    data = os.urandom(20 << 20)
    async with blobs.upload(blobkey.key(rows["fetching"])) as upload:
        await upload.write(data[: 12 << 20])
        assert await Sweeping(provisioned, blobs).sweep() == Swept()
        await upload.write(data[12 << 20 :])
        await upload.commit()
    assert b"".join([chunk async for chunk in blobs.read(blobkey.key(rows["fetching"]))]) == data


async def test_a_temporary_file_that_nobody_writes_to_goes(provisioned: Ledger, tmp_path: Path) -> None:
    folder = tmp_path / "blobs" / "00000000"
    folder.mkdir(parents=True)
    for name, at in ((".old", 1.0), (".new", time.time())):
        (folder / name).write_bytes(b"half a file")
        os.utime(folder / name, (at, at))
    blobs = DiskBlobs(tmp_path / "blobs")
    assert await Sweeping(provisioned, blobs).sweep() == Swept(unfinished=1)
    assert [path.name for path in folder.iterdir()] == [".new"]
    await blobs.stop()


async def test_it_sweeps_by_itself_and_goes_on_after_a_store_was_away(
    provisioned: Ledger, webhooks: Any, signed: Callable[..., bytes], blobs: Store
) -> None:
    rows = await received(provisioned, webhooks, signed, "failed")
    await put(blobs, rows["failed"])
    whole, asked = blobs.drop_unfinished, 0

    async def away_at_first(before: float) -> int:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise OSError(5, "the bucket media cannot be reached")
        return await whole(before)

    blobs.drop_unfinished = away_at_first  # type: ignore[method-assign]
    sweeping = Sweeping(provisioned, blobs, age_s=ALL_IS_OLD_S, first_s=0.01, every_s=0.01)
    with capture_logs() as logged:
        await sweeping.start()
        async with asyncio.timeout(60):
            while asked < 3:
                await asyncio.sleep(0.01)
        await sweeping.stop()
    assert await left(blobs) == set()
    assert {
        "event": "files.not_swept",
        "log_level": "warning",
        "reason": "the bucket media cannot be reached",
    } in logged
