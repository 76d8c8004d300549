"""The implementation without a check sends the very same request: only then is the difference the check's cost."""

from typing import Any

import pytest
from tests.adapters.graph.conftest import MEDIA_ID, TOKEN, RawServer, graph_at, http, server

from penstock.adapters.graph.sending import send_declared
from penstock.bench import unchecked
from penstock.bench.unchecked import Switch, send_unchecked

__all__ = ["server"]


async def test_it_sends_the_same_bytes_and_keeps_the_same_record(server: RawServer) -> None:
    server.answer(http(404))
    async with graph_at(server) as graph:
        with_it, _ = await graph.look_up(MEDIA_ID, token=TOKEN)
    async with graph_at(server, send=send_unchecked) as graph:
        without, _ = await graph.look_up(MEDIA_ID, token=TOKEN)
    assert server.requests[0] == server.requests[1]
    assert (with_it.status, with_it.wire_method) == (without.status, without.wire_method) == (404, "GET")


async def test_the_switch_goes_from_one_to_the_other(server: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    used = []

    async def noted(*arguments: Any) -> Any:
        used.append("unchecked")
        return await send_declared(*arguments)

    monkeypatch.setattr(unchecked, "send_unchecked", noted)
    server.answer(http(404))
    switch = Switch()
    async with graph_at(server, send=switch) as graph:
        await graph.look_up(MEDIA_ID, token=TOKEN)
        switch.checked = False
        await graph.look_up(MEDIA_ID, token=TOKEN)
    assert (used, len(server.requests)) == (["unchecked"], 2)
