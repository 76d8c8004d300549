"""A command opens the ledger beside whatever runs, and reads the settings of its own run."""

import os
import pwd
from pathlib import Path
from typing import Any

import pytest

from penstock.adapters.lock import InstanceLock
from penstock.cli import session


def test_a_command_works_beside_whoever_holds_the_lock(penstock: Any, acme: Any) -> None:
    with InstanceLock(Path("penstock-data/penstock.db")):
        penstock.done("workspace", "add", "other")
        assert penstock.done("status").code == 0


@pytest.mark.parametrize("where", ["before", "after"])
def test_the_settings_file_may_be_named_before_or_after_the_command(penstock: Any, where: str) -> None:
    Path("other.toml").write_text('database_url = "sqlite:///./elsewhere/p.db"\n')
    named = ("--config", "other.toml")
    penstock.done(*(named if where == "before" else ()), "migrate", *(named if where == "after" else ()))

    assert Path("elsewhere/p.db").exists()
    assert not Path("penstock-data").exists()


def test_the_settings_file_of_the_working_directory_is_found(penstock: Any) -> None:
    Path("penstock.toml").write_text('database_url = "sqlite:///./elsewhere/p.db"\n')
    penstock.done("workspace", "add", "acme")

    assert Path("elsewhere/p.db").exists()


def test_a_command_that_adds_makes_the_database_and_one_that_looks_does_not(penstock: Any) -> None:
    penstock("workspace", "list").refused(3)
    assert not Path("penstock-data").exists()
    penstock.done("workspace", "add", "acme")
    assert Path("penstock-data").stat().st_mode & 0o077 == 0


def test_who_gives_a_command_is_the_user_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert session.who() == f"cli:{pwd.getpwuid(os.getuid()).pw_name}"
    monkeypatch.setattr(os, "getuid", lambda: 3_999_999_999)
    assert session.who() == "cli:3999999999"
