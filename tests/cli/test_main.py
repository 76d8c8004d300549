"""Whatever a command meets ends in an exit code, and in one line on stderr at most."""

import contextlib
import errno
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from penstock import __version__
from penstock.cli import commands
from penstock.cli.main import main

WRONG: list[tuple[list[str], str]] = [
    (["frobnicate"], "No such command 'frobnicate'"),
    (["stauts"], "Did you mean 'status'?"),
    (["workspace", "ad"], "No such command 'ad'. Did you mean 'add'?"),
    (["--frobnicate"], "No such option '--frobnicate'"),
    (["status", "--jsn"], "Did you mean '--json'?"),
    (["status", "extra"], "There is an argument too many"),
    (["audit", "--deep=yes"], "does not take a value"),
    (["workspace", "add"], "Missing argument 'NAME'"),
    (["workspace", "add", "Big Name"], "1 to 63 of a-z, 0-9 and dash"),
    (["workspace", "add", ""], "1 to 63 of a-z, 0-9 and dash"),
    (["workspace", "add", "x" * 64], "1 to 63 of a-z, 0-9 and dash"),
    (["workspace", "set", "acme"], "Nothing to change"),
    (["app", "add", "main"], "Missing option '--secret-file'"),
    (["app", "add", "main", "--secret-file", "gone", "--verify-token", "v"], "cannot be read: No such file"),
    (["app", "add", "main", "--secret-file", ".", "--verify-token", "v"], "cannot be read: Is a directory"),
    (["app", "add", "main", "--secret-file", "empty", "--verify-token", "v"], "it does not"),
    (["app", "add", "main", "--secret-file", "binary", "--verify-token", "v"], "it does not"),
    (["app", "add", "main", "--secret-file", "huge", "--verify-token", "v"], "it does not"),
    (["app", "add", "main", "--secret-file", "lines", "--verify-token", "v"], "one line of 1 to 4,096 visible"),
    (
        ["app", "add", "main", "--secret-file", "good", "--verify-token", "two words"],
        "the verify token must be one line",
    ),
    (
        ["app", "add", "main", "--secret-file", "good", "--verify-token", "v", "--forward-to", "example.com"],
        "must be an http:// or https:// URL",
    ),
    (["app", "set", "main"], "Nothing to change"),
    (["credential", "add", "a", "--token-file", "gone"], "cannot be read: No such file"),
    (["credential", "set", "a"], "Missing option '--token-file'"),
    (["number", "add", "+15550001234", "--workspace", "a", "--app", "b", "--credential", "c"], "up to 32 digits"),
    (["number", "add", "1", "--workspace", "a", "--app", "b"], "either --credential NAME or --token-file"),
    (
        ["number", "add", "1", "--workspace", "a", "--app", "b", "--credential", "c", "--token-file", "good"],
        "and not both",
    ),
    (["number", "set", "1", "--credential", "c", "--token-file", "good"], "not both"),
    (["token", "create", "bob"], "Missing option '--role'"),
    (["token", "create", "bob", "--role", "king"], "'king' is not one of 'viewer', 'agent', 'operator', 'admin'"),
    (["token", "create", "Bob!", "--role", "viewer"], "a token's name is 1 to 63 of"),
    (["media", "list", "--limit", "0"], "0 is not in the range 1<=x<=1000"),
    (["media", "list", "--limit", "1001"], "1001 is not in the range"),
    (["media", "list", "--limit", "many"], "'many' is not a valid integer"),
    (["media", "list", "--state", "lost"], "'lost' is not one of 'held', 'waiting'"),
    (["media", "list", "--error", "delivered"], "'delivered' is not one of"),
    (["media", "list", "--since", "yesterday"], "is not a time such as"),
    (["media", "list", "--since", "2026-13-01"], "is not a time such as"),
    (["media", "list", "--until", "2026-11-24T25:00:00Z"], "is not a time such as"),
    (["media", "list", "--since", "1795000000"], "is not a time such as"),
    (["media", "list", "--since", "1h", "--until", "2h"], "--since must be before --until"),
    (["import", "media", "good"], "Missing option '--workspace'"),
    (["import", "media", "gone.csv", "--workspace", "acme"], "cannot be read: No such file"),
    (["import", "media", ".", "--workspace", "acme"], "cannot be read: Is a directory"),
    (["import", "contacts"], "No such command 'contacts'"),
    (["reprocess"], "Nothing to do: say which files, with --dry-run or --yes, or say --unread"),
    (["reprocess", "--yes"], "Say --why: the reason is kept"),
    (["reprocess", "--yes", "--why", " "], "Say --why: the reason is kept"),
    (["reprocess", "--state", "failed"], "Say --dry-run to count the files, or --yes to begin"),
    (["reprocess", "--dry-run", "--yes", "--why", "x"], "--dry-run changes nothing"),
    (["reprocess", "--dry-run", "--wait"], "--dry-run changes nothing"),
    (["reprocess", "--state", "attached", "--dry-run"], "'attached' is not one of 'failed', 'expired'"),
    (["reprocess", "--rate", "0", "--dry-run"], "0.0 is not in the range"),
    (["reprocess", "--media", "1", "--kind", "image", "--dry-run"], "no other filter goes with it"),
    (["reprocess", "--unread", "--yes"], "--unread goes with --json only"),
    (["reprocess", "--since", "1h", "--until", "2h", "--dry-run"], "--since must be before --until"),
    (["reprocess", "--yes", "list"], "--yes does not go with list"),
    (["reprocess", "show"], "Missing argument 'ID'"),
    (["reprocess", "stop", "rep_1"], "No such command 'stop'"),
    (["backup"], "Missing argument 'PATH'"),
    (["status", "--config", "gone.toml"], "gone.toml cannot be read"),
    (["--config", "gone.toml", "status"], "gone.toml cannot be read"),
    (["--config"], "requires an argument"),
]


