"""Both sides are measured alternately, each round the other way round."""

from penstock.bench.rounds import Steps, alternately


async def test_the_order_changes_from_round_to_round() -> None:
    order: list[str] = []

    async def ours(name: str) -> str:
        order.append(name)
        return name

    async def floor(name: str) -> str:
        order.append(name)
        return name

    told: list[tuple[int, int]] = []
    pairs = await alternately(3, ours, floor, Steps(6, lambda done, total: told.append((done, total))))
    assert order == ["ours-0", "floor-0", "floor-1", "ours-1", "ours-2", "floor-2"]
    assert pairs == [("ours-0", "floor-0"), ("ours-1", "floor-1"), ("ours-2", "floor-2")]
    assert told == [(done, 6) for done in range(1, 7)]
