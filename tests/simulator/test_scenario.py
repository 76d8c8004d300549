"""Scenarios as values."""

import msgspec
import pytest

from penstock.simulator import FaultRule, NumberEntry, Scenario, TokenEntry, one_fault


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ({"fault": "nonsense"}, "'nonsense' is not known"),
        ({"fault": "gone", "hop": "download"}, "does not fit"),
        ({"fault": "hang", "status": 500}, "status does not belong"),
    ],
)
def test_a_rule_that_could_never_mean_anything_is_refused(rule: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        FaultRule(**rule)  # type: ignore[arg-type]


def test_a_fleet_needs_a_server() -> None:
    with pytest.raises(ValueError, match="must not be empty"):
        Scenario(servers=())


def test_a_number_needs_a_token_that_is_known() -> None:
    number = NumberEntry(phone_number_id="1", app_secret="s", callback="http://127.0.0.1/", token="t")

    with pytest.raises(ValueError, match="not among tokens"):
        Scenario(numbers=(number,))
    Scenario(numbers=(number,), tokens=(TokenEntry(name="t", value="EAAG"),))


def test_one_fault_makes_a_fleet_with_some_bad_servers() -> None:
    scenario = one_fault(FaultRule(fault="hang"), servers=10, bad=3, speed=5.0)

    assert [(server.name, server.count) for server in scenario.servers] == [("bad", 3), ("good", 7)]
    assert scenario.speed == 5.0
    assert [server.name for server in one_fault(FaultRule(fault="hang")).servers] == ["bad"]


def test_a_scenario_survives_json() -> None:
    scenario = one_fault(FaultRule(fault="server-error", probability=0.5), servers=4)

    assert msgspec.json.decode(msgspec.json.encode(scenario), type=Scenario) == scenario
