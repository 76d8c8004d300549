"""A bucket that refuses, fails or is gone while files come: messages do not wait, files do, and nobody restarts."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.adapters.blobs.conftest import Way, way
from tests.journeys.troubles import LIMIT_S, one_line_each, whole

from penstock.settings import AwsAccess, S3Url

__all__ = ["way"]


def bucket(way: Way) -> S3Url:
    return S3Url(way.bucket(), "pen/stock", AwsAccess(endpoint=way.url, key_id=way.key_id, secret=way.secret))


@pytest.mark.parametrize(
    ("mode", "reason"),
    [("deny", "refuses a file: AccessDenied"), ("fail", "answers a file with 503"), ("away", "cannot be reached")],
)
async def test_a_bad_bucket_delays_files_and_nothing_else(
    database_url: Any, way: Way, tmp_path: Path, mode: str, reason: str
) -> None:
    async with whole(tmp_path, database_url, blobs_url=bucket(way)) as it:
        await it.send(6)
        await it.settled()
        await way.become(mode)
        await it.send(40)
        await it.meta.drain(LIMIT_S)  # every message is taken while no file can be kept
        async with asyncio.timeout(LIMIT_S):
            while not it.said("files.unavailable") or it.instance.fetcher._turns:
                await asyncio.sleep(0.05)
        assert it.instance.blobs.away
        [tally] = await it.ledger.counts.tallies()
        assert (tally.waiting, tally.failed, tally.expired) == (len(it.files) - tally.attached, 0, 0)
        wasted = [each for each in await attempts(it) if each.outcome == "local"]
        assert 1 <= len(wasted) <= 4  # what was under way; the rest waits without an attempt

        await way.become("pass")
        await it.settled()
        await it.until_said("files.available_again")
        await it.settled()
        await it.in_order()
        assert it.lines() == ["files.unavailable", "files.available_again"]
        one_line_each(it.logged, "files")
        assert reason in it.said("files.unavailable")[0]["reason"]


async def test_a_bucket_that_is_away_at_the_start_keeps_no_message_out(
    database_url: Any, way: Way, tmp_path: Path
) -> None:
    there = bucket(way)
    await way.become("away")
    async with whole(tmp_path, database_url, blobs_url=there) as it:
        await it.send(6)
        await it.meta.drain(LIMIT_S)
        assert await attempts(it) == []
        await way.become("pass")
        await it.settled()
        await it.until_said("files.available_again")
        await it.settled()
        await it.in_order()
        assert it.lines() == ["files.unavailable", "files.available_again"]


async def attempts(it: Any) -> list[Any]:
    """Every request for a file that was made."""
    made = []
    for each in it.files:
        message = await it.ledger.shelf.message(wamid=each.wamid, workspace_id=None)
        made += [one for file in message.media for one in await it.ledger.shelf.attempts(file.id)]
    return made
