"""A raw server on loopback, and the declarations that these tests guard their calls to it with."""

import re
from collections.abc import AsyncIterator

import pytest
from tests.adapters.graph.conftest import RawServer, http

from penstock.contract import Contract, Operation

READ = Operation(
    name="orders.read",
    method="GET",
    hosts=("127.0.0.1",),
    path=re.compile("/orders/[0-9]+"),
    query=frozenset({"expand"}),
    insecure=True,
)
MAKE = Operation(
    name="orders.make", method="POST", hosts=("127.0.0.1",), path=re.compile("/orders"), body=True, insecure=True
)
CONTRACT = Contract(READ, MAKE)


@pytest.fixture
async def server() -> AsyncIterator[RawServer]:
    raw = RawServer()
    raw.answer(http(200, b"{}"))
    await raw.start()
    yield raw
    await raw.stop()
