"""The doctor says a line for each finding, what to do about it, and by its exit code whether something fails."""

from typing import Any

import pytest

from penstock.cli import doctor
from penstock.cli.finding import Finding, fail, ok, warn
from penstock.settings import Settings
from penstock.settings.model import RULES


def found(monkeypatch: pytest.MonkeyPatch, *findings: Finding) -> None:
    """Let the examination find just this."""

    async def check(_: Settings) -> list[Finding]:
        return list(findings)

    monkeypatch.setattr(doctor, "CHECKS", (check,))


def test_a_fresh_machine_is_told_what_comes_next_and_nothing_is_made(penstock: Any, tmp_path: Any) -> None:
    ran = penstock("doctor")

    assert "database" in ran.out
    assert "there is none yet at penstock-data/penstock.db → the first `penstock serve`" in ran.out
    assert list(tmp_path.iterdir()) == []


def test_an_installation_is_examined_beside_itself(penstock: Any, acme: Any) -> None:
    acme.beat()
    answer = penstock("doctor", "--json").answer

    names = [check["name"] for check in answer["checks"]]
    for name in ("python", "sqlite", "database", "schema", "durable write", "secret key", "files", "bind", "upstream"):
        assert name in names
    assert all(check["state"] in {"ok", "warn", "fail"} for check in answer["checks"])
    assert all(check["advice"] for check in answer["checks"] if check["state"] != "ok")
    assert answer["settings"]["PENSTOCK_BIND"] == "127.0.0.1:8080"


@pytest.mark.parametrize(
    ("findings", "code"),
    [
        ([ok("a", "well")], 0),
        ([ok("a", "well"), warn("b", "hm", "look")], 0),
        ([warn("b", "hm", "look"), fail("c", "broken", "mend it")], 1),
    ],
)
def test_only_what_fails_makes_the_answer_a_no(
    penstock: Any, monkeypatch: pytest.MonkeyPatch, findings: list[Finding], code: int
) -> None:
    found(monkeypatch, *findings)
    ran = penstock("doctor", "--json")

    assert (ran.code, ran.err) == (code, "")
    assert ran.answer["ok"] is (code == 0)


def test_each_finding_is_one_line_with_what_to_do(penstock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    found(monkeypatch, ok("a", "well"), fail("c", "broken", "mend it"))
    lines = penstock("doctor").out.splitlines()

    assert lines[:2] == ["ok   a                     well", "fail c                     broken → mend it"]
    assert lines[-1] == "1 ok, 0 to look at, 1 failed"


def test_a_check_that_breaks_hides_none_of_the_others(penstock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def breaks(_: Settings) -> list[Finding]:
        raise RuntimeError("unforeseen")

    async def well(_: Settings) -> list[Finding]:
        return [ok("a", "well")]

    monkeypatch.setattr(doctor, "CHECKS", (breaks, well))
    answer = penstock("doctor", "--json").answer

    assert [(check["name"], check["state"]) for check in answer["checks"]] == [("breaks", "fail"), ("a", "ok")]


def test_a_malformed_setting_is_a_finding(penstock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_BIND", "8080")
    ran = penstock("doctor", "--json")

    assert (ran.code, ran.err) == (1, "")
    assert ran.answer["checks"][0]["state"] == "fail"
    assert "PENSTOCK_BIND is '8080'" in ran.answer["checks"][0]["found"]


def test_the_network_is_asked_only_when_told_to(penstock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    found(monkeypatch, ok("a", "well"))
    asked = []

    async def reach(settings: Settings) -> list[Finding]:
        asked.append(settings.graph_url)
        return [ok("graph", "answers")]

    monkeypatch.setattr(doctor, "ONLINE", (reach,))
    penstock.done("doctor")
    assert asked == []
    penstock.done("doctor", "--online")
    assert asked == ["https://graph.facebook.com"]


def test_settings_are_shown_without_their_secrets(penstock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    found(monkeypatch, ok("a", "well"))
    monkeypatch.setenv("PENSTOCK_SECRET_KEY", "topsecret,another")
    monkeypatch.setenv("PENSTOCK_ALERTS", "pagerduty://topsecret")
    monkeypatch.setenv("PENSTOCK_HEARTBEAT_URL", "https://hc.example.com/topsecret")
    monkeypatch.setenv("PENSTOCK_ALLOW_INSECURE_UPSTREAM", "1")
    answer = penstock.done("doctor", "--json").answer["settings"]

    assert answer == {
        "PENSTOCK_DATABASE_URL": "sqlite:///./penstock-data/penstock.db",
        "PENSTOCK_BLOBS_URL": "file:///./penstock-data/blobs",
        "PENSTOCK_SECRET_KEY": "set (2)",
        "PENSTOCK_DATABASE_CONNECTIONS": "8",
        "PENSTOCK_BIND": "127.0.0.1:8080",
        "PENSTOCK_PUBLIC_URL": "not set (http:// and the bind address)",
        "PENSTOCK_GRAPH_URL": "https://graph.facebook.com",
        "PENSTOCK_GRAPH_VERSION": Settings().graph_version,
        "PENSTOCK_MEDIA_HOSTS": ".fbsbx.com,.fbcdn.net,.facebook.com",
        "PENSTOCK_ALLOW_INSECURE_UPSTREAM": "1",
        "PENSTOCK_FETCH_CONCURRENCY": "64",
        "PENSTOCK_LOOKUP_ERROR_BUDGET": f"not set ({RULES['lookup_error_budget'].default})",
        "PENSTOCK_ALERTS": "set (1)",
        "PENSTOCK_HEARTBEAT_URL": "set",
        "PENSTOCK_FLAG_PROVIDER": "not set (none)",
        "PENSTOCK_FLAG_KEY": "penstock-media-fetch",
        "PENSTOCK_LOG_FORMAT": "not set (console on a terminal, else json)",
        "PENSTOCK_LOG_LEVEL": "info",
    }
    assert "topsecret" not in penstock.done("doctor").out
