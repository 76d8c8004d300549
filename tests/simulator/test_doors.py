"""A platform listens on one address or on several in a row."""

import asyncio
import socket

import pytest

from penstock.simulator.doors import Doors, addresses


def test_addresses_follow_each_other() -> None:
    assert addresses("127.0.0.1", 3) == ("127.0.0.1", "127.0.0.2", "127.0.0.3")
    assert addresses("0.0.0.0", 1) == ("0.0.0.0",)
    assert addresses("localhost", 1) == ("localhost",)


@pytest.mark.parametrize(("host", "count"), [("localhost", 2), ("10.0.0.1", 2), ("127.0.0.250", 20), ("127.0.0.1", 0)])
def test_what_cannot_be_listened_on_is_refused(host: str, count: int) -> None:
    with pytest.raises(ValueError, match="address"):
        addresses(host, count)


async def test_all_doors_have_one_port() -> None:
    doors = Doors(addresses("127.0.0.1", 3), 0, None)
    await doors.open(asyncio.Protocol)
    for number, host in enumerate(doors.hosts):
        _, writer = await asyncio.open_connection(host, doors.port)
        assert doors.number(host) == number
        writer.close()
    assert doors.number("127.9.9.9") == 0
    doors.close()
    await doors.wait_closed()


async def test_a_port_that_is_taken_behind_one_door_is_not_used() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.2", 0))
        taken.listen()
        doors = Doors(addresses("127.0.0.1", 2), taken.getsockname()[1], None)
        with pytest.raises(OSError, match="address"):
            await doors.open(asyncio.Protocol)
        free = Doors(addresses("127.0.0.1", 2), 0, None)
        await free.open(asyncio.Protocol)
        assert free.port != taken.getsockname()[1]
        free.close()
        await free.wait_closed()
