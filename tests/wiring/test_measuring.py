"""What is counted is undone: a ledger that is looked into stays as it was."""

from pathlib import Path

import pytest

from penstock.core.lanes import Lane
from penstock.wiring.measuring import measured

NOW = 1_795_000_000.0


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
async def test_a_claim_is_counted_and_takes_nothing(store: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    address = tmp_path / "claim.db" if store == "sqlite" else await request.getfixturevalue("postgres").new()
    async with measured(address) as it:
        await it.bulk.workspaces(3, now=NOW)
        await it.bulk.files(9, now=NOW, workspaces=3)
        lanes: tuple[Lane, ...] = (await it.counted.due()).lanes
        listed = (it.visited.steps, it.visited.rows, it.visited.pages)
        assert [lane.workspace for lane in lanes] == ["made-1", "made-2", "made-3"]
        taken = await it.counted.take(owner="me", limit=6, lanes=lanes, now=NOW, lease_s=60)
        assert len(taken.claims) == 6
        after = (it.visited.steps, it.visited.rows, it.visited.pages)
        assert after > listed
        assert (after[0] > 0) == (store == "sqlite") != (after[1] > 0)
        assert len(await it.ledger.queue.claim(owner="me", limit=100, now=NOW, lease_s=60)) == 9
