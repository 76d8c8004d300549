"""What the watch holds in memory is bounded, whatever it was shown."""

import random
import tracemalloc
from pathlib import Path

from penstock.bench import installation, watchers
from penstock.bench.processes import child
from penstock.core.evidence import BEFORE, RECENT

WORKSPACES = 40
PAGE = 1_000
FULL = 2 * (RECENT + BEFORE)  # attempts after which everything that is bounded is full


async def test_the_process_is_fed_by_pages(tmp_path: Path) -> None:
    async with child("watch_memory", {"folder": str(tmp_path), "workspaces": 5, "seed": 1}, folder=tmp_path) as process:
        assert await process.ask("feed", attempts=2_000) == {"attempts": 2_000}
        assert await process.ask("feed", attempts=1_000) == {"attempts": 3_000}


async def test_more_traffic_takes_no_more_memory(tmp_path: Path) -> None:
    rng, shown, sizes = random.Random(3), 0, []
    settings = installation.settings(tmp_path)
    async with installation.provisioned(settings) as ledger:
        began_at = await ledger.now()
        controls = [make() for make in watchers.controls(ledger, settings)]
        tracemalloc.start()
        try:
            for until in (FULL, 4 * FULL):
                for first in range(shown, until, PAGE):
                    page = list(
                        watchers.attempts(
                            rng, first=first, count=PAGE, began_at=began_at, per_s=50.0, workspaces=WORKSPACES
                        )
                    )
                    for control in controls:
                        await control.look(page, page[-1].at)
                shown = until
                sizes.append(tracemalloc.get_traced_memory()[0])
        finally:
            tracemalloc.stop()
    first_bytes, last_bytes = sizes
    assert last_bytes < first_bytes * 1.25 + 500_000
