"""The audit's exit code is the proof: 0 when every file is accounted for, 1 when one is not."""

from pathlib import Path
from typing import Any

import apsw

from penstock.core import blobkey


def test_an_installation_that_serves_nobody_yet_is_in_order(penstock: Any, acme: Any) -> None:
    head = acme.work(lambda ledger: ledger.audit_log.head())
    assert penstock.done("audit", "--json").answer == {
        "ok": True,
        "workspaces": [
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
        ],
        "problems": [],
        "audit_log": {"ok": True, "entries": 4, "head": head.digest.hex()},
    }


def test_received_and_imported_files_are_all_accounted_for(penstock: Any, acme: Any) -> None:
    acme.receive("1", "2", "3")
    acme.attach(b"one")
    rows = f"media_id,phone_number_id\n4,{acme.number}\n".encode()
    penstock.done("import", "media", "-", "--workspace", "acme", stdin=rows)
    answer = penstock.done("audit", "--json").answer

    (tally,) = answer["workspaces"]
    assert answer["ok"] is True
    assert (tally["received"], tally["waiting"], tally["attached"]) == (4, 3, 1)
    assert penstock.done("audit").out.splitlines()[0] == "ok: 4 files received, every one accounted for."


def test_held_files_are_part_of_those_that_wait(penstock: Any, acme: Any) -> None:
    acme.receive("1", "2")
    acme.gate({})
    (tally,) = penstock.done("audit", "--json").answer["workspaces"]

    assert (tally["waiting"], tally["held"]) == (2, 2)


def test_a_missing_row_is_a_problem_and_the_exit_code_says_so(penstock: Any, acme: Any) -> None:
    acme.receive("1", "2")
    with apsw.Connection("penstock-data/penstock.db") as connection:
        connection.execute("DELETE FROM fetches")
        connection.execute("DELETE FROM media WHERE media_id = '2'")
    connection.close()
    ran = penstock("audit", "--json")

    assert (ran.code, ran.err) == (1, "")
    assert ran.answer["ok"] is False
    assert ran.answer["problems"] == [
        "workspace acme: the journal says 2 file(s) were received, the rows account for 1",
        "1 file(s) wait without being in the queue; restart Penstock and tell its makers",
    ]
    shown = penstock("audit")
    assert shown.code == 1
    assert shown.out.startswith("not ok: 2 problems\n  workspace acme: the journal says 2")


def test_a_deep_audit_reads_the_bytes_again(penstock: Any, acme: Any) -> None:
    acme.receive("1", "2", "3")
    claims = acme.attach(b"one", b"two", b"three")
    assert penstock.done("audit", "--deep", "--json").answer["ok"] is True
    assert "the bytes of every attached one" in penstock.done("audit", "--deep").out

    blobs = [Path("penstock-data/blobs") / blobkey.key(claim.id) for claim in claims]
    blobs[0].unlink()
    blobs[1].write_bytes(b"tow")
    ran = penstock("audit", "--deep", "--json")

    assert ran.code == 1
    assert len(ran.answer["problems"]) == 2
    assert "are missing" in ran.answer["problems"][0]
    assert "have changed" in ran.answer["problems"][1]
    assert penstock("audit").code == 0


def test_a_deep_audit_makes_and_sweeps_nothing(penstock: Any, acme: Any) -> None:
    penstock.done("audit", "--deep")
    assert not Path("penstock-data/blobs").exists()

    under_way = Path("penstock-data/blobs/00000000/.under-way")
    under_way.parent.mkdir(parents=True)
    under_way.write_bytes(b"half a file")
    penstock.done("audit", "--deep")

    assert under_way.exists()


def test_the_audit_log_is_followed_to_its_head(penstock: Any, acme: Any) -> None:
    head = penstock.done("audit", "--json").answer["audit_log"]["head"]
    penstock.done("gate", "shut", "--all", "--why", "a test")
    told = penstock.done("audit", "--head", head, "--head", head.upper(), "--json").answer["audit_log"]

    assert (told["ok"], told["entries"]) == (True, 5)
    assert told["head"] != head
    assert f"audit log: whole, 5 entries, head {told['head']}" in penstock.done("audit").out


def test_an_entry_that_was_written_over_is_a_problem(penstock: Any, acme: Any) -> None:
    with apsw.Connection("penstock-data/penstock.db") as connection:
        connection.execute(
            "UPDATE audit_log SET entry = CAST(replace(CAST(entry AS TEXT), 'acme', 'acne') AS BLOB) WHERE number = 1"
        )
    connection.close()
    ran = penstock("audit", "--json")

    assert (ran.code, ran.answer["ok"], ran.answer["audit_log"]["ok"]) == (1, False, False)
    assert ran.answer["problems"] == ["entry 1 of the audit log is not what was written, or the one before it is not"]
    assert "audit log: not whole" in penstock("audit").out


def test_a_log_that_was_rewritten_whole_shows_by_a_head_that_was_noted_before(
    penstock: Any, acme: Any, tmp_path: Path
) -> None:
    before = penstock.done("audit", "--json").answer["audit_log"]["head"]
    with apsw.Connection("penstock-data/penstock.db") as connection:
        connection.execute("DELETE FROM audit_log")
        connection.execute("UPDATE audit_head SET entries = 0, digest = zeroblob(32)")
    connection.close()
    penstock.done("workspace", "add", "innocent")
    assert penstock.done("audit").code == 0

    ran = penstock("audit", "--head", before)
    assert ran.code == 1
    assert f"does not hold the head {before}, which was noted before: it was rewritten" in ran.out


def test_what_is_no_head_is_refused(penstock: Any, acme: Any) -> None:
    assert "64 hexadecimal digits" in penstock("audit", "--head", "abc").refused(2)
