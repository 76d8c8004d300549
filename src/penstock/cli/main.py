"""The entry: runs a command and turns whatever happens into an exit code and at most one line on stderr.

0 = done, 1 = the answer is "no", 2 = wrong use, 3 = cannot reach what it needs, 130 = interrupted. A traceback is shown
with ``--debug`` only. Called by the ``penstock`` script.
"""

import contextlib
import io
import os
import re
import sys
from collections.abc import Sequence
from typing import TextIO

import click

from penstock.cli.commands import Root, Run
from penstock.core.errors import PenstockError

_INTERRUPTED = 130
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# What looks like a Meta token, one of our own tokens or an app secret: somebody put it where a name belongs.
_SECRET = re.compile(r"\bEAA[A-Za-z0-9]{12,}|\bpst_[\w-]{12,}|\b[0-9a-f]{32}\b")


@click.command(
    cls=Root,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 the answer is no, 2 wrong use, 3 cannot reach what it needs.",
)
@click.version_option(package_name="penstock", message="penstock %(version)s")
def root() -> None:
    """Penstock: inbound WhatsApp media that never goes missing."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    run = Run()
    answer, remarks = sys.stdout, sys.stderr
    for stream in (answer, remarks):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows no thin space gets a question mark
    try:
        return _run(arguments, run)
    except (click.ClickException, PenstockError) as error:
        return _refused(error)
    except (KeyboardInterrupt, click.Abort):
        return _INTERRUPTED
    except (BrokenPipeError, SystemExit) as end:
        gone = isinstance(end, BrokenPipeError) or sys.stdout is not answer  # click puts a wrapper there, and ends
        sys.stdout, sys.stderr = answer, remarks
        if not gone:
            raise
        _let_go(answer)
        return 1
    except Exception as error:
        if run.debug:
            raise
        _flush_or_let_go(answer)
        return _failed(error)


def _run(arguments: Sequence[str] | None, run: Run) -> int:
    try:
        code = root.main(arguments, "penstock", standalone_mode=False, obj=run)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        code = error.exit_code
    if sys.stdout is not None:
        sys.stdout.flush()
    return code if isinstance(code, int) else 0


def _refused(error: click.ClickException | PenstockError) -> int:
    return _say(_usage(error) if isinstance(error, click.ClickException) else str(error), error.exit_code)


def _usage(error: click.ClickException) -> str:
    """Click's sentence on one line. A surplus argument is not repeated: it may be a secret that belongs in a file."""
    sentence = error.format_message().strip()
    if sentence.startswith("Got unexpected extra argument"):
        sentence = "There is an argument too many (secrets and tokens are read from files)."
    sentence = " ".join(sentence.split())
    if isinstance(error, click.UsageError) and error.ctx is not None:
        return f"{sentence} See `{error.ctx.command_path} --help`."
    return sentence


def _failed(error: Exception) -> int:
    """What no part of ours turned into a sentence."""
    if isinstance(error, OSError) and error.strerror:
        where = f": {error.filename}" if error.filename else ""
        return _say(f"the machine would not go on: {error.strerror}{where}", 3)
    hint = "run the command again with --debug to see where, and tell the makers of Penstock"
    return _say(f"internal error ({type(error).__name__}), which is Penstock's own fault: {hint}", 1)


def _say(sentence: str, code: int) -> int:
    line = _CONTROLS.sub(" ", sentence)
    line = _SECRET.sub(lambda found: f"{found[0][:4]}…", line)
    with contextlib.suppress(OSError):  # nobody may be listening
        click.echo(f"penstock: {line}", err=True)
    return code


def _flush_or_let_go(stream: TextIO | None) -> None:
    """Put out what is left of an answer; where it cannot go, the interpreter must not try again at its end."""
    try:
        if stream is not None:
            stream.flush()
    except OSError:
        if stream is not None:
            _let_go(stream)


def _let_go(stream: TextIO) -> None:
    """The answer cannot go where it should: what is left of it goes nowhere, so that nothing complains at the end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
