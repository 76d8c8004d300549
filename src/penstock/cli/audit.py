"""``penstock audit``: the proof that every file is accounted for, and with ``--deep`` that its bytes are unharmed.

What was received is counted from the journal, never from the rows it is compared with. Exit code 1 when the proof
fails. It changes nothing and works beside a running instance. Thin words around ``flow.auditing``.
"""

from typing import TYPE_CHECKING

import click

from penstock.cli import answers, arguments, session, showing, words
from penstock.cli.commands import Command
from penstock.core.errors import Unreachable

if TYPE_CHECKING:
    from penstock.flow.auditing import Report
    from penstock.ledger.book import Ledger


@click.command(cls=Command)
@click.option("--deep", is_flag=True, help="Read every attached file again and compare its size and sha256.")
@arguments.as_json
def audit(deep: bool, json_: bool) -> int:
    """Prove that every file received is waiting, attached, expired or failed. Exits with 1 when it is not so."""
    report = session.with_ledger(_deep if deep else _counts)
    if json_:
        workspaces = [answers.tally(tally) for tally in report.workspaces]
        showing.as_json({"ok": report.ok, "workspaces": workspaces, "problems": list(report.problems)})
    else:
        _show(report, deep=deep)
    return 0 if report.ok else 1


async def _counts(ledger: "Ledger") -> "Report":
    from penstock.flow.auditing import audit as count_again

    return await count_again(ledger)


async def _deep(ledger: "Ledger") -> "Report":
    from penstock.flow.auditing import audit as count_again
    from penstock.wiring.stores import open_blobs

    blobs = open_blobs(session.settings())  # not started: that would sweep what a running instance is writing
    try:
        with showing.Progress("files read again") as progress:
            return await count_again(ledger, blobs, progress=progress)
    except OSError as error:  # the store is away: no file is blamed for that
        raise Unreachable(f"the files cannot be read: {error.strerror}") from error
    finally:
        await blobs.stop()


def _show(report: "Report", *, deep: bool) -> None:
    from penstock.cli.status import workspaces

    received = words.many(sum(tally.received for tally in report.workspaces), "file")
    if report.ok:
        again = ", and the bytes of every attached one are what they were" if deep else ""
        showing.line(f"ok: {received} received, every one accounted for{again}.", style="ok")
    else:
        showing.line(f"not ok: {words.many(len(report.problems), 'problem')}", style="fail")
    for problem in report.problems:
        showing.line(f"  {problem}")
    if report.workspaces:
        showing.line()
        workspaces(report.workspaces, shown=len(report.workspaces))
