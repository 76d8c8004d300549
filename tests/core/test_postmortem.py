"""The report on an incident, and what one customer is told."""

import msgspec
import pytest

from penstock.core.diagnosis import Symptom
from penstock.core.incident import Cause, Event, Incident
from penstock.core.postmortem import (
    Action,
    File,
    Impact,
    Lost,
    Section,
    Share,
    Told,
    Touched,
    Tried,
    customer,
    duration,
    markdown,
    marks,
    sections,
    title,
)

AT = 1_795_000_000.0
INCIDENT = Incident(
    id=3,
    operation="media.download",
    outcome="upstream",
    state="closed",
    onset_at=AT,
    opened_at=AT + 8,
    closed_at=AT + 8_040,
    why="Too many first attempts fail.",
    rate=0.3,
    cause=Cause({"wire_method": "POST", "server": ["a", "b"]}, True, ({"contract_ok": "no"},), 40, 100, 31.5),
    gates=(4,),
    failures=12,
    outcomes=40,
    files=12,
    workspaces=2,
    acknowledged_by="cli:anna",
    acknowledged_at=AT + 60,
)
EVENTS = (
    Event(1, 3, AT, "onset", "watch", "It began."),
    Event(2, 3, AT + 8, "alarm", "watch", "Too many first attempts fail."),
    Event(3, 3, AT + 8, "isolation", "watch", "media.download is touched."),
    Event(4, 3, AT + 20, "gate", "breaker", "A gate of breaker stands: 503s"),
    Event(5, 3, AT + 8_040, "closed", "watch", "It is over."),
)
IMPACT = Impact(
    (Touched("acme", "attached", 10, 9), Touched("acme", "waiting", 1, 1), Touched("other", "attached", 1, 1)),
    (
        Tried("media.download", "upstream", 12),
        Tried("media.look_up", "delivered", 40),
        Tried("media.look_up", "auth", 2),
    ),
    7,
)
TOLD = Told(INCIDENT, EVENTS, IMPACT, [Action(AT + 20, "breaker", "gate.set everything", "503s")], 5, AT + 9_000)


def part(name: str, told: Told = TOLD) -> Section:
    return next(each for each in sections(told) if each.title == name)


def test_the_report_answers_what_whom_why_and_what_was_done() -> None:
    assert title(TOLD) == "Incident 3: media.download, upstream"
    assert part("Summary").lines[1] == "It lasted 2 h 14 m. Somebody was to look at once."
    assert "cli:anna looks after it." in part("Summary").lines
    assert part("Impact").lines == ("12 files of 11 messages in 2 workspaces had an attempt that failed in this way.",)
    assert part("Impact").rows == (("acme", "11", "10"), ("other", "1", "1"))
    spared = part("What was not affected").lines
    assert spared[0].startswith("7 text messages were received meanwhile")
    assert spared[1] == "3 of 5 workspaces had no such failure."
    assert spared[2] == "media.look_up: 0 of 42 attempts failed in this way."
    assert part("Actions").rows[0][1:] == ("breaker", "gate.set everything", "503s")


def test_the_timeline_says_how_long_each_step_took() -> None:
    rows = part("Timeline").rows
    assert [row[1:3] for row in rows] == [
        ("", "Onset"),
        ("8.0 s", "Alarm"),
        ("", "Isolation"),
        ("12.0 s", "Gate"),
        ("2 h 13 m", "Closed"),
    ]
    assert rows[0][0] == "2026-11-18 11:06:40 UTC"


def test_the_cause_comes_with_its_evidence_and_with_what_cannot_be_told_from_it() -> None:
    cause = part("Cause")
    assert cause.lines[0].startswith("Our own request is the cause: ")
    assert "31.5 nats" in cause.lines[1]
    assert cause.rows == (("1", "wire_method = POST and server = a, b"), ("2", "contract_ok = no"))
    silent = msgspec.structs.replace(TOLD, incident=msgspec.structs.replace(INCIDENT, cause=None))
    assert part("Cause", silent).rows == ()
    assert "Nothing separates" in part("Cause", silent).lines[0]


