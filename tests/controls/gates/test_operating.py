"""A person sets a gate on what there is, says why, and is told what it costs."""

import pytest

from penstock.controls.gates.operating import Operating, Order
from penstock.core.errors import NotFound, WrongUse
from penstock.ledger.book import Ledger

HOSTS = {"media.look_up": ("graph.facebook.com",), "media.download": (".fbcdn.net",)}


@pytest.fixture
def operating(provisioned: Ledger) -> Operating:
    provisioned.hosts = HOSTS
    return Operating(provisioned)


def order(scope: dict[str, str] | None = None, *, why: str = "a test", **more: object) -> Order:
    return Order(scope=scope or {}, by="cli:anna", why=why, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "scope",
    [
        {},
        {"host": "graph.facebook.com"},
        {"host": "scontent.fbcdn.net"},
        {"operation": "media.download"},
        {"app": "main"},
        {"workspace": "acme"},
        {"credential": "token-a"},
        {"number": "100000000000002"},
        {"kind": "video"},
    ],
    ids=str,
)
async def test_every_kind_of_scope_is_shut_and_opened(
    operating: Operating, provisioned: Ledger, scope: dict[str, str]
) -> None:
    gate = await operating.shut(order(scope))
    assert (gate.scope, gate.opening, gate.owner, gate.by, gate.why) == (scope, 0.0, "operator", "cli:anna", "a test")
    found, sentence = await operating.cost(gate)
    assert (found.waiting.files, sentence) == (0, "No file waits in its scope now.")

    assert (await operating.open(order(scope))).gate is None
    assert await provisioned.gates.active(now=await provisioned.now()) == []


@pytest.mark.parametrize(
    "scope",
    [
        {"host": "graph.facebok.com"},
        {"operation": "media.lookup"},
        {"app": "mian"},
        {"workspace": "acne"},
        {"credential": "token-b"},
        {"number": "100000000000003"},
        {"kind": "pictures"},
    ],
    ids=str,
)
async def test_what_there_is_not_is_refused_by_either_verb(
    operating: Operating, provisioned: Ledger, scope: dict[str, str]
) -> None:
    for verb in (operating.shut, operating.open):
        with pytest.raises(NotFound, match="here: "):
            await verb(order(scope))
    assert await provisioned.gates.active(now=await provisioned.now()) == []


async def test_a_gate_opens_in_steps(operating: Operating) -> None:
    await operating.shut(order({"workspace": "acme"}))
    step = await operating.open(order({"workspace": "acme"}, opening=2.5))
    assert step.gate is not None
    assert (step.gate.opening, step.still) == (2.5, ())
    assert "none of which" not in (await operating.cost(step.gate))[1]
    assert (await operating.open(order({"workspace": "acme"}))).gate is None


async def test_a_gate_of_what_was_removed_still_opens(operating: Operating, provisioned: Ledger) -> None:
    await provisioned.provisioning.add_workspace("gone", now=1.0)
    await operating.shut(order({"workspace": "gone"}))
    await provisioned.provisioning.remove_workspace("gone")

    assert (await operating.open(order({"workspace": "gone"}))).gate is None


async def test_automatic_gates_are_named_and_can_be_overruled(operating: Operating, provisioned: Ledger) -> None:
    now = await provisioned.now()
    await provisioned.gates.shut({}, owner="breaker", by="breaker", why="503s", now=now)
    with pytest.raises(NotFound, match="the breaker's gate of everything stands"):
        await operating.open(order({"workspace": "acme"}))

    opened = await operating.open(order({"workspace": "acme"}, override_automatic=True))
    assert opened.gate is not None
    assert (opened.gate.opening, opened.gate.override_automatic) == (None, True)
    assert [gate.owner for gate in opened.still] == ["breaker"]


@pytest.mark.parametrize("opening", [-1.0, float("nan"), float("inf")])
async def test_an_opening_is_a_number_of_files(operating: Operating, opening: float) -> None:
    with pytest.raises(WrongUse, match="number of files"):
        await operating.shut(order(opening=opening))


@pytest.mark.parametrize("why", ["", "  \n ", "\x00", "x" * 501])
async def test_a_reason_is_needed(operating: Operating, why: str) -> None:
    with pytest.raises(WrongUse, match="say why"):
        await operating.shut(order(why=why))


async def test_a_reason_is_kept_in_one_harmless_line(operating: Operating) -> None:
    assert (await operating.shut(order(why=" Meta\nis \x1b[31m down\udc80 "))).why == "Meta is [31m down?"


async def test_ends_are_to_come_and_go_with_what_stays(operating: Operating, provisioned: Ledger) -> None:
    now = await provisioned.now()
    with pytest.raises(WrongUse, match="in the future"):
        await operating.shut(order(until=now - 1))
    with pytest.raises(WrongUse, match="an end goes with a rate"):
        await operating.open(order(until=now + 60))
    with pytest.raises(WrongUse, match="is a shut gate"):
        await operating.open(order(opening=0.0))
    assert (await operating.shut(order(until=now + 60))).until == now + 60
