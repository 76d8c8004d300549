"""A trace is put on, listed, shown, exported and put off; a mistake is answered in one line."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.core.test_har import LOOKED_UP, faults

from penstock.cli import session
from penstock.ledger.book import Ledger
from penstock.ledger.traces import Fresh

WHY = ("--why", "what does Meta answer")


@pytest.fixture
def kept(penstock: Any, acme: Any) -> int:
    """A trace that has kept something."""
    acme.receive("1")
    number: int = penstock.done("trace", "on", "--workspace", "acme", *WHY, "--json").answer["trace"]["id"]

    async def keep(ledger: Ledger) -> None:
        now = await ledger.now()
        (claim,) = await ledger.queue.claim(owner="me", limit=1, now=now, lease_s=1.0)
        await ledger.traces.keep(
            number, [Fresh(claim.id, now, msgspec.json.encode(LOOKED_UP).decode())], dropped=3, now=now
        )

    acme.work(keep)
    return number


def test_a_trace_is_put_on_listed_and_put_off(penstock: Any, acme: Any) -> None:
    del acme
    assert penstock.done("trace", "list").out == "no trace is on, and none was in the last week\n"
    said = penstock.done("trace", "on", "--workspace", "acme", "--for", "2h", *WHY).out
    assert said.startswith("Trace 1 keeps the exchanges of workspace acme until ")
    (row,) = penstock.done("trace", "list", "--json").answer["traces"]
    assert (row["id"], row["scope"], row["state"], row["why"]) == (1, {"workspace": "acme"}, "on", WHY[1])
    assert (row["by"], row["exchanges"], row["dropped"]) == (session.who(), 0, 0)
    assert row.keys() >= {"since", "until", "most_exchanges", "most_bytes", "bytes", "ended_at", "ended_by"}
    assert penstock.done("trace", "off", "1", "--why", "enough").out == "Trace 1 is off. It has kept 0 exchanges.\n"
    assert "on no longer (off)" in penstock("trace", "off", "1", "--why", "enough").refused(1)
    assert penstock.done("trace", "list", "--json").answer["traces"][0]["state"] == "off"
    assert penstock.done("trace", "list").out.startswith("ID\tSTATE\tSCOPE")
    log = penstock.done("changes", "list", "--json").answer["changes"]
    assert [each["action"] for each in log[-2:]] == ["trace.on", "trace.off"]


def test_what_it_has_kept_is_shown_and_exported(penstock: Any, kept: int, tmp_path: Path) -> None:
    shown = penstock.done("trace", "show", str(kept)).out
    assert f"Trace {kept} of workspace acme is on" in shown
    assert "media.look_up\tGET\t503\tupstream" in shown
    answer = penstock.done("trace", "show", str(kept), "--json").answer
    assert (answer["trace"]["exchanges"], answer["trace"]["dropped"]) == (1, 3)
    assert answer["exchanges"][0]["peer_address"] == "157.240.0.1"
    assert answer["exchanges"][0]["at"].endswith("Z")

    archive = json.loads(penstock.done("trace", "export", str(kept), "--har", "-").out)
    assert faults(archive) == []
    assert len(archive["log"]["entries"]) == 1
    path = tmp_path / "kept.har"
    assert f"are in {path}" in penstock.done("trace", "export", str(kept), "--har", str(path)).out
    assert json.loads(path.read_text("utf-8")) == archive


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("on", *WHY), 2, "exactly one scope"),
        (("on", "--all", "--kind", "image", *WHY), 2, "exactly one scope"),
        (("on", "--workspace", "", *WHY), 2, "exactly one scope"),
        (("on", "--workspace", "acne", *WHY), 1, "did you mean acme"),
        (("on", "--all", "--for", "3d", *WHY), 2, "within 24 hours"),
        (("on", "--all"), 2, "--why"),
        (("on", "--all", "--why", " "), 2, "say why"),
        (("show", "9"), 1, "there is no trace 9"),
        (("off", "9", "--why", "x"), 1, "there is no trace 9"),
        (("export", "9", "--har", "-"), 1, "there is no trace 9"),
    ],
)
def test_a_mistake_is_one_line(penstock: Any, acme: Any, words: tuple[str, ...], code: int, said: str) -> None:
    del acme
    assert said in penstock("trace", *words).refused(code)


def test_a_file_that_cannot_be_written_is_said_to_be_so(penstock: Any, kept: int, tmp_path: Path) -> None:
    where = str(tmp_path / "nowhere" / "x.har")
    assert "cannot be written" in penstock("trace", "export", str(kept), "--har", where).refused(2)
