"""What ships in deploy/ is what Prometheus and Grafana read, and asks for metrics and labels that there are.

Expressions are parsed by a real parser of PromQL, and each metric, label and label value is looked up in the catalogue.
Where promtool is on this machine (Debian's package prometheus brings it), it checks the rules and plays them against the
fixture series, too. Whether Grafana draws what a dashboard says is not tested.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import promql_parser
import pytest
import yaml

from penstock.core.gate import AUTOMATIC, OPERATOR
from penstock.core.incident import Severity
from penstock.core.media import State
from penstock.core.operation import REGISTRY
from penstock.core.work import Outcome
from penstock.web.metrics.catalogue import ENDINGS, METHODS, NEAR, OPENINGS, STATUSES, UPDATES, samples

RECORD = re.compile(r"[a-z_]+(:[a-z_]+):[a-z0-9_]+")
SEVERITIES = {"page", "ticket"}
ANNOTATIONS = {"summary", "description", "runbook"}
TEMPLATE = re.compile(r"\{\{(.*?)\}\}")
VALUES = {  # of labels that have few; of the others any value is asked for at one's own risk
    "class": {outcome.value for outcome in Outcome},
    "operation": set(REGISTRY),
    "state": {
        *(state.value for state in State),
        "open",
        "suspected",
        "limit",
        "in_use",
        "idle",
        "ok",
        "failing",
        "refused",
    },
    "severity": {severity.value for severity in Severity},
    "status": set(STATUSES),
    "kind": set(UPDATES),
    "ending": set(ENDINGS),
    "wire_method": set(METHODS),
    "declared_method": set(METHODS),
    "within": set(NEAR),
    "opening": set(OPENINGS),
    "owner": {OPERATOR, *AUTOMATIC},
    "role": {"receiver", "fetcher", "watcher", "console"},
}


class Asked(NamedTuple):
    """One expression, and where it stands."""

    where: str
    expr: str


@pytest.fixture(scope="module")
def deploy(root: Path) -> Path:
    return root / "deploy"


@pytest.fixture(scope="module")
def rules(deploy: Path) -> list[dict[str, Any]]:
    """Every rule."""
    found = []
    for path in sorted((deploy / "prometheus").glob("*.yml")):
        told = yaml.safe_load(path.read_text("utf-8"))
        assert set(told) == {"groups"}, path.name
        for group in told["groups"]:
            assert set(group) <= {"name", "interval", "rules"}, path.name
            assert "interval" not in group or _duration(group["interval"]) > 0
            found += group["rules"]
    return found


@pytest.fixture(scope="module")
def dashboard(deploy: Path) -> dict[str, Any]:
    """The dashboard."""
    [path] = (deploy / "grafana" / "dashboards").glob("*.json")
    told: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return told


@pytest.fixture(scope="module")
def asked(rules: list[dict[str, Any]], dashboard: dict[str, Any]) -> list[Asked]:
    """Every expression of the rules and of the dashboard."""
    found = [Asked(rule.get("record") or rule["alert"], rule["expr"]) for rule in rules]
    found += [Asked(panel["title"], each["expr"]) for panel in dashboard["panels"] for each in panel.get("targets", ())]
    found += [Asked(each["name"], each["expr"]) for each in dashboard["annotations"]["list"]]
    return found


@pytest.fixture(scope="module")
def recorded(rules: list[dict[str, Any]]) -> dict[str, frozenset[str]]:
    """What the recording rules make, with its labels."""
    return {rule["record"]: frozenset(_level(rule["expr"])) for rule in rules if "record" in rule}


# -- rules ----------------------------------------------------------------------------------


def test_recorded_names_are_level_metric_and_operations(rules: list[dict[str, Any]]) -> None:
    records = [rule for rule in rules if "record" in rule]

    assert records
    for rule in records:
        assert set(rule) == {"record", "expr"}
        assert RECORD.fullmatch(rule["record"]), rule["record"]
        level, metric, _ = rule["record"].split(":")
        bases = {re.sub(r"_(total|bucket|count|sum)$", "", name) for name in samples()}
        assert re.sub(r"_failing$", "", metric) in bases, rule["record"]
        assert level == ("_".join(sorted(_level(rule["expr"]) - {"state"})) or "installation"), rule["record"]


def test_alerts_say_how_loud_they_are_and_what_is_to_be_done(rules: list[dict[str, Any]]) -> None:
    alerts = [rule for rule in rules if "alert" in rule]

    assert len({rule["alert"] for rule in alerts}) == len(alerts) > 0
    for rule in alerts:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert re.fullmatch(r"Penstock([A-Z][a-z]+)+", rule["alert"])
        assert rule["labels"].keys() == {"severity"}
        assert rule["labels"]["severity"] in SEVERITIES
        assert rule["annotations"].keys() == ANNOTATIONS
        assert "for" not in rule or _duration(rule["for"]) > 0


def test_a_runbook_is_a_heading_of_a_page_that_there_is(rules: list[dict[str, Any]], root: Path) -> None:
    for rule in rules:
        if "alert" in rule:
            path, _, anchor = rule["annotations"]["runbook"].partition("#")
            headings = re.findall(r"^#+ (.*)$", (root / path).read_text("utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in anchors, rule["alert"]


def test_a_description_names_labels_that_the_alert_has(
    rules: list[dict[str, Any]], recorded: dict[str, frozenset[str]]
) -> None:
    for rule in rules:
        for text in rule.get("annotations", {}).values():
            assert text.count("{{") == text.count("}}") == len(TEMPLATE.findall(text)), rule["alert"]
            for template in TEMPLATE.findall(text):
                variable, *functions = (part.strip() for part in template.split("|"))
                assert set(functions) <= {"humanizePercentage", "humanizeDuration"}, rule["alert"]
                if variable != "$value":
                    label = variable.removeprefix("$labels.")
                    assert label in _level(rule["expr"]) | _labels_of_records(rule["expr"], recorded), rule["alert"]


# -- expressions ----------------------------------------------------------------------------


def test_every_expression_is_promql_and_asks_for_metrics_labels_and_values_that_there_are(
    asked: list[Asked], recorded: dict[str, frozenset[str]]
) -> None:
    known = samples() | recorded
    wrong = []
    for where, expr in asked:
        for selector in _selectors(promql_parser.parse(_filled(expr))):
            if selector.name not in known:
                wrong.append(f"{where}: there is no {selector.name}")
                continue
            for matcher in selector.matchers.matchers:
                if matcher.name not in known[selector.name]:
                    wrong.append(f"{where}: {selector.name} has no label {matcher.name}")
                wrong += [f"{where}: {matcher.name} is never {value}" for value in _never(matcher)]

    assert wrong == []


def test_what_an_expression_groups_by_are_labels_of_what_it_groups(
    asked: list[Asked], recorded: dict[str, frozenset[str]]
) -> None:
    known = samples() | recorded
    wrong = [
        f"{where}: {label}"
        for where, expr in asked
        for group in _groups(promql_parser.parse(_filled(expr)))
        for label in group.modifier.labels
        if not any(label in known.get(selector.name, ()) for selector in _selectors(group.expr))
    ]

    assert wrong == []


def test_counters_are_asked_for_their_rate_and_gauges_are_not(asked: list[Asked]) -> None:
    wrong = []
    for where, expr in asked:
        rated = set(re.findall(r"(?:rate|increase)\((\w+)", expr))
        names = {selector.name for selector in _selectors(promql_parser.parse(_filled(expr)))}
        counters = {name for name in names if name.endswith(("_total", "_bucket", "_count", "_sum"))}
        wrong += [f"{where}: {name}" for name in counters ^ (rated & names)]

    assert wrong == []


def test_the_test_sees_what_is_wrong() -> None:
    with pytest.raises(ValueError, match=r"."):
        promql_parser.parse("sum by (operation (rate(penstock_attempts_total[5m]))")
    [selector] = _selectors(promql_parser.parse('penstock_attempts_total{class=~"upstrem|timeout"}'))
    assert _never(selector.matchers.matchers[0]) == ["upstrem"]


# -- Grafana --------------------------------------------------------------------------------


def test_dashboards_are_provisioned_from_files(deploy: Path) -> None:
    [path] = (deploy / "grafana" / "provisioning" / "dashboards").glob("*.yml")
    told = yaml.safe_load(path.read_text("utf-8"))

    assert told["apiVersion"] == 1
    [provider] = told["providers"]
    assert provider["type"] == "file"
    assert Path(provider["options"]["path"]).is_absolute()


def test_panels_have_ids_of_their_own_places_of_their_own_and_a_word_on_what_they_show(
    dashboard: dict[str, Any],
) -> None:
    panels = dashboard["panels"]

    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
        if panel["type"] != "row":
            assert panel["description"].endswith(".")
            assert panel["targets"]
            assert panel["fieldConfig"]["defaults"]["unit"]


def test_whoever_opens_the_dashboard_chooses_the_data_source(dashboard: dict[str, Any]) -> None:
    [variable] = dashboard["templating"]["list"]
    assert (variable["name"], variable["type"], variable["query"]) == ("datasource", "datasource", "prometheus")
    sources = [panel["datasource"] for panel in dashboard["panels"] if panel["type"] != "row"]

    assert all(source == {"type": "prometheus", "uid": "${datasource}"} for source in sources)
    assert dashboard["uid"] == "penstock"
    assert "id" not in dashboard


# -- promtool, where it is --------------------------------------------------------------------


def test_promtool_finds_nothing_wrong_and_the_fixtures_ring_what_they_should(deploy: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("there is no promtool on this machine; Debian's package prometheus has it")
    files = sorted(map(str, (deploy / "prometheus").glob("*.yml")))
    tests = sorted(map(str, (deploy / "prometheus" / "tests").glob("*.yml")))

    for command in (["check", "rules", *files], ["test", "rules", *tests]):
        run = subprocess.run([promtool, *command], capture_output=True, text=True, check=False, timeout=120)
        assert run.returncode == 0, run.stdout + run.stderr


def test_the_fixtures_are_of_series_that_there_are_and_of_every_alert(
    deploy: Path, rules: list[dict[str, Any]]
) -> None:
    [path] = (deploy / "prometheus" / "tests").glob("*.yml")
    told = yaml.safe_load(path.read_text("utf-8"))
    quiet, *loud = told["tests"]
    ringing = {each["alertname"] for test in loud for each in test["alert_rule_test"] if each.get("exp_alerts")}
    for test in told["tests"]:
        for series in test["input_series"]:
            [selector] = _selectors(promql_parser.parse(series["series"]))
            assert {matcher.name for matcher in selector.matchers.matchers} <= samples()[selector.name]

    alerts = {rule["alert"] for rule in rules if "alert" in rule}
    assert {each["alertname"] for each in quiet["alert_rule_test"]} <= alerts
    assert ringing <= alerts
    assert len(ringing) >= 6


# -- how expressions are read ---------------------------------------------------------------


def _nodes(node: Any) -> Iterator[Any]:
    yield node
    for name in ("lhs", "rhs", "expr", "vector_selector"):
        if (below := getattr(node, name, None)) is not None:
            yield from _nodes(below)
    for below in getattr(node, "args", ()):
        yield from _nodes(below)


def _selectors(node: Any) -> list[Any]:
    return [each for each in _nodes(node) if type(each).__name__ == "VectorSelector"]


def _groups(node: Any) -> list[Any]:
    return [each for each in _nodes(node) if type(each).__name__ == "AggregateExpr" and each.modifier is not None]


def _level(expr: str) -> set[str]:
    """The labels that an expression groups by, without those of histograms."""
    labels = {label for group in _groups(promql_parser.parse(expr)) for label in group.modifier.labels}
    return labels - {"le"}


def _labels_of_records(expr: str, recorded: dict[str, frozenset[str]]) -> frozenset[str]:
    selectors = _selectors(promql_parser.parse(expr))
    return frozenset().union(*(recorded.get(selector.name, frozenset()) for selector in selectors))


def _never(matcher: Any) -> list[str]:
    """Values of a matcher that its label never has."""
    values = VALUES.get(matcher.name)
    return [] if values is None else [value for value in matcher.value.split("|") if value not in values]


def _filled(expr: str) -> str:
    """An expression of Grafana's as Prometheus gets it."""
    return expr.replace("$__rate_interval", "5m")


def _duration(text: str) -> float:
    seconds: float = promql_parser.parse_duration(text).total_seconds()
    return seconds
