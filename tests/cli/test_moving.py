"""``penstock migrate --from … --to …`` as an operator meets it: what it says, what it refuses, what is there afterwards."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from penstock.core import blobkey

SOURCE = "sqlite:///./penstock-data/penstock.db"


@pytest.fixture
async def target(postgres: Any) -> str:
    """An empty database."""
    url: str = await postgres.new()
    return url


@pytest.fixture
def moved(target: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Points the settings at the target, as the command says."""

    def point() -> None:
        monkeypatch.setenv("PENSTOCK_DATABASE_URL", target)
        monkeypatch.setenv("PENSTOCK_SECRET_KEY", Path("penstock-data/secret.key").read_text().strip())

    return point


def ask(url: str, sql: str) -> list[tuple[Any, ...]]:
    async def whole() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(url)
        try:
            return [tuple(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()

    return asyncio.run(whole())


def test_an_installation_moves_and_goes_on_there(penstock: Any, acme: Any, target: str, moved: Any) -> None:
    acme.receive("1", "2", "3")
    acme.attach(b"one")
    acme.gate({"kind": "video"})
    here = penstock.done("audit", "--deep", "--json").answer
    listed = penstock.done("media", "list", "--json").answer
    ran = penstock.done("migrate", "--from", SOURCE, "--to", target)

    first, second = ran.out.splitlines()
    assert first.startswith("moved: ")
    assert "rows of 18 tables in " in first or "tables in " in first
    assert second == "  Both sides hold the same rows, and the audit finds the same on both: 3 files received."
    copied, compared, audited, *advice = ran.err.splitlines()
    assert copied.startswith("rows copied: ")
    assert compared.startswith("rows compared: ")
    assert audited.startswith("sides audited: 2 of 2")
    assert advice == [
        f"Now set for every process: PENSTOCK_DATABASE_URL to {target},",
        "  PENSTOCK_SECRET_KEY to the content of penstock-data/secret.key, as tokens came along sealed with it,",
        "  and PENSTOCK_BLOBS_URL to file:///./penstock-data/blobs: files were not moved, and must be reached from there.",
        "Do not start the old installation again: what it received would not be in the new one.",
    ]

    moved()
    there = penstock.done("audit", "--deep", "--json").answer
    assert [there[key] for key in ("ok", "workspaces", "problems")] == [
        here[key] for key in ("ok", "workspaces", "problems")
    ]
    assert penstock.done("media", "list", "--json").answer == listed
    assert penstock.done("status", "--json").answer["profile"] == "cluster"
    acme.receive("4")
    assert penstock.done("audit", "--json").answer["workspaces"][0]["received"] == 4


def test_the_answer_as_json(penstock: Any, acme: Any, target: str) -> None:
    acme.receive("1")
    answer = penstock.done("migrate", "--from", SOURCE, "--to", target, "--json").answer

    assert (answer["ok"], answer["ended"], answer["found"], answer["problems"]) == (True, True, "new", [])
    assert answer["tables"]["messages"] == 1
    assert answer["rows"] == answer["copied"] == sum(answer["tables"].values())
    assert answer["workspaces"][0]["received"] == 1
    assert answer["left_behind"]["processes"]
    assert answer["files"] is None


def test_a_move_that_has_ended_says_so(penstock: Any, acme: Any, target: str) -> None:
    acme.receive("1")
    penstock.done("migrate", "--from", SOURCE, "--to", target)
    ran = penstock.done("migrate", "--from", SOURCE, "--to", target)
    assert ran.out == f"moved before: {target} was given every row of {SOURCE}\n"

    acme.receive("2")
    assert "the source has changed since" in penstock("migrate", "--from", SOURCE, "--to", target).refused(1)


def test_what_was_wrong_before_is_told_and_does_not_keep_the_target_shut(
    penstock: Any, acme: Any, target: str, moved: Any
) -> None:
    acme.receive("1", "2")
    import apsw

    connection = apsw.Connection("penstock-data/penstock.db")
    connection.execute("DELETE FROM fetches WHERE media_row = 1; DELETE FROM media WHERE id = 1")
    connection.close()
    ran = penstock("migrate", "--from", SOURCE, "--to", target)

    assert ran.code == 1
    assert ran.out.startswith("moved: ")
    assert "the audit, on both sides: workspace acme: the journal says 2 file(s) were received" in ran.out
    moved()
    assert penstock("audit").code == 1


def test_a_target_that_differs_is_shut_to_everybody_and_mended_by_the_next_run(
    penstock: Any, acme: Any, target: str, moved: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.receive("1")
    penstock.done("migrate", "--from", SOURCE, "--to", target)
    ask(target, "UPDATE moves SET ended_at = NULL")
    ask(target, "DELETE FROM messages")
    ran = penstock("migrate", "--from", SOURCE, "--to", target)
    assert ran.code == 1
    assert ran.out.startswith("not moved: ")
    assert "  messages: 1 rows in the source, 0 in the target" in ran.out.splitlines()
    assert "Now set" not in ran.err

    moved()
    for command in ("status", "audit"):
        assert "the target of a move that has not ended" in penstock(command).refused(3)
    monkeypatch.delenv("PENSTOCK_DATABASE_URL")
    assert penstock.done("migrate", "--from", SOURCE, "--to", target).out.startswith("moved: ")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--from", SOURCE], "a move needs both --from"),
        (["--to", "postgresql://u@h/d"], "a move needs both --from"),
        (["--from", "postgresql://u@h/d", "--to", "postgresql://u@h/d"], "a move leads from SQLite to PostgreSQL"),
        (["--from", SOURCE, "--to", SOURCE], "a move leads from SQLite to PostgreSQL"),
        (["--from", SOURCE, "--to", "postgresql://u:the-password@"], "--to must be a URL"),
        (["--from", SOURCE, "--to", "postgresql://u@h/d", "--check"], "--check is about the schema alone"),
        (["--from", SOURCE, "--to", "postgresql://u@h/d", "--blobs-from", "file:///x"], "--blobs-from says where"),
        (["--from", SOURCE, "--to", "postgresql://u@h/d", "--blobs-to", "s3://UPPER"], "--blobs-to must be s3://"),
        (["--from", SOURCE, "--to", "postgresql://u@h/d", "--blobs-to", "file:///./penstock-data/blobs"], "are in"),
    ],
)
def test_wrong_use_is_one_line(penstock: Any, options: list[str], said: str) -> None:
    refused = penstock("migrate", *options).refused(2)

    assert said in refused
    assert "the-password" not in refused
    assert not Path("penstock-data").exists()


def test_the_password_of_the_target_is_not_shown(penstock: Any, acme: Any, target: str) -> None:
    ran = penstock.done(
        "migrate", "--from", SOURCE, "--to", target.replace("penstock@", "penstock:the-password@"), "--json"
    )
    again = penstock.done("migrate", "--from", SOURCE, "--to", target.replace("penstock@", "penstock:the-password@"))

    assert "the-password" not in ran.out + ran.err + again.out + again.err


def test_files_are_carried_into_a_bucket(
    penstock: Any, acme: Any, target: str, moved: Any, rclone: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", rclone.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", rclone.key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", rclone.secret)
    acme.receive("1", "2", "3")
    (first, *_) = acme.attach(b"one", b"two")
    bucket = f"s3://{rclone.bucket()}/pen/stock"
    line = ("migrate", "--from", SOURCE, "--to", target, "--blobs-to", bucket)
    ran = penstock.done(*line)

    assert f"  2 files of 6 B carried to {bucket}." in ran.out.splitlines()
    assert f"  and PENSTOCK_BLOBS_URL to {bucket}. `penstock audit --deep` reads every file there again." in ran.err
    assert json.loads(penstock.done(*line, "--json").out)["files"] == {"to": bucket, "carried": 0, "before": 2}
    moved()
    monkeypatch.setenv("PENSTOCK_BLOBS_URL", bucket)
    assert penstock.done("audit", "--deep", "--json").answer["ok"] is True
    assert (Path("penstock-data/blobs") / blobkey.key(first.id)).exists()


def test_a_file_that_is_lost_is_named_and_the_rest_has_moved(
    penstock: Any, acme: Any, target: str, moved: Any, tmp_path: Path
) -> None:
    acme.receive("1", "2")
    (first, _) = acme.attach(b"one", b"two")
    os.unlink(Path("penstock-data/blobs") / blobkey.key(first.id))
    ran = penstock("migrate", "--from", SOURCE, "--to", target, "--blobs-to", f"file://{tmp_path}/there")

    assert ran.code == 1
    assert ran.out.splitlines()[2:] == [
        f"  1 file of 3 B carried to file:///{str(tmp_path).lstrip('/')}/there.",
        f"  workspace acme: the bytes of {blobkey.key(first.id)} are missing",
    ]
    moved()
    assert penstock.done("status").code == 0


def test_a_bucket_that_refuses_is_unreachable_and_the_same_command_goes_on(
    penstock: Any, acme: Any, target: str, rclone: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", rclone.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "SOMEBODYELSE1234")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", rclone.secret)
    acme.receive("1")
    acme.attach(b"one")
    bucket = f"s3://{rclone.bucket()}"
    ran = penstock("migrate", "--from", SOURCE, "--to", target, "--blobs-to", bucket)
    assert (ran.code, ran.out) == (3, "")
    assert "cannot be used: " in ran.err.splitlines()[-1]

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", rclone.key_id)
    again = penstock.done("migrate", "--from", SOURCE, "--to", target, "--blobs-to", bucket, "--json").answer
    assert (again["found"], again["copied"], again["files"]["carried"]) == ("resumed", 0, 1)
