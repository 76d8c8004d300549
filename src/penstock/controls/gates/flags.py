"""The kill switch of a flag system that a team already runs: one gate for each workspace for which the flag says no.

The gates are rows, so what was last known stays in force when the provider fails or everything starts cold without it:
that is the snapshot, and it is wherever the files' rows are. A provider that hangs keeps nobody waiting: it is asked in
a thread, and not again before it has answered. One of the controls of ``controls.rounds``.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog

from penstock.core.gate import Gate
from penstock.core.seen import Seen
from penstock.ledger.book import Ledger

_log = structlog.get_logger()

OWNER = "flag"


class Flags(Protocol):
    """A flag, asked for workspaces. May block; raises nothing."""

    @property
    def name(self) -> str:
        """Who says so."""

    def read(self, workspaces: Sequence[str]) -> Mapping[str, bool | None]:
        """True = let through, False = hold, None = not known."""


class FlagGates:
    """The gates that a flag sets."""

    def __init__(self, ledger: Ledger, flags: Flags) -> None:
        self._ledger = ledger
        self._flags = flags
        self._asked: asyncio.Task[Mapping[str, bool | None]] | None = None
        self._silent = False

    async def look(self, seen: Sequence[Seen], now: float) -> None:
        """Make the gates what the flag said last, and ask it anew."""
        del seen
        if self._asked is not None:
            if not self._asked.done():
                return
            await self._apply(self._asked.result(), now)
        names = [str(each["name"]) for each in await self._ledger.provisioning.workspaces()]
        self._asked = asyncio.create_task(asyncio.to_thread(self._flags.read, names), name="flags")

    async def _apply(self, said: Mapping[str, bool | None], now: float) -> None:
        gates = await self._ledger.gates.active(now=now)
        standing = {gate.scope["workspace"]: gate for gate in gates if _is_ours(gate)}
        by = f"{OWNER}:{self._flags.name}"
        for workspace, value in said.items():
            scope = {"workspace": workspace}
            if value is False and workspace not in standing:
                why = "The flag says that files of this workspace are to wait."
                await self._ledger.gates.shut(scope, owner=OWNER, by=by, why=why, now=now)
            elif value is True and workspace in standing:
                why = "The flag says that files of this workspace may go on."
                await self._ledger.gates.open(scope, owner=OWNER, by=by, why=why, now=now)
        for workspace in standing.keys() - said.keys():  # it was removed
            why = "There is no such workspace any more."
            await self._ledger.gates.open({"workspace": workspace}, owner=OWNER, by=by, why=why, now=now)
        self._tell(said)

    def _tell(self, said: Mapping[str, bool | None]) -> None:
        """Say once that the provider says nothing, and once that it does again."""
        silent = bool(said) and all(value is None for value in said.values())
        if silent != self._silent:
            self._silent = silent
            if silent:
                _log.warning("flags.silent", provider=self._flags.name, meaning="what it said last stays in force")
            else:
                _log.info("flags.heard", provider=self._flags.name)


def _is_ours(gate: Gate) -> bool:
    return gate.owner == OWNER and "workspace" in gate.scope