@pytest.fixture
def files(penstock: Any) -> None:
    """Files that hold no secret, and one that does."""
    Path("good").write_text("a-secret\n")
    Path("empty").write_text("\n")
    Path("binary").write_bytes(b"\x00\xff\x80")
    Path("huge").write_bytes(b"x" * 100_000)
    Path("lines").write_text("one\ntwo\n")


@pytest.mark.parametrize(
    ("arguments", "said"), WRONG, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
@pytest.mark.usefixtures("files")
def test_wrong_use_gives_one_clear_line_and_exit_code_2(penstock: Any, arguments: list[str], said: str) -> None:
    assert said in penstock(*arguments).refused(2)


def test_wrong_use_with_json_is_the_same_one_line_and_nothing_on_stdout(penstock: Any) -> None:
    penstock("media", "list", "--json", "--since", "soon").refused(2)
    penstock("status", "--json").refused(3)


def test_a_sentence_about_wrong_use_leads_to_the_help(penstock: Any) -> None:
    assert penstock("media", "list", "--limit", "0").refused(2).endswith("See `penstock media list --help`.")


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"],
        ["audit"],
        ["audit", "--deep"],
        ["media", "list"],
        ["media", "show", "1"],
        ["workspace", "list"],
        ["app", "list"],
        ["credential", "list"],
        ["number", "list"],
        ["token", "list"],
        ["token", "remove", "bob"],
        ["workspace", "set", "acme", "--test"],
        ["number", "remove", "1"],
        ["reprocess", "--unread"],
        ["reprocess", "--dry-run"],
        ["reprocess", "--yes", "--why", "x"],
        ["reprocess", "list"],
        ["reprocess", "show", "rep_9wdvsq7gqt1dc"],
        ["reprocess", "cancel", "rep_9wdvsq7gqt1dc"],
        ["backup", "copy"],
    ],
    ids=" ".join,
)
def test_without_a_database_the_answer_is_3_and_none_is_made(penstock: Any, arguments: list[str]) -> None:
    assert "there is no database" in penstock(*arguments).refused(3)
    assert not Path("penstock-data").exists()


