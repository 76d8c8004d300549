"""One customer is looked for and erased by a command, which never repeats whom."""

from pathlib import Path
from typing import Any

import pytest

HIM = "15550001234"
WHY = ("--why", "their letter of May 3")


def test_it_counts_first_and_erases_when_one_says_so(penstock: Any, acme: Any) -> None:
    acme.receive("m1", "m2")
    acme.attach(b"abc")
    looked = penstock.done("erase", "--contact", HIM, *WHY)
    assert looked.out.splitlines()[0] == "would be erased: 2 messages, 2 files (3 B), 0 statuses, 1 webhook redacted"
    assert "run the command again with --yes" in looked.out
    assert penstock.done("audit", "--json").answer["workspaces"][0]["attached"] == 1

    done = penstock.done("erase", "--contact", f"+{HIM}", *WHY, "--yes")
    assert done.out == "erased: 2 messages, 2 files (3 B), 0 statuses, 1 webhook redacted\n"
    assert HIM not in looked.out + looked.err + done.out + done.err
    (tally,) = penstock.done("audit", "--deep", "--json").answer["workspaces"]
    assert (tally["received"], tally["erased"], tally["attached"], tally["waiting"]) == (2, 2, 0, 0)
    assert [path for path in Path("penstock-data/blobs").glob("*/*") if path.is_file()] == []
    assert penstock.done("media", "list", "--json").answer["media"] == []


def test_it_answers_programs(penstock: Any, acme: Any) -> None:
    acme.receive("m1")
    counts = {"conversations": 1, "messages": 1, "files": 1, "bytes": 0, "statuses": 0, "imports": 0, "bodies": 1}
    looked = penstock.done("erase", "--contact", HIM, *WHY, "--json").answer
    done = penstock.done("erase", "--contact", HIM, "--workspace", "acme", *WHY, "--yes", "--json").answer

    assert looked == {"erased": False, "workspace": None, **counts, "events": 0}
    assert done == {"erased": True, "workspace": "acme", **counts, "events": 0, "bytes_later": 0, "writes_on": False}


def test_a_contact_may_come_on_stdin(penstock: Any, acme: Any) -> None:
    acme.receive("m1")

    assert "1 message" in penstock.done("erase", "--contact", "-", *WHY, stdin=HIM.encode()).out


def test_nothing_is_said_when_there_is_nothing(penstock: Any, acme: Any) -> None:
    assert penstock.done("erase", "--contact", HIM, *WHY).out == "nothing is kept of this contact\n"
    assert penstock.done("erase", "--contact", HIM, *WHY, "--yes").out == "nothing is kept of this contact\n"


def test_a_file_that_is_being_fetched_has_its_bytes_deleted_later(penstock: Any, acme: Any) -> None:
    acme.receive("m1")

    async def claim(ledger: Any) -> None:
        await ledger.queue.claim(owner="somebody", limit=1, now=await ledger.now(), lease_s=60)

    acme.work(claim)
    assert "the bytes of 1 file that was being fetched" in penstock.done("erase", "--contact", HIM, *WHY, "--yes").out


def test_the_audit_log_keeps_who_and_why_and_not_whom(penstock: Any, acme: Any) -> None:
    acme.receive("m1")
    penstock.done("erase", "--contact", HIM, *WHY, "--yes")
    told = penstock.done("changes", "list", "--json")

    assert [each["action"] for each in told.answer["changes"]][-2:] == ["customer.erasing", "customer.erased"]
    assert told.answer["changes"][-1]["why"] == "their letter of May 3"
    assert HIM not in told.out
    assert penstock.done("audit", "--json").answer["ok"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--contact", "a b"), 2, "a contact is a phone number"),
        (("--contact", HIM, "--workspace", "nowhere"), 1, "there is no workspace"),
        (("--contact", HIM, "--why", f"{HIM} asked"), 2, "leave the contact out"),
        (("--contact", HIM, "--why", "  "), 2, "say why"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    penstock: Any, acme: Any, arguments: tuple[str, ...], code: int, said: str
) -> None:
    why = () if "--why" in arguments else WHY

    assert said in (line := penstock("erase", *arguments, *why).refused(code))
    assert HIM not in line
