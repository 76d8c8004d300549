"""The processes of a measurement: each one a module of this room run by itself, told and asked over its pipes.

A child reads its orders as JSON lines from stdin and answers on stdout; when stdin ends, it ends, so nothing outlives
the run, however that ends. Its log goes to a file. ``Child`` is the side of the part, ``Parent`` that of the child.
"""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from penstock.core.errors import Unreachable

_LINE_BYTES = 64 * 1_048_576  # an answer may carry every latency of a window
_END_S = 15.0

Facts = dict[str, Any]


class Child:
    """A running child. ``ready`` is what it said when it was."""

    def __init__(self, process: asyncio.subprocess.Process, module: str, log: Path) -> None:
        self._process = process
        self._module = module
        self._log = log
        self.ready: Facts = {}

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def ask(self, order: str, **values: object) -> Facts:
        """Give an order and wait for its answer. Raises Unreachable when the child has died."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(msgspec.json.encode({"order": order, **values}) + b"\n")
            await self._process.stdin.drain()
        except ConnectionError as error:
            raise self._died() from error
        return await self.answer()

    async def answer(self) -> Facts:
        """The next line that it says."""
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise self._died()
        answer: Facts = msgspec.json.decode(line)
        return answer

    async def end(self) -> None:
        """Let it end in good order; kill it when it does not."""
        assert self._process.stdin is not None
        with contextlib.suppress(ConnectionError):
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _END_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    def _died(self) -> Unreachable:
        lines = self._log.read_text("utf-8", "replace").strip().splitlines() or ["it said nothing"]
        return Unreachable(f"the benchmark's process {self._module} ended too early: {lines[-1][:300]}")


@contextlib.asynccontextmanager
async def child(module: str, told: Facts, *, folder: Path, env: dict[str, str] | None = None) -> AsyncIterator[Child]:
    """Run ``penstock.bench.<module>`` and wait until it is ready; it is ended with the context."""
    log = folder / f"{module}.log"
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            f"penstock.bench.{module}",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            limit=_LINE_BYTES,
            env=os.environ | (env or {}),
        )
    started = Child(process, module, log)
    try:
        started.ready = await started.ask("start", **told)
        yield started
    finally:
        await started.end()


class Parent:
    """The other side: who gives a child its orders."""

    def __init__(self, orders: asyncio.StreamReader) -> None:
        self._orders = orders

    async def order(self) -> Facts | None:
        """The next order; None when there will be no more."""
        line = await self._orders.readline()
        order: Facts | None = json.loads(line) if line else None
        return order

    def say(self, **facts: object) -> None:
        """Answer an order."""
        sys.stdout.buffer.write(msgspec.json.encode(facts) + b"\n")
        sys.stdout.buffer.flush()


def run(work: Callable[[Facts, Parent], Awaitable[None]]) -> None:
    """Be a child: read what we are told, then work until the orders end. On uvloop, as ``penstock serve`` does."""
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_child(work))


async def _child(work: Callable[[Facts, Parent], Awaitable[None]]) -> None:
    orders = asyncio.StreamReader(limit=_LINE_BYTES)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    parent = Parent(orders)
    told = await parent.order()
    if told is not None:
        await work(told, parent)
