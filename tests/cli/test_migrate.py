"""The schema is brought up before a release starts, and --check says whether that is needed."""

from pathlib import Path
from typing import Any

import apsw

from penstock.ledger import schema

ALL = [f"{number:04}_{name}" for number, name, _ in schema.available("sqlite")]


def test_a_database_is_made_where_there_is_none(penstock: Any) -> None:
    assert penstock.done("migrate").out == f"applied: {', '.join(ALL)}\n"
    assert penstock.done("migrate").out == "the database is up to date\n"
    assert penstock.done("migrate", "--json").answer == {"applied": [], "pending": []}
    assert penstock.done("workspace", "list").out.startswith("no workspaces yet")


def test_check_says_what_is_missing_and_changes_nothing(penstock: Any) -> None:
    ran = penstock("migrate", "--check")

    assert (ran.code, ran.err) == (1, "")
    assert ran.out.startswith("to apply: 0001_first")
    assert not Path("penstock-data").exists()
    assert penstock("migrate", "--check", "--json").answer == {"applied": [], "pending": ALL}


def test_check_of_an_empty_database_finds_the_same(penstock: Any) -> None:
    Path("penstock-data").mkdir()
    apsw.Connection("penstock-data/penstock.db").close()

    assert penstock("migrate", "--check").code == 1
    assert penstock.done("migrate", "--json").answer == {"applied": ALL, "pending": []}
    assert penstock("migrate", "--check").code == 0


def test_a_new_database_gets_its_secret_key_so_that_other_commands_can_follow(penstock: Any) -> None:
    penstock.done("migrate")

    assert Path("penstock-data/secret.key").stat().st_mode & 0o777 == 0o600
    penstock.done("workspace", "list")
