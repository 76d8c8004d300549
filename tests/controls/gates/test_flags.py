"""Gates by a team's own flag: what it says, what it said last, and what a silent one leaves in force."""

import asyncio
import threading
from collections.abc import Mapping, Sequence

import pytest

from penstock.controls.gates.flags import FlagGates
from penstock.core.gate import Gate
from penstock.ledger.book import Ledger


class Told:
    """A flag whose answers are set here."""

    name = "told"

    def __init__(self, value: bool | None) -> None:
        self.value = value
        self.asked = 0
        self.go = threading.Event()
        self.go.set()

    def read(self, workspaces: Sequence[str]) -> Mapping[str, bool | None]:
        self.asked += 1
        self.go.wait()
        return dict.fromkeys(workspaces, self.value)


async def look(control: FlagGates, ledger: Ledger) -> Sequence[Gate]:
    """Two rounds: one asks, the next one applies what was said."""
    now = await ledger.now()
    await control.look([], now)
    assert control._asked is not None
    await asyncio.wait([control._asked])
    await control.look([], now)
    return await ledger.gates.active(now=now)


async def test_a_flag_that_says_no_shuts_the_workspace_and_yes_opens_it(provisioned: Ledger) -> None:
    flags = Told(False)
    control = FlagGates(provisioned, flags)
    (gate,) = await look(control, provisioned)
    assert (gate.scope, gate.opening, gate.owner, gate.by) == ({"workspace": "acme"}, 0.0, "flag", "flag:told")
    flags.value = True
    await look(control, provisioned)
    assert await look(control, provisioned) == []


@pytest.mark.parametrize("before", [True, False])
async def test_a_flag_that_says_nothing_leaves_what_it_said_last(provisioned: Ledger, before: bool) -> None:
    flags = Told(before)
    control = FlagGates(provisioned, flags)
    known = await look(control, provisioned)
    flags.value = None
    await look(control, provisioned)
    assert await look(control, provisioned) == known
    assert bool(known) is not before


async def test_a_cold_start_without_the_provider_keeps_what_it_said_last(provisioned: Ledger) -> None:
    known = await look(FlagGates(provisioned, Told(False)), provisioned)
    assert await look(FlagGates(provisioned, Told(None)), provisioned) == known


async def test_a_provider_that_hangs_keeps_nobody_waiting_and_is_not_asked_again(provisioned: Ledger) -> None:
    flags = Told(True)
    flags.go.clear()
    control = FlagGates(provisioned, flags)
    for _ in range(5):
        await control.look([], await provisioned.now())
    assert flags.asked <= 1
    flags.go.set()
    assert control._asked is not None
    await control._asked


async def test_the_gate_of_a_workspace_that_was_removed_goes(provisioned: Ledger) -> None:
    now = await provisioned.now()
    await provisioned.gates.shut({"workspace": "gone"}, owner="flag", by="flag:told", why="x", now=now)
    assert await look(FlagGates(provisioned, Told(True)), provisioned) == []
