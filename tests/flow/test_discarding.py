"""Bytes go when they are due, each once, and what cannot be deleted is tried again."""

from typing import Any

import pytest
from tests.flow.conftest import Place

from penstock.core import blobkey
from penstock.flow.discarding import discard


async def doomed(place: Place, webhooks: Any, *due_at: float) -> list[int]:
    """Files with bytes that are to go at these times; their rows."""
    body = webhooks.body(*(webhooks.file(f"wamid.{n}", f"m{n}") for n in range(len(due_at))))
    await place.receive(body)
    claims = await place.claim()
    await place.end(claims)
    for claim, at in zip(claims, due_at, strict=True):
        await place.rows(f"INSERT INTO doomed (media_row, due_at) VALUES ({claim.id}, {at})")
    return [claim.id for claim in claims]


async def test_what_is_due_goes_and_the_rest_waits(place: Place, webhooks: Any) -> None:
    first, second, third = await doomed(place, webhooks, 0.0, 4e9, 1.0)

    assert await discard(place.ledger, place.blobs) == 2
    assert place.keys() == {blobkey.key(second)}
    assert await place.ledger.keeping.count_doomed() == 1
    assert first != third


async def test_a_store_that_is_away_loses_nothing(place: Place, webhooks: Any) -> None:
    class Away:
        async def delete(self, _key: str) -> None:
            raise OSError(5, "the disk is away")

    await doomed(place, webhooks, 0.0)
    with pytest.raises(OSError, match="away"):
        await discard(place.ledger, Away())  # type: ignore[arg-type]
    assert await discard(place.ledger, place.blobs) == 1
    assert await discard(place.ledger, place.blobs) == 0
