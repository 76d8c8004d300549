"""What the tests of this room share: Graph as a recipe asks it, here or nowhere, and attempts to be shown."""

from collections.abc import Callable
from typing import Any

import pytest

from penstock.adapters.graph.http import HttpGraph
from penstock.adapters.graph.sending import send_declared
from penstock.controls.rollouts.trial import Open
from penstock.core.errors import PenstockError
from penstock.core.operation import LOOK_UP
from penstock.core.recipe import Recipe
from penstock.core.seen import Seen
from penstock.core.work import Outcome
from penstock.demo.legacy import send_legacy

NOW = 1_795_000_000.0


@pytest.fixture
def open_graph() -> Callable[..., Open]:
    """Opens Graph at an address; the implementation "legacy" sends what nobody declared."""

    def at(graph_url: str = "https://graph.facebook.com", *, media_hosts: tuple[str, ...] = (".fbcdn.net",)) -> Open:
        async def opened(recipe: Recipe) -> HttpGraph:
            sends = {"declared": send_declared, "legacy": send_legacy}
            if recipe.implementation not in sends:
                raise PenstockError(f"its implementation {recipe.implementation!r} is not installed on this machine")
            return HttpGraph(
                graph_url=recipe.parameters.graph_url or graph_url,
                version=recipe.parameters.graph_version or "v26.0",
                media_hosts=media_hosts,
                allow_insecure=True,
                send=sends[recipe.implementation],
            )

        return opened

    return at


class Attempts:
    """Makes attempts that were seen."""

    def __init__(self) -> None:
        self.at = NOW
        self.id = 0

    def seen(self, outcome: Outcome = Outcome.DELIVERED, *, recipe: str = "standard/1", **facts: Any) -> Seen:
        """One attempt, of a conversation of its own unless it is named."""
        self.id += 1
        self.at += 0.1
        known: dict[str, Any] = dict.fromkeys(Seen.__struct_fields__) | {
            "id": self.id,
            "media_row": self.id,
            "nth": 1,
            "at": self.at,
            "operation": LOOK_UP.name,
            "declared_method": "GET",
            "wire_method": "GET",
            "host": "graph.facebook.com",
            "outcome": outcome,
            "duration_s": 0.1,
            "recipe": recipe,
            "workspace": "acme",
            "conversation_id": self.id,
            "received_at": self.at,
        }
        return Seen(**known | facts)

    def many(self, count: int, outcome: Outcome = Outcome.DELIVERED, **facts: Any) -> list[Seen]:
        """So many alike."""
        return [self.seen(outcome, **facts) for _ in range(count)]


@pytest.fixture
def attempts() -> Attempts:
    """Makes attempts that were seen."""
    return Attempts()
