"""One answer says how things stand: what keeps files from arriving first, then what a person should look at."""

from typing import Any

import msgspec
import pytest

from penstock import __version__
from penstock.cli.status import Standing, remarks, troubles
from penstock.core.detector import Key
from penstock.core.expiry import DAY_S, Expiring, Share
from penstock.core.gate import Gate
from penstock.core.incident import Severity
from penstock.core.probing import Known
from penstock.core.work import Expired, Failed, Outcome, RetryLater
from penstock.ledger.book import Ledger
from penstock.ledger.counts import Backlog
from penstock.ledger.probes import Last
from penstock.ledger.rows import Stray

KEYS = {
    "ok",
    "version",
    "profile",
    "workspaces",
    "oldest_waiting_s",
    "expiring_24h",
    "gates",
    "incidents",
    "processes",
    "unread_bodies",
    "unknown_numbers",
}
ALL_WELL = Standing(
    now=1_000.0,
    tallies=[],
    gates=[],
    holding={},
    backlog=Backlog(None, 0),
    processes=[{"id": "host-1", "role": "all", "seen_at": 999.0}],
    contradictions=(0, 0),
    refused=0,
    unread=0,
    strays=[],
)
SHUT = Gate(7, {"workspace": "acme"}, 0.0, "operator", "ops", "graph is down", 500.0, None, False)


def test_an_installation_that_runs_and_has_received_nothing_is_well(penstock: Any, acme: Any) -> None:
    acme.beat()
    answer = penstock.done("status", "--json").answer

    assert answer.keys() >= KEYS
    assert answer["ok"] is True
    assert answer["version"] == __version__
    assert answer["profile"] == "embedded"
    assert answer["workspaces"] == [
        {
            "workspace": "acme",
            "received": 0,
            "waiting": 0,
            "held": 0,
            "fetching": 0,
            "attached": 0,
            "expired": 0,
            "failed": 0,
        }
    ]
    assert (answer["oldest_waiting_s"], answer["expiring_24h"], answer["unread_bodies"]) == (None, 0, 0)
    assert (answer["gates"], answer["incidents"], answer["unknown_numbers"]) == ([], [], [])
    (process,) = answer["processes"]
    assert (process["id"], process["role"], process["seen_at"][-1]) == ("host-1", "all", "Z")
    assert penstock.done("status").out.startswith("All is well. No file has come yet.\n")


def test_files_are_counted_where_they_stand(penstock: Any, acme: Any) -> None:
    acme.beat()
    acme.receive("1", "2", "3", "4")
    acme.attach(b"one")
    acme.settle(lambda _: Expired(Outcome.GONE, "Meta no longer has this file."))
    acme.settle(lambda _: Failed(Outcome.GONE, "There is no such file."))
    answer = penstock.done("status", "--json").answer

    (tally,) = answer["workspaces"]
    assert (tally["received"], tally["waiting"], tally["attached"], tally["expired"], tally["failed"]) == (
        4,
        1,
        1,
        1,
        1,
    )
    assert 0 <= answer["oldest_waiting_s"] < 60
    assert penstock.done("status").out.splitlines()[0] == (
        "All is well: 1 of 4 files attached, 1 on the way, 2 expired or failed."
    )


def test_a_shut_gate_says_who_why_and_what_it_holds(penstock: Any, acme: Any) -> None:
    acme.beat()
    acme.receive("1", "2")
    acme.gate({"workspace": "acme"})
    answer = penstock.done("status", "--json").answer

    (gate,) = answer["gates"]
    assert answer["ok"] is False
    assert gate["scope"] == {"workspace": "acme"}
    assert (gate["opening"], gate["owner"], gate["by"], gate["why"]) == (0.0, "operator", "ops", "graph is down")
    assert (gate["holding"], gate["until"], gate["since"][-1]) == (2, None, "Z")
    assert answer["workspaces"][0]["held"] == 2
    shown = penstock.done("status").out
    assert shown.startswith("Needs attention: 0 of 2 files attached, 2 on the way.\n")
    assert "The gate of workspace acme has been shut since " in shown
    assert "by ops (operator): graph is down. It holds 2 files" in shown


def test_what_nears_its_end_behind_a_gate_is_shown(penstock: Any, acme: Any) -> None:
    acme.beat()
    penstock.done("number", "set", acme.number, "--no-storage")
    acme.receive("1", "2")
    assert penstock.done("status", "--json").answer["expiring_behind_gates"] == []
    acme.gate({"workspace": "acme"})
    (found,) = penstock.done("status", "--json").answer["expiring_behind_gates"]

    assert (found["scope"], found["waiting"], found["within_1h"]) == ({"workspace": "acme"}, 2, 2)
    assert (found["within_24h"], found["no_storage_within_1h"], found["past"]) == (2, 2, 0)
    assert found["first_at"].endswith("Z")
    assert "It holds 2 files; 2 expire within 1 h, the first one in " in penstock.done("status").out


