"""One instance at a time, and a lock that dies with its holder."""

import subprocess
import sys
from pathlib import Path

import pytest

from penstock.adapters.lock import InstanceLock
from penstock.core.errors import Conflict, Unreachable


def test_a_second_instance_is_told_that_one_runs_already(tmp_path: Path) -> None:
    with InstanceLock(tmp_path / "penstock.db"):
        with pytest.raises(Conflict, match="another process runs this installation"):
            InstanceLock(tmp_path / "penstock.db").__enter__()
        with InstanceLock(tmp_path / "other.db"):
            pass
    with InstanceLock(tmp_path / "penstock.db"):
        pass


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    program = (
        "import os, pathlib, signal, sys\n"
        "from penstock.adapters.lock import InstanceLock\n"
        "with InstanceLock(pathlib.Path(sys.argv[1])):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(tmp_path / "penstock.db")], check=False, timeout=300)
    assert ended.returncode == -9
    with InstanceLock(tmp_path / "penstock.db"):
        pass


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where a folder should be")
    with pytest.raises(Unreachable, match=r"the lock .* cannot be made"):
        InstanceLock(tmp_path / "data" / "penstock.db").__enter__()
