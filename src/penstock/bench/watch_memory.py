"""The process whose memory is measured by ``watch_cost``: the watch with its controls, on a ledger of its own.

It is shown simulated attempts, as many as it is told, as fast as it can, by a clock of their own. Started by the part.
"""

import gc
import random
from pathlib import Path

from penstock.bench import installation, watchers
from penstock.bench.processes import Facts, Parent, run

_PAGE = 1_000  # attempts of one look
_PER_S = 100.0


async def work(told: Facts, parent: Parent) -> None:
    """Be ready; ``feed`` shows attempts and tells when it is done."""
    settings = installation.settings(Path(told["folder"]))
    rng, shown = random.Random(told["seed"]), 0
    async with installation.provisioned(settings) as ledger:
        began_at = await ledger.now()
        controls = [make() for make in watchers.controls(ledger, settings)]
        parent.say()
        while (order := await parent.order()) is not None:
            for first in range(shown, shown + order["attempts"], _PAGE):
                page = list(
                    watchers.attempts(
                        rng,
                        first=first,
                        count=_PAGE,
                        began_at=began_at,
                        per_s=_PER_S,
                        workspaces=told["workspaces"],
                    )
                )
                for control in controls:
                    await control.look(page, page[-1].at)
            shown += order["attempts"]
            page = []
            gc.collect()
            parent.say(attempts=shown)


if __name__ == "__main__":
    run(work)
