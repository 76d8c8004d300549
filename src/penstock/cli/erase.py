"""``penstock erase``: everything that is kept of one customer, counted first and taken away when one says so.

No output and no log names the contact; nor does the audit log, which keeps who erased how much, and why. Works beside a
running instance, and may be interrupted and run again. Thin words around ``flow.erasing``.
"""

from typing import TYPE_CHECKING, Any

import click

from penstock.cli import arguments, session, showing, words
from penstock.cli.commands import Command
from penstock.core.errors import Unreachable, WrongUse

if TYPE_CHECKING:
    from penstock.flow.erasing import Erased, Found, Wish
    from penstock.ledger.book import Ledger

# A waiting writer looks every tenth of a second whether the database is free; this is long enough for it to be seen.
_BREATH_S = 0.12


@click.command(cls=Command)
@click.option("--contact", required=True, metavar="PHONE|USER_ID|-", help="Whom to erase; - reads it from stdin.")
@click.option("--workspace", metavar="NAME", help="In this workspace only; otherwise in all of them.")
@click.option("--why", required=True, metavar="TEXT", help="Kept in the audit log; it may not name the contact.")
@click.option("--yes", is_flag=True, help="Erase; without it only count what would be.")
@arguments.as_json
def erase(contact: str, workspace: str | None, why: str, yes: bool, json_: bool) -> None:
    """Erase everything that is kept of one customer, under whatever name: messages, files, statuses, webhooks.

    A webhook that names others, too, is kept without the customer. It cannot be undone, and backups are not touched.
    """
    from penstock.flow.erasing import Wish

    if not why.strip():
        raise WrongUse("say why, with --why: who asked for it, and when")
    named = arguments.secret("-", "the contact") if contact == "-" else contact
    wish = Wish(named, workspace, session.who(), why.strip())
    if not yes:
        found = session.with_ledger(lambda ledger: _look(ledger, wish))
        _answer(wish, found, None, json_=json_)
        return
    try:
        erased = session.with_ledger(lambda ledger: _erase(ledger, wish))
    except KeyboardInterrupt:
        showing.note("interrupted; run the same command again for the rest")
        raise
    _answer(wish, erased.found, erased, json_=json_)


async def _look(ledger: "Ledger", wish: "Wish") -> "Found":
    from penstock.flow.erasing import look

    with showing.Progress("webhooks looked through") as progress:
        return await look(ledger, wish, tell=lambda _, done: progress(done))


async def _erase(ledger: "Ledger", wish: "Wish") -> "Erased":
    from penstock.flow.erasing import erase as take_away
    from penstock.wiring.stores import open_blobs

    beside_others = bool(await ledger.processes.alive(now=await ledger.now()))
    blobs = open_blobs(session.settings())  # not started: that would sweep what a running instance is writing
    try:
        with showing.Progress("steps done") as progress:
            return await take_away(
                ledger,
                blobs,
                wish,
                breath_s=_BREATH_S if beside_others else 0.0,
                tell=lambda _, done: progress(done),
            )
    except OSError as error:
        raise Unreachable(
            f"the bytes of the files cannot be deleted: {error.strerror}; run the command again once they can be, "
            "or leave it to a running watcher"
        ) from error
    finally:
        await blobs.stop()


def _answer(wish: "Wish", found: "Found", erased: "Erased | None", *, json_: bool) -> None:
    from msgspec import structs

    counts: dict[str, Any] = structs.asdict(found)
    if json_:
        answer = {"erased": erased is not None, "workspace": wish.workspace, **counts}
        if erased is not None:
            answer |= {"bytes_later": erased.bytes_later, "writes_on": erased.writes_on}
        showing.as_json(answer)
        return
    if not any(counts.values()):
        showing.line("nothing is kept of this contact")
        return
    verb = "would be erased" if erased is None else "erased"
    showing.line(f"{verb}: {_told(found)}")
    if erased is None:
        showing.line("nothing has been changed; run the command again with --yes to erase it, for good")
        return
    if erased.bytes_later:
        showing.line(
            f"the bytes of {words.many(erased.bytes_later, 'file')} that was being fetched go within two minutes, "
            "by a running watcher"
        )
    if erased.writes_on:
        showing.line("the customer went on writing meanwhile: run the command again for what came since", style="warn")


def _told(found: "Found") -> str:
    parts = [
        words.many(found.messages, "message"),
        f"{words.many(found.files, 'file')} ({words.size(found.bytes)})",
        words.many(found.statuses, "status", "statuses"),
        f"{words.many(found.bodies, 'webhook')} redacted",
    ]
    if found.imports:
        parts.insert(2, words.many(found.imports, "imported file"))
    return ", ".join(parts)
