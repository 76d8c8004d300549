"""A name of the simulated fleet stands for all of its addresses."""

import pytest

from penstock.demo.names import FILES, GRAPH, FleetNames


async def test_both_names_are_every_address_and_others_are_none() -> None:
    names = FleetNames(["127.0.0.1", "127.0.0.2"])
    for name in (GRAPH, FILES):
        assert [(each["host"], each["port"]) for each in await names.resolve(name, 80)] == [
            ("127.0.0.1", 80),
            ("127.0.0.2", 80),
        ]
    with pytest.raises(OSError, match="not a name"):
        await names.resolve("graph.facebook.com")
    await names.close()