def test_what_a_test_of_the_cause_has_shown_is_said_with_it() -> None:
    assert INCIDENT.cause is not None
    said = "Answers differ for identical requests: 3 of 10 failed, all at 2 addresses (192.0.2.8, 192.0.2.9)."
    tested = msgspec.structs.replace(INCIDENT, cause=msgspec.structs.replace(INCIDENT.cause, tested=said))
    assert f"Tested: {said}" in markdown("x", sections(msgspec.structs.replace(TOLD, incident=tested)))
    assert "Tested" not in markdown("x", sections(TOLD))


def test_the_proof_adds_up_every_touched_file() -> None:
    assert part("Proof that nothing was lost").lines == (
        "12 files touched = 1 waiting + 11 attached.",
        "None is lost. What waits will come by itself.",
    )
    lost = Impact((Touched("acme", "expired", 2, 2), Touched("acme", "attached", 1, 1)), (), 0)
    lines = part("Proof that nothing was lost", msgspec.structs.replace(TOLD, impact=lost)).lines
    assert lines[0] == "3 files touched = 1 attached + 2 expired."
    assert lines[1].startswith("2 files expired or failed")


def test_the_proof_counts_what_gates_held_and_lists_what_is_lost() -> None:
    arrived = (("attached", 30), ("expired", 1), ("failed", 1))
    lost = (Lost(7, "acme", "expired", "Its time was over."), Lost(8, "other", "failed", "It is too large."))
    impact = msgspec.structs.replace(IMPACT, arrived=arrived, lost=lost)
    proof = part("Proof that nothing was lost", msgspec.structs.replace(TOLD, impact=impact))
    assert proof.lines[1] == (
        "32 files were received meanwhile, those that gates held among them = 30 attached + 1 expired + 1 failed."
    )
    assert proof.lines[2].startswith("2 files expired or failed")
    assert [row[1:] for row in proof.rows] == [
        ("acme", "expired", "Its time was over."),
        ("other", "failed", "It is too large."),
    ]
    well = msgspec.structs.replace(IMPACT, arrived=(("attached", 30),))
    assert part("Proof that nothing was lost", msgspec.structs.replace(TOLD, impact=well)).rows == ()


def test_what_no_failure_shows_says_itself_what_it_is() -> None:
    silent = msgspec.structs.replace(
        INCIDENT, operation="webhook.receive", outcome="number_silent", severity="ticket", cause=None, why="Silence."
    )
    events = [Event(1, 3, AT, "alarm", "watch", "Silence.", {"about": ["111", "222"]})]
    told = msgspec.structs.replace(TOLD, incident=silent, events=events, impact=Impact((), (), 4))
    assert part("Summary", told).lines[0] == "Silence."
    assert "It is a ticket" in part("Summary", told).lines[1]
    assert part("Impact", told).lines[0].endswith("It was about 111, 222.")
    assert part("Cause", told).lines == ("Silence.",)


def test_an_incident_that_goes_on_is_reported_as_it_stands() -> None:
    still = msgspec.structs.replace(TOLD, incident=msgspec.structs.replace(INCIDENT, state="open", closed_at=None))
    assert part("Summary", still).lines[1] == "It is open, 2 h 30 m after its onset. Somebody was to look at once."
    assert marks(still)[-1].label == "Now"
    nothing = msgspec.structs.replace(still, impact=Impact((), (), 0), actions=())
    assert part("Actions", nothing).lines == ("Nothing was changed since the onset.",)
    assert part("Proof that nothing was lost", nothing).lines[0] == "No file was touched."


