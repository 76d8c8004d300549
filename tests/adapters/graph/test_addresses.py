"""Only public addresses, whatever the name said a moment ago."""

import socket
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from tests.adapters.graph.conftest import TOKEN, RawServer, Sink, graph_at

from penstock.adapters.graph.addresses import is_public, socket_for
from penstock.core.exchange import Trouble
from penstock.core.operation import DOWNLOAD, LOOK_UP


@pytest.mark.parametrize(
    "address",
    [
        "157.240.1.35",
        "1.1.1.1",
        "2a03:2880:f12f:83:face:b00c:0:25de",
        "::ffff:157.240.1.35",
        "64:ff9b::157.240.1.35",
        "2002:9df0:123::1",
    ],
)
def test_a_public_address_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.255.0.1", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254"),
        *("100.64.0.1", "0.0.0.0", "0.1.2.3", "255.255.255.255", "224.0.0.1", "239.1.1.1", "240.0.0.1", "198.18.0.1"),
        *("192.0.2.1", "198.51.100.1", "203.0.113.1", "192.0.0.1"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1", "fec0::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "::10.0.0.1"),
        *("64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1"),
        *("2001:0:7f00:1::", "not an address", "", "127.1", "0x7f.1", "2130706433"),
    ],
)  # fmt: skip
def test_any_other_is_not(address: str) -> None:
    assert not is_public(address)


def test_the_socket_factory_makes_sockets_for_public_addresses_only() -> None:
    info = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("157.240.1.35", 443))
    socket_for(info).close()
    for address in ("127.0.0.1", "10.0.0.1"):
        with pytest.raises(OSError, match="address refused"):
            socket_for((*info[:4], (address, 443)))


class Names(AbstractResolver):
    """A resolver that says something else each time; the last answer is repeated."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)
            for address in addresses
        ]

    async def close(self) -> None:
        pass


def secure(names: Names, port: int) -> dict[str, Any]:
    """Settings of an instance that talks to the public internet only; the port is one of this machine's."""
    del port
    return {
        "graph_url": "https://graph.facebook.com",
        "media_hosts": [".fbsbx.com"],
        "allow_insecure": False,
        "resolver": names,
    }


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["169.254.169.254"], ["10.0.0.1", "192.168.0.1"], ["::1"], ["::ffff:127.0.0.1"]],
    ids=str,
)
async def test_a_name_that_stands_for_a_private_address_gets_nothing(
    server: RawServer, sink: Sink, addresses: list[str]
) -> None:
    names = Names(addresses)
    async with graph_at(server, **secure(names, server.port)) as graph:
        looked_up, found = await graph.look_up("1", token=TOKEN)
        downloaded, received = await graph.download(
            "https://lookaside.fbsbx.com/x", token=TOKEN, write=sink.write, sha256=None, size=None
        )
    assert (found, received) == (None, None)
    for exchange, operation in ((looked_up, LOOK_UP), (downloaded, DOWNLOAD)):
        assert exchange.operation == operation.name
        assert (exchange.trouble, exchange.status, exchange.peer_address) == (Trouble.ADDRESS_REFUSED, None, None)
    assert names.asked == 2


async def test_an_address_that_changes_between_two_looks_is_judged_when_it_is_used(
    server: RawServer, sink: Sink
) -> None:
    """The name is good for the check of the URL and leads elsewhere when the socket is made: nothing is sent."""
    names = Names(["127.0.0.1"])
    async with graph_at(server, **secure(names, server.port)) as graph:
        assert graph.may_download("https://lookaside.fbsbx.com/x")
        exchange, _ = await graph.download(
            "https://lookaside.fbsbx.com/x", token=TOKEN, write=sink.write, sha256=None, size=None
        )
    assert exchange.trouble is Trouble.ADDRESS_REFUSED
    assert server.connections == 0


async def test_an_address_in_the_url_is_no_way_around_the_rule(server: RawServer, sink: Sink) -> None:
    settings = secure(Names(["127.0.0.1"]), server.port) | {"media_hosts": ["127.0.0.1", "::1"]}
    async with graph_at(server, **settings) as graph:
        for url in ("https://127.0.0.1/x", "https://[::1]/x"):
            exchange, _ = await graph.download(url, token=TOKEN, write=sink.write, sha256=None, size=None)
            assert exchange.trouble is Trouble.ADDRESS_REFUSED
    assert server.connections == 0
