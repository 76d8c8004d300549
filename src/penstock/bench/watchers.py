"""What watches in an instance, for those who measure what that costs: the same controls, and attempts to show them.

Used by the fetching process when it is told to watch, and by the process whose memory is measured.
"""

import random
from collections.abc import Callable, Iterator

from penstock.controls.rollouts.trial import Trials
from penstock.controls.rounds import Control
from penstock.controls.watch.prober import Prober
from penstock.controls.watch.probing import Probing
from penstock.controls.watch.watch import Watch
from penstock.core.operation import DOWNLOAD, LOOK_UP
from penstock.core.seen import Seen
from penstock.core.work import Outcome
from penstock.flow.registry import Registry
from penstock.ledger.book import Ledger
from penstock.settings import Settings
from penstock.wiring.instance import open_graph
from penstock.wiring.recipes import Engines
from penstock.wiring.steering import steering

_FAILING = 0.005  # of first attempts, as ever
_KINDS = ("image", "audio", "video", "document")
_SERVERS = 20


def controls(ledger: Ledger, settings: Settings) -> list[Callable[[], Control]]:
    """As an instance has them, but for heartbeats and flags. No number is for tests, so no probe is ever sent."""
    registry, graph = Registry(ledger), open_graph(settings)
    prober = Prober(ledger, registry, lambda: graph, declared=graph)
    return steering(
        ledger,
        watch=lambda: Probing(ledger, Watch(ledger, rng=random.Random()), prober),
        trials=Trials(Engines(settings, graph).unrehearsed),
        token=registry.token_of,
    )


def attempts(
    rng: random.Random, *, first: int, count: int, began_at: float, per_s: float, workspaces: int
) -> Iterator[Seen]:
    """So many attempts of files that each were looked up and downloaded; every file is of another conversation."""
    for number in range(first, first + count):
        operation = (LOOK_UP, DOWNLOAD)[number % 2]
        failed = rng.random() < _FAILING
        workspace = rng.randrange(workspaces)
        server = f"s{rng.randrange(_SERVERS)}"
        yield Seen(
            id=number + 1,
            media_row=number // 2 + 1,
            nth=1,
            at=began_at + number / per_s,
            operation=operation.name,
            declared_method="GET",
            wire_method="GET",
            host="graph.facebook.com" if operation is LOOK_UP else f"{server}.fbcdn.net",
            peer_address=f"157.240.0.{number % 200}",
            status=503 if failed else 200,
            graph_code=None,
            graph_subcode=None,
            outcome=Outcome.UPSTREAM if failed else Outcome.DELIVERED,
            duration_s=0.1,
            recipe="standard/1",
            server=server,
            worker="bench",
            api_version="v26.0" if operation is LOOK_UP else None,
            fresh=False,
            workspace=f"w{workspace}",
            number=f"{workspace:015}",
            app="bench",
            credential=f"c{workspace}",
            conversation_id=number // 2 + 1,
            kind=_KINDS[number % len(_KINDS)],
            mime_type="image/jpeg",
            size=65_536,
            received_at=began_at + number / per_s,
        )