def test_marks_are_between_the_onset_and_the_end() -> None:
    assert [(mark.label, round(mark.place, 3)) for mark in marks(TOLD)] == [
        ("Onset", 0.0),
        ("Alarm", 0.001),
        ("Gate", 0.002),
        ("Closed", 1.0),
    ]


def test_a_customer_is_told_which_messages_and_what_happens_next() -> None:
    files = [
        File(1, 1, "image", AT + 1, "attached", AT + 90, AT + 9e5),
        File(2, 2, "voice", AT + 2, "waiting", None, AT + 9e5),
        File(3, None, "video", AT + 3, "expired", None, AT + 9e5),
        File(4, 4, "video", AT + 3, "erased", None, AT + 9e5),
    ]
    counts = {"attached": 1, "waiting": 1, "expired": 1, "erased": 1}
    what, which = customer(TOLD, "acme", Share(files, counts))
    text = " ".join(what.lines)
    assert "1 file is in their conversations now" in text
    assert "1 file is still on the way" in text
    assert "Ask the customer to send it again." in text
    assert [row[4].split(" at ")[0].split(";")[0] for row in which.rows] == [
        "arrived",
        "on the way",
        "ask for it again",
        "erased as was asked for",
    ]
    assert which.rows[0][0].startswith("msg_")
    assert "server" not in text  # our own affairs are not theirs
    assert "not listed" not in text
    quiet = customer(TOLD, "quiet", Share([], {}))
    assert quiet[0].lines == ("No file of quiet was touched by this incident.", "Text messages were not affected.")


def test_a_customer_of_many_files_is_told_the_count_of_all() -> None:
    files = [File(nth, nth, "image", AT + nth, "attached", AT + 90, AT + 9e5) for nth in range(1, 6)]
    text = " ".join(customer(TOLD, "acme", Share(files, {"attached": 700, "waiting": 3, "failed": 2}))[0].lines)
    assert "700 files are in their conversations now" in text
    assert "3 files are still on the way" in text
    assert "Ask the customer to send them again." in text
    assert "700 more files are counted here and not listed below." in text


def test_a_customer_is_not_told_that_texts_came_while_the_door_was_silent() -> None:
    silent = msgspec.structs.replace(INCIDENT, operation="webhook.receive", outcome="silent", cause=None)
    (what,) = customer(msgspec.structs.replace(TOLD, incident=silent), "acme", Share([], {}))
    assert what.lines == ("No file of acme was touched by this incident.",)


def test_files_that_gates_held_back_are_counted_beside_those_that_failed() -> None:
    told = msgspec.structs.replace(TOLD, impact=msgspec.structs.replace(IMPACT, late=(("acme", 400), ("other", 12))))
    assert part("Impact", told).lines[1].startswith("412 files of 2 workspaces that came meanwhile took more than a")


def test_what_the_failing_attempts_show_is_no_cause() -> None:
    assert INCIDENT.cause is not None
    shows = msgspec.structs.replace(INCIDENT.cause, symptoms=(Symptom("status", "405", 8, 8),))
    told = msgspec.structs.replace(TOLD, incident=msgspec.structs.replace(INCIDENT, cause=shows))
    said = "What failing attempts show: status 405 (8 of 8 with it failed). These are symptoms, and explain nothing."
    assert said in part("Cause", told).lines


def test_markdown_is_not_written_by_whoever_wrote_a_reason() -> None:
    told = msgspec.structs.replace(TOLD, actions=[Action(AT, "cli:x", "gate.set", "a|b\n# <b>[x](y)")])
    text = markdown(title(told), sections(told))
    assert "a\\|b # &lt;b>\\[x](y)" in text
    assert "| 2026-11-18 11:06:40 UTC |  | Onset | watch | It began. |" in text


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-1.0, "0.0 s"), (5.25, "5.2 s"), (61, "1 m 1 s"), (3_600, "1 h"), (90_000, "1 d 1 h")],
)
def test_durations_have_two_units(seconds: float, said: str) -> None:
    assert duration(seconds) == said
