"""``penstock audit``: the proof that every file is accounted for, and with ``--deep`` that its bytes are unharmed.

What was received is counted from the journal, never from the rows it is compared with. The audit log is followed from
its first entry to its head, and a head that was noted before must still be in it. Exit code 1 when a proof fails. It
changes nothing and works beside a running instance. Thin words around ``flow.auditing`` and ``ledger.audit_log``.
"""

import re
from typing import TYPE_CHECKING

import click

from penstock.cli import answers, arguments, session, showing, words
from penstock.cli.commands import Command
from penstock.core.errors import Unreachable, WrongUse

if TYPE_CHECKING:
    from penstock.flow.auditing import Report
    from penstock.ledger.audit_log import Verified
    from penstock.ledger.book import Ledger

_HEAD = re.compile(r"[0-9A-Fa-f]{64}")


@click.command(cls=Command)
@click.option("--deep", is_flag=True, help="Read every attached file again and compare its size and sha256.")
@click.option(
    "--head",
    "heads",
    multiple=True,
    metavar="HASH",
    help="A head of the audit log that was noted before, from the logs or a backup: it must still be in it.",
)
@arguments.as_json
def audit(deep: bool, heads: tuple[str, ...], json_: bool) -> int:
    """Prove that every file received is waiting, attached, expired or failed, and that the audit log is whole.

    Exits with 1 when it is not so.
    """
    for head in heads:
        if not _HEAD.fullmatch(head):
            raise WrongUse(f"a head of the audit log is 64 hexadecimal digits, not {head[:80]!r}")

    async def work(ledger: "Ledger") -> "tuple[Report, Verified]":
        verified = await ledger.audit_log.verify(seen=heads)
        return await (_deep if deep else _counts)(ledger), verified

    report, log = session.with_ledger(work)
    ok, problems = report.ok and log.ok, [*report.problems, *log.problems]
    if json_:
        showing.as_json(
            {
                "ok": ok,
                "workspaces": [answers.tally(tally) for tally in report.workspaces],
                "problems": problems,
                "audit_log": {"ok": log.ok, "entries": log.entries, "head": log.head},
            }
        )
    else:
        _show(report, log, problems, deep=deep)
    return 0 if ok else 1


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


def _show(report: "Report", log: "Verified", problems: list[str], *, deep: bool) -> None:
    from penstock.cli.status import workspaces

    received = words.many(sum(tally.received for tally in report.workspaces), "file")
    if not problems:
        again = ", and the bytes of every attached one are what they were" if deep else ""
        showing.line(f"ok: {received} received, every one accounted for{again}.", style="ok")
    else:
        showing.line(f"not ok: {words.many(len(problems), 'problem')}", style="fail")
    for problem in problems:
        showing.line(f"  {problem}")
    whole = "whole" if log.ok else "not whole"
    showing.line(f"audit log: {whole}, {words.many(log.entries, 'entry', 'entries')}, head {log.head}")
    if report.workspaces:
        showing.line()
        workspaces(report.workspaces, shown=len(report.workspaces))
