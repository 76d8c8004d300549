"""Scenarios from files."""

from pathlib import Path

import pytest

from penstock.simulator import BadScenario, read_scenario, scenario_from


def test_toml_and_json_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('speed = 2.0\n[[servers]]\nname = "x"\nfaults = [{fault = "hang"}]\n')
    (tmp_path / "a.json").write_text('{"speed": 2.0, "servers": [{"name": "x", "faults": [{"fault": "hang"}]}]}')

    assert read_scenario(tmp_path / "a.toml") == read_scenario(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("tree", "complaint"),
    [
        ({"speeed": 1}, "unknown key `speeed`"),
        ({"servers": [{"faults": [{"fault": "hang", "probability": 2}]}]}, r"servers\[0\].faults\[0\].probability"),
        ({"servers": [{"faults": [{}]}]}, "missing"),
        ({"rules": {"override": "maybe"}}, "rules.override"),
    ],
)
def test_what_is_wrong_becomes_one_line_that_names_the_key(tree: object, complaint: str) -> None:
    with pytest.raises(BadScenario, match=complaint) as caught:
        scenario_from(tree)

    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_or_parsed_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadScenario, match="No such file"):
        read_scenario(tmp_path / "nowhere.toml")
    (tmp_path / "bad.toml").write_text("= = =")
    with pytest.raises(BadScenario, match=r"bad\.toml: "):
        read_scenario(tmp_path / "bad.toml")
    (tmp_path / "bad.json").write_bytes(b"\xff")
    with pytest.raises(BadScenario, match=r"bad\.json: "):
        read_scenario(tmp_path / "bad.json")
