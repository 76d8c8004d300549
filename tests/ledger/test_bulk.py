"""Files made in bulk are claimed like any others, and are as many as was asked for."""

from collections import Counter

from penstock.ledger.book import Ledger
from penstock.ledger.bulk import Bulk

NOW = 1_795_000_000.0


async def test_files_wait_in_the_lanes_that_were_asked_for(ledger: Ledger) -> None:
    bulk = Bulk(ledger._db, ledger)
    await bulk.workspaces(10, now=NOW)
    await bulk.files(90, now=NOW, workspaces=10)
    await bulk.files(18, now=NOW, workspaces=1, from_workspace=3, kind="video")

    lanes, later_at = await ledger.queue.due()
    assert len(lanes) == 11
    assert later_at is None
    claims = await ledger.queue.claim(owner="me", limit=1_000, now=NOW, lease_s=60)
    kinds = Counter(claim.kind for claim in claims)
    assert kinds == {"image": 90, "video": 18}
    assert Counter(claim.workspace_id for claim in claims if claim.kind == "image") == dict.fromkeys(range(1, 11), 9)
    assert {claim.workspace for claim in claims if claim.kind == "video"} == {"made-3"}
    assert all(claim.deadline > NOW for claim in claims)