def test_a_gate_of_everything_has_an_empty_scope(penstock: Any, acme: Any) -> None:
    acme.gate({}, opening=5.0)
    (gate,) = penstock.done("status", "--json").answer["gates"]

    assert (gate["scope"], gate["opening"], gate["holding"]) == ({}, 5.0, 0)


def test_when_nothing_runs_it_says_so_and_still_answers_with_0(penstock: Any, acme: Any) -> None:
    ran = penstock("status")

    assert ran.code == 0
    assert "Nothing is running" in ran.out
    assert penstock.done("status", "--json").answer["ok"] is False


def test_what_could_not_be_read_and_whom_nobody_knows_is_shown(penstock: Any, acme: Any) -> None:
    acme.beat()
    acme.receive(body=b"this is not JSON")
    acme.receive("1", number="9")
    acme.receive("2", number="9")
    answer = penstock.done("status", "--json").answer

    (stray,) = answer["unknown_numbers"]
    assert answer["unread_bodies"] == 1
    assert answer["ok"] is True
    assert (stray["phone_number_id"], stray["app"], stray["bodies"]) == ("9", "main", 2)
    assert stray["first_at"] <= stray["last_at"]
    shown = penstock.done("status").out
    assert "1 webhook could not be understood in full" in shown
    assert "Nobody registered number 9 of app main: 2 webhooks came" in shown


def test_a_request_of_our_own_that_was_refused_is_trouble(penstock: Any, acme: Any) -> None:
    acme.beat()
    acme.receive("1", "2")
    assert penstock.done("status", "--json").answer["contract_violations"] == 0
    acme.settle(lambda claim: RetryLater(claim.deadline, Outcome.CONTRACT, "It waits."))
    answer = penstock.done("status", "--json").answer

    assert (answer["ok"], answer["contract_violations"]) == (False, 1)
    shown = penstock.done("status").out
    assert shown.startswith("Needs attention: 0 of 2 files attached, 2 on the way.\n")
    assert "so it was not sent: 1 file waits for that." in shown


def test_many_workspaces_fit_on_a_screen_the_ones_in_trouble_first(penstock: Any, acme: Any) -> None:
    for number in range(15):
        penstock.done("workspace", "add", f"quiet-{number}")
    acme.receive("1")
    ran = penstock.done("status")

    rows = [line.split("\t") for line in ran.out.splitlines() if "\t" in line]
    assert len(rows) == 1 + 12 + 1
    assert rows[1][:3] == ["acme", "1", "1"]
    assert rows[-1][:3] == ["total", "1", "1"]
    assert "4 more workspaces" in ran.err


def test_a_status_shows_no_secret_and_no_phone_number(penstock: Any, acme: Any) -> None:
    acme.receive("1")
    for arguments in (["status"], ["status", "--json"]):
        said = penstock.done(*arguments).out
        assert "15550001234" not in said
        assert "EAAG" not in said


@pytest.mark.parametrize(
    ("standing", "said"),
    [
        (ALL_WELL, []),
        (ALL_WELL._replace(processes=[]), ["Nothing is running"]),
        (ALL_WELL._replace(gates=[SHUT]), ["The gate of workspace acme"]),
        (ALL_WELL._replace(gates=[Gate(7, {}, 5.0, "operator", "ops", "slowly", 500.0, None, False)]), []),
        (ALL_WELL._replace(backlog=Backlog(60.0, 3)), []),  # on its way, as every file is for a moment
        (ALL_WELL._replace(backlog=Backlog(7_200.0, 0)), ["has been waiting for 2\u2009h."]),
        (ALL_WELL._replace(backlog=Backlog(7_200.0, 3)), ["and 3 files may be gone within a day"]),
        (ALL_WELL._replace(contradictions=(1, 0)), ["Rows contradict each other"]),
        (ALL_WELL._replace(refused=1), ["1 file waits for that"]),
        (ALL_WELL._replace(refused=5), ["5 files wait for that"]),
        (ALL_WELL._replace(unread=5, strays=[Stray("9", "main", 1, 0.0, 0.0)]), []),
    ],
)
def test_trouble_is_what_keeps_files_from_arriving(standing: Standing, said: list[str]) -> None:
    found = troubles(standing)

    assert len(found) == len(said)
    assert all(words in sentence for words, sentence in zip(said, found, strict=True))


def test_a_gate_that_ends_by_itself_says_when() -> None:
    until = Gate(7, {}, 0.0, "breaker", "watch", "failing.", 500.0, 2_000.0, False)
    (sentence,) = troubles(ALL_WELL._replace(gates=[until], holding={7: 1}))

    assert sentence.startswith(
        "The gate of everything has been shut since 1970-01-01T00:08:20.000Z until 1970-01-01T00:33:20"
    )
    assert "by watch (breaker): failing. It holds 1 file;" in sentence


