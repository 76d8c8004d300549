"""The catalogue of faults, and its documentation."""

import inspect
import re
from pathlib import Path

import msgspec
import pytest

import penstock.simulator
from penstock.simulator import (
    CATALOGUE,
    KINDS,
    FaultRule,
    NumberEntry,
    Rules,
    Scenario,
    Server,
    TokenEntry,
    Webhooks,
    read_scenario,
)
from penstock.simulator import scenario as scenarios
from penstock.simulator.catalogue import HOPS, PARAMETERS
from penstock.simulator.orders import ORDERS

DOCUMENT = (Path(penstock.simulator.__file__).parent / "SCENARIOS.md").read_text("utf-8")
ROWS = {
    name: line
    for line in DOCUMENT.splitlines()
    if line.startswith("| `")
    for name in re.findall(r"`([^`]+)`", line.split("|")[1])
}


def test_every_fault_belongs_to_a_hop_and_takes_known_parameters() -> None:
    for fault in CATALOGUE.values():
        assert fault.hops
        assert set(fault.hops) <= set(HOPS)
        assert set(fault.parameters) <= set(PARAMETERS)


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_fault_is_documented_with_its_hops_and_parameters(name: str) -> None:
    cells = [cell.strip() for cell in ROWS[name].split("|")]
    fault = CATALOGUE[name]

    assert cells[2] == ("both" if len(fault.hops) == 2 else fault.hops[0])
    assert tuple(re.findall(r"`([^`]+)`", cells[3])) == fault.parameters


@pytest.mark.parametrize(
    "part", [Scenario, Server, FaultRule, Rules, Webhooks, TokenEntry, NumberEntry, scenarios.Traffic]
)
def test_every_key_of_a_scenario_is_documented(part: type[msgspec.Struct]) -> None:
    assert [field.name for field in msgspec.structs.fields(part) if field.name not in ROWS] == []


def test_every_kind_and_every_order_is_documented() -> None:
    assert [name for name in (*KINDS, *ORDERS) if name not in ROWS] == []


def test_every_argument_of_an_order_is_documented() -> None:
    for name, order in ORDERS.items():
        if order.arguments is NumberEntry:
            continue
        told = re.findall(r"`([a-z_]+)`", ROWS[name].split("|")[2])
        assert [field.name for field in msgspec.structs.fields(order.arguments) if field.name not in told] == [], name


def test_the_example_of_the_document_is_a_scenario(tmp_path: Path) -> None:
    (tmp_path / "example.toml").write_text(DOCUMENT.split("```toml\n")[1].split("```")[0], "utf-8")

    scenario = read_scenario(tmp_path / "example.toml")

    assert sum(server.count for server in scenario.servers) == 10
    assert scenario.traffic is not None


def test_every_keyword_of_a_kind_is_documented() -> None:
    for name, maker in KINDS.items():
        keywords = [key for key in inspect.signature(maker).parameters if key != "draft"]
        assert [key for key in keywords if f"`{key}`" not in ROWS[name].split("|")[2]] == [], name
