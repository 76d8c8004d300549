"""The incident act: alarm, operation, cause and gate in time, nothing late and nothing lost, and a report of it."""

from pathlib import Path

from penstock.core.operation import LOOK_UP
from penstock.demo import incident
from penstock.demo.stage import Stage
from penstock.flow.auditing import audit
from penstock.simulator import Scenario


async def test_the_incident_is_noticed_named_held_and_over_without_a_loss(tmp_path: Path) -> None:
    async with Stage(tmp_path, Scenario(), seed=5) as stage:
        figures = await incident.play(stage)
        assert figures.incident is not None
        report = await incident.report(stage, figures.incident, tmp_path)
        books = await audit(stage.instance.ledger, stage.instance.blobs)
        over = await stage.instance.ledger.incidents.get(figures.incident)

    assert figures.operation_named == LOOK_UP.name
    assert figures.outcomes_to_alarm is not None
    assert figures.outcomes_to_alarm <= 40
    assert figures.failures_to_cause is not None
    assert figures.failures_to_cause <= 100
    assert figures.cause is not None
    assert figures.cause.startswith("Our own request is the cause")
    assert figures.gate_after_alarm_s is not None
    assert figures.attached == figures.media > 0
    assert (figures.text_delayed, figures.lost, figures.doubled) == (0, 0, 0)
    assert figures.stages == ("test", "1", "5", "25", "100", "done")
    assert over.state == "closed"
    assert books.ok
    page = report.read_text(encoding="utf-8")
    assert "<svg" in page
    assert "Our own request is the cause" in page