def test_of_many_unknown_numbers_only_a_few_are_named() -> None:
    strays = [Stray(str(number), "main", 1, 0.0, 999.0) for number in range(5)]
    found = remarks(ALL_WELL._replace(strays=strays))

    assert len(found) == 4
    assert found[-1] == "2 more numbers are unknown; --json lists them all."


@pytest.mark.parametrize(
    ("opening", "said"),
    [(2.5, "lets 2.5 files a second through"), (None, "is wide open over every automatic gate")],
)
def test_a_gate_that_holds_nothing_is_remarked_on(opening: float | None, said: str) -> None:
    gate = Gate(7, {}, opening, "operator", "ops", "slowly.", 940.0, None, True)
    (sentence,) = remarks(ALL_WELL._replace(gates=[gate]))

    assert sentence == f"The gate of everything {said}, set 1\u2009m ago, by ops (operator): slowly."


def test_files_past_their_time_are_said() -> None:
    behind = {7: Expiring(Share(9, 1), 2, Share(), {(DAY_S, False): Share(1, 1)}, None)}
    (sentence,) = troubles(ALL_WELL._replace(gates=[SHUT], holding={7: 9}, behind=behind))

    assert sentence.endswith("It holds 9 files; 1 expires within 1\u2009d and 2 are past what WhatsApp keeps.")


def test_an_installation_without_a_number_for_tests_says_how_to_get_a_probe(penstock: Any, acme: Any) -> None:
    acme.beat()
    assert penstock.done("status", "--json").answer["probe"] is None
    (line,) = [line for line in penstock.done("status").out.splitlines() if "synthetic probe" in line]

    assert line.startswith("  There is no synthetic probe: ")
    assert "`penstock workspace add trial --test`" in line


def test_the_synthetic_probe_is_shown_with_its_file_and_its_last_fetch(penstock: Any, acme: Any) -> None:
    acme.beat()
    penstock.done("workspace", "set", "acme", "--test")
    probe = penstock.done("status", "--json").answer["probe"]
    assert (probe["number"], probe["workspace"]) == (acme.number, "acme")
    assert (probe["media_id"], probe["media_age_s"], probe["last"]) == (None, None, None)

    async def script(ledger: Ledger) -> None:
        standing, now = await ledger.probes.standing(), await ledger.now()
        assert standing is not None
        await ledger.probes.uploaded(standing.number_id, Known("1000000000000101", b"\x01" * 32, 94, now - 3_600))
        await ledger.probes.tried(standing.number_id, Last(now - 5, "media.download", "timeout", "It took too long."))

    acme.work(script)
    answer = penstock.done("status", "--json").answer
    probe = answer["probe"]
    assert answer["ok"] is True  # it is no file of a customer's; an incident says when something is wrong
    assert probe["media_id"] == "1000000000000101"
    assert 3_600 <= probe["media_age_s"] < 3_700
    assert probe["renewed_at"] > probe["uploaded_at"]
    assert (probe["last"]["operation"], probe["last"]["class"]) == ("media.download", "timeout")
    shown = penstock.done("status").out
    assert "The synthetic probe failed at media.download 5" in shown
    assert "There is no synthetic probe" not in shown
    dead = msgspec.structs.replace(standing_of(acme), last=None)
    (sentence,) = remarks(ALL_WELL._replace(now=dead.known.dies_at, probe=dead))
    assert sentence.startswith("The synthetic probe has no file")


def standing_of(acme: Any) -> Any:
    async def script(ledger: Ledger) -> Any:
        return await ledger.probes.standing()

    return acme.work(script)


def test_a_page_is_trouble_and_a_ticket_is_a_remark(penstock: Any, acme: Any) -> None:
    acme.beat()

    async def opened(ledger: Any, operation: str, severity: Severity) -> None:
        await ledger.incidents.open(
            Key(operation, "overdue"),
            suspected=False,
            onset_at=1.0,
            why=f"Files wait, says {operation}.",
            rate=0.0,
            now=2.0,
            isolation="",
            severity=severity,
        )

    acme.work(lambda ledger: opened(ledger, "the ticket", Severity.TICKET))
    answer = penstock.done("status", "--json").answer
    assert answer["ok"]
    assert [(row["severity"], row["class"]) for row in answer["incidents"]] == [("ticket", "overdue")]
    assert "Files wait, says the ticket." in penstock.done("status").out
    acme.work(lambda ledger: opened(ledger, "the page", Severity.PAGE))
    answer = penstock.done("status", "--json").answer
    assert not answer["ok"]
    assert len(answer["troubles"]) == 1
    assert "Files wait, says the page." in answer["troubles"][0]
