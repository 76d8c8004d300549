"""Gates of apps and numbers that upstream asked to slow down."""

from collections.abc import Sequence
from typing import Any

from penstock.controls.gates.throttling import ThrottleGates
from penstock.core.gate import Gate
from penstock.core.seen import Seen
from penstock.core.work import Outcome
from penstock.ledger.book import Ledger


def asked(at: float, *, code: int = 130429, after_s: float | None = None) -> Seen:
    known: dict[str, Any] = dict.fromkeys(Seen.__struct_fields__)
    known |= {"id": 1, "media_row": 1, "nth": 1, "at": at, "operation": "media.look_up", "declared_method": "GET"}
    known |= {"duration_s": 0.0, "graph_code": code, "outcome": Outcome.THROTTLE, "number": "1", "app": "main"}
    return Seen(**(known | {"after_s": after_s}))


async def standing(ledger: Ledger, now: float) -> Sequence[Gate]:
    return await ledger.gates.active(now=now)


async def test_a_number_that_is_asked_to_slow_down_gets_a_gate_that_grows_and_goes(ledger: Ledger) -> None:
    now = await ledger.now()
    control = ThrottleGates(ledger)
    await control.look([asked(now)], now)
    (gate,) = await standing(ledger, now)
    assert (gate.scope, gate.owner) == ({"number": "1"}, "throttle")
    assert gate.opening is not None
    first = gate.opening
    for second in range(1, 60):
        await control.look([], now + second)
    (gate,) = await standing(ledger, now + 60)
    assert gate.opening is not None
    assert gate.opening > first
    for second in range(60, 400):
        await control.look([], now + second)
    assert await standing(ledger, now + 400) == []


async def test_upstreams_own_time_shuts_the_gate_for_so_long(ledger: Ledger) -> None:
    now = await ledger.now()
    control = ThrottleGates(ledger)
    await control.look([asked(now, code=4, after_s=20)], now)
    (gate,) = await standing(ledger, now)
    assert (gate.scope, gate.opening) == ({"app": "main"}, 0.0)
    await control.look([], now + 21)
    (gate,) = await standing(ledger, now + 21)
    assert gate.opening


async def test_a_gate_that_nobody_looks_after_is_gone_by_itself(ledger: Ledger) -> None:
    now = await ledger.now()
    await ThrottleGates(ledger).look([asked(now)], now)
    assert await standing(ledger, now + 3_600) == []


async def test_small_steps_are_not_written(ledger: Ledger) -> None:
    now = await ledger.now()
    control = ThrottleGates(ledger)
    for at in range(100):
        await control.look([asked(now)] if at == 0 else [], now + at)
    entries = await ledger.audit_log.read()
    assert len(entries) < 30
