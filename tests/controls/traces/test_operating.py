"""A trace has a scope that there is, a reason, an end and limits."""

from typing import Any

import pytest

from penstock.controls.traces.operating import Operating, Order
from penstock.core import trace
from penstock.core.errors import Conflict, NotFound, WrongUse
from penstock.ledger.book import Ledger


async def order(ledger: Ledger, **more: Any) -> Order:
    known: dict[str, Any] = {"scope": {"workspace": "acme"}, "by": "cli:anna", "why": "a look"}
    return Order(**(known | {"until": await ledger.now() + 1_800.0} | more))


async def test_a_trace_is_put_on_and_off(provisioned: Ledger) -> None:
    operating = Operating(provisioned)
    made = await operating.put_on(await order(provisioned, why="a\nlook"))
    assert (made.scope, made.why, made.most_exchanges) == ({"workspace": "acme"}, "a look", trace.EXCHANGES)
    off = await operating.put_off(made.id, by="cli:ben", why="enough")
    assert (off.ended_by, off.ended_why) == ("cli:ben", "enough")
    with pytest.raises(Conflict):
        await operating.put_off(made.id, by="cli:ben", why="enough")


async def test_what_cannot_be_is_refused_and_nothing_is_written(provisioned: Ledger) -> None:
    operating, now, entries = Operating(provisioned), await provisioned.now(), len(await provisioned.audit_log.read())
    for wrong in (
        {"why": " "},
        {"until": now - 1},
        {"until": now + 2 * trace.LONGEST_S},
        {"most_exchanges": 0},
        {"most_exchanges": trace.MOST_EXCHANGES + 1},
        {"most_bytes": trace.MOST_BYTES + 1},
        {"scope": {"workspace": "acme", "kind": "image"}},
    ):
        with pytest.raises(WrongUse):
            await operating.put_on(await order(provisioned, **wrong))
    with pytest.raises(NotFound, match="did you mean acme"):
        await operating.put_on(await order(provisioned, scope={"workspace": "acne"}))
    with pytest.raises(WrongUse):
        await operating.put_off(1, by="cli:ben", why="")
    assert await provisioned.traces.latest() == []
    assert len(await provisioned.audit_log.read()) == entries