def test_a_malformed_setting_gives_one_line(penstock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_BIND", "8080")

    assert (
        penstock("status").refused(2)
        == "PENSTOCK_BIND is '8080', but it must be HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080"
    )


def test_a_file_that_is_no_database_gives_one_line(penstock: Any) -> None:
    Path("penstock-data").mkdir()
    Path("penstock-data/penstock.db").write_text("these are my notes\n" * 100)
    Path("penstock-data/secret.key").write_text("key\n")

    assert "file is not a database" in penstock("status").refused(3)


def test_a_newer_database_is_refused_with_3(penstock: Any, acme: Any) -> None:
    import apsw

    with apsw.Connection("penstock-data/penstock.db") as connection:
        connection.execute("INSERT INTO migrations VALUES (9999, 'from_the_future', 0)")
    connection.close()

    for arguments in (["status"], ["audit", "--json"], ["migrate"], ["migrate", "--check"], ["token", "list"]):
        assert "changed by a newer Penstock (schema 9999" in penstock(*arguments).refused(3)


def test_a_name_that_is_taken_or_not_there_is_a_no(penstock: Any, acme: Any) -> None:
    assert "exists already" in penstock("workspace", "add", "acme").refused(1)
    assert "there is no workspace 'other'" in penstock("workspace", "set", "other", "--test").refused(1)


@pytest.mark.parametrize(
    "secret",
    ["EAAG" + "tokenTokenToken1", "pst_" + "tokenTokenToken1", "0123456789abcdef" * 2],
    ids=["Meta token", "API token", "app secret"],
)
def test_a_secret_that_stands_where_a_name_belongs_is_not_repeated(penstock: Any, secret: str) -> None:
    for arguments in (
        ["credential", "add", "a", "--token-file", secret],
        ["credential", "add", secret + "!", "--token-file", "-"],
        ["status", secret],
        ["credential", secret],
        ["media", "list", "--state", secret],
    ):
        assert secret not in penstock(*arguments, stdin=b"x").refused(2)


def test_control_characters_of_an_argument_do_not_reach_the_terminal(penstock: Any) -> None:
    sentence = penstock("media", "list", "--state", "a\x1b[31mb\nc\u2028d").refused(2)

    assert all(character.isprintable() for character in sentence)


def test_what_nobody_foresaw_is_named_without_a_traceback(penstock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("secret insides")

    monkeypatch.setattr(commands.Root, "get_command", breaks)
    sentence = penstock("status").refused(1)

    assert "internal error (RuntimeError)" in sentence
    assert "--debug" in sentence
    assert "insides" not in sentence


def test_with_debug_what_nobody_foresaw_is_shown_whole(penstock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("insides")

    monkeypatch.setattr(commands.Root, "get_command", breaks)

    with pytest.raises(RuntimeError, match="insides"):
        penstock("--debug", "status")


def test_a_machine_that_does_not_go_on_is_3(penstock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/somewhere")

    monkeypatch.setattr(commands.Root, "get_command", full)

    assert penstock("status").refused(3) == "the machine would not go on: No space left on device: /somewhere"


def test_an_interrupted_command_is_130(penstock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands.Root, "get_command", interrupted)
    ran = penstock("status")

    assert (ran.code, ran.out, ran.err.strip()) == (130, "", "")


def test_the_version_is_that_of_the_package(penstock: Any) -> None:
    assert penstock.done("--version").out == f"penstock {__version__}\n"


def test_without_a_command_the_help_is_shown(penstock: Any) -> None:
    ran = penstock()

    assert ran.code == 2
    assert "Commands:" in ran.out


def test_a_terminal_that_knows_no_unicode_still_gets_its_answer(
    penstock: Any, acme: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="iso8859-5"))

    assert main(["status"]) == 0
    assert b"? embedded ?" in written.getvalue()
    assert main(["status", "--json"]) == 0
    assert json.loads(written.getvalue().splitlines()[-1])["profile"] == "embedded"


# -- in processes of their own ----------------------------------------------------------------


def process(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PENSTOCK_")}
    environ.pop("PYTHONUNBUFFERED", None)  # it would hide what the interpreter flushes at its end
    # An interrupt that is ignored here (as in a job in the background) would be ignored there, too.
    start = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    command = [sys.executable, "-c", start + "from penstock.cli.main import main; sys.exit(main())", *arguments]
    return subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, **options)


def test_a_reader_that_has_gone_is_no_error_worth_a_word(penstock: Any, acme: Any) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    running = process("migrate", "--json", stdout=writing)
    os.close(writing)
    _, err = running.communicate(timeout=300)

    assert (running.returncode, err) == (1, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_an_answer_that_cannot_be_written_is_3(penstock: Any, acme: Any) -> None:
    with Path("/dev/full").open("wb") as full:
        running = process("migrate", "--json", stdout=full)
        _, err = running.communicate(timeout=300)

    assert running.returncode == 3
    assert err == b"penstock: the machine would not go on: No space left on device\n"


def test_closed_streams_change_nothing_but_that_nobody_hears(penstock: Any, acme: Any) -> None:
    shell = f"exec {sys.executable} -c 'import sys; from penstock.cli.main import main; sys.exit(main())'"
    for arguments, code in (("migrate", 0), ("migrate --json", 0), ("frobnicate", 2)):
        ran = subprocess.run(["sh", "-c", f"{shell} {arguments} <&- >&- 2>&-"], check=False, timeout=300)
        assert ran.returncode == code, arguments
    ran = subprocess.run(
        ["sh", "-c", f"{shell} credential add b --token-file - <&-"], check=False, timeout=300, capture_output=True
    )
    assert ran.returncode == 2
    assert b"stdin is closed" in ran.stderr


def test_an_interrupt_while_a_command_waits_ends_it_without_a_traceback(
    penstock: Any, acme: Any, tmp_path: Path
) -> None:
    pipe = tmp_path / "rows.csv"
    os.mkfifo(pipe)
    running = process("import", "media", str(pipe), "--workspace", "acme", stdout=subprocess.PIPE)
    with pipe.open("wb") as writing:  # returns once the command has opened the other end
        writing.write(b"media_id,phone_number_id\n")
        writing.flush()
        for _ in range(10):  # the interpreter drops an interrupt that comes while it is importing a module
            running.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(5)
                break
        out, err = running.communicate(timeout=300)

    assert (running.returncode, out) == (130, b"")
    assert b"Traceback" not in err or b"Exception ignored" in err
