"""The commands on an installation whose files are in a bucket."""

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import pytest

from penstock.core import blobkey
from penstock.core.work import Attached, Claim
from penstock.settings import load
from penstock.wiring.stores import open_blobs


@pytest.fixture
def bucket(penstock: Any, rclone: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket that the settings name."""
    name: str = rclone.bucket()
    monkeypatch.setenv("PENSTOCK_BLOBS_URL", f"s3://{name}/pen/stock")
    monkeypatch.setenv("AWS_ENDPOINT_URL", rclone.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", rclone.key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", rclone.secret)
    return name


def put(row: int, data: bytes) -> None:
    async def write() -> None:
        blobs = open_blobs(load())
        async with blobs.upload(blobkey.key(row)) as upload:
            await upload.write(data)
            await upload.commit()
        await blobs.stop()

    asyncio.run(write())


def attach(acme: Any, *contents: bytes) -> list[Claim]:
    left = list(contents)

    def attached(claim: Claim) -> Attached:
        data = left.pop(0)
        return Attached(len(data), hashlib.sha256(data).digest(), "image/jpeg")

    claims: list[Claim] = acme.settle(attached, limit=len(contents))
    for claim, data in zip(claims, contents, strict=True):
        put(claim.id, data)
    return claims


def files(penstock: Any) -> Any:
    checks = penstock("doctor", "--json").answer["checks"]
    return [check for check in checks if check["name"] == "files"]


def test_doctor_tries_the_bucket(penstock: Any, bucket: str) -> None:
    (found,) = files(penstock)
    assert found["state"] == "ok"
    assert found["found"].startswith(f"s3://{bucket}/pen/stock: written, read, listed and deleted in ")


def test_doctor_says_what_a_bucket_refuses(penstock: Any, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "SOMEBODYELSE1234")
    (found,) = files(penstock)
    assert found["state"] == "fail"
    assert found["found"] == f"the bucket {bucket} refuses to be written: InvalidAccessKeyId"
    assert "AWS_" in found["advice"]


def test_doctor_warns_of_a_bucket_that_cannot_be_listed(
    penstock: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def examine(_: Any) -> list[tuple[str, str | None]]:
        return [("written", None), ("read", None), ("listed", "the bucket refuses to be listed: AccessDenied")]

    monkeypatch.setattr("penstock.adapters.blobs.s3.S3Blobs.examine", examine)
    (found,) = files(penstock)
    assert (found["state"], "s3:ListBucket" in found["advice"]) == ("warn", True)


def test_a_malformed_url_is_one_line(penstock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_BLOBS_URL", "s3://BUCKET")
    assert penstock("status").refused(2).startswith("PENSTOCK_BLOBS_URL is 's3://BUCKET', but it must be s3://BUCKET")


def test_a_deep_audit_reads_the_bucket(penstock: Any, acme: Any, bucket: str) -> None:
    acme.receive("1", "2", "3")
    first, second, third = attach(acme, b"one", b"two", b"three")
    assert penstock.done("audit", "--deep", "--json").answer["ok"] is True

    put(second.id, b"tow")
    asyncio.run(open_blobs(load()).delete(blobkey.key(third.id)))
    ran = penstock("audit", "--deep", "--json")

    assert ran.code == 1
    assert ran.answer["problems"] == [
        f"workspace acme: the bytes of {blobkey.key(second.id)} have changed",
        f"workspace acme: the bytes of {blobkey.key(third.id)} are missing",
    ]
    assert first.id < second.id < third.id


def test_a_deep_audit_that_cannot_read_the_bucket_blames_no_file(
    penstock: Any, acme: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.receive("1")
    attach(acme, b"one")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "SOMEBODYELSE1234")
    line = penstock("audit", "--deep").refused(3)
    assert line == f"the files cannot be read: the bucket {bucket} refuses a look at a file: status 403"


def test_a_backup_leaves_the_files_in_the_bucket_and_says_so(penstock: Any, acme: Any, bucket: str) -> None:
    acme.receive("1")
    attach(acme, b"one")
    ran = penstock.done("backup", "copy")

    assert ran.out.startswith("copy: database of ")
    assert f"The files stay in s3://{bucket}/pen/stock" in ran.out
    assert sorted(path.name for path in Path("copy").iterdir()) == ["audit-log-head.json", "penstock.db"]
    assert penstock.done("backup", "other", "--json").answer["files_stay_in"] == f"s3://{bucket}/pen/stock"
