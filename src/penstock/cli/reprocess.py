"""``penstock reprocess --unread``: bodies that were not understood in full, read again by this release's reader.

What is stored already stays as it is, so it may be run at any time, beside a running instance. Thin words around
``flow.rereading``.
"""

from typing import TYPE_CHECKING

import click

from penstock.cli import arguments, session, showing, words
from penstock.cli.commands import Command

if TYPE_CHECKING:
    from penstock.flow.rereading import Reread
    from penstock.ledger.book import Ledger


@click.command(cls=Command)
@click.option("--unread", is_flag=True, help="Read webhooks again of which something was not understood.")
@arguments.as_json
def reprocess(unread: bool, json_: bool) -> None:
    """Read again what could not be understood, for example after an upgrade."""
    if not unread:
        raise click.UsageError("Nothing to do: say --unread.")
    read = session.with_ledger(_read)
    if json_:
        from msgspec import structs

        showing.as_json(structs.asdict(read))
        return
    _show(read)


async def _read(ledger: "Ledger") -> "Reread":
    from penstock.flow.registry import Registry
    from penstock.flow.rereading import read_unread

    with showing.Progress("webhooks read again") as progress:
        return await read_unread(ledger, Registry(ledger), progress=progress)


def _show(read: "Reread") -> None:
    if not read.bodies:
        showing.line("there was nothing to read again: every webhook has been understood")
        return
    showing.line(
        f"read {words.many(read.bodies, 'webhook')} again: {words.many(read.messages, 'new message')}, "
        f"{words.many(read.media, 'new file')}, {words.many(read.statuses, 'new status', 'new statuses')}"
    )
    if read.still_unread:
        showing.line(f"{words.many(read.still_unread, 'webhook')} still cannot be understood in full; nothing is lost")
