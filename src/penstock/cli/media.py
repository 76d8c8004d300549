"""``penstock media``: where each file stands, by filter or one of them with every request made for it.

Reading only. Message ids are masked for people, as they contain a phone number. Thin words around ``ledger.shelf``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from penstock.cli import answers, arguments, session, showing, words
from penstock.cli.commands import Family
from penstock.core import expiry, ids
from penstock.core.errors import NotFound, WrongUse
from penstock.core.media import State
from penstock.core.work import Attempt, Outcome
from penstock.ledger.rows import Media, Page
from penstock.ledger.runs import Round, round_of

if TYPE_CHECKING:
    from penstock.ledger.book import Ledger

_STATES = ("held", *(state.value for state in State))
_CLASSES = tuple(outcome.value for outcome in Outcome if outcome is not Outcome.DELIVERED)


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which files are asked for."""

    workspace: str | None
    state: str | None
    outcome: str | None
    since: float | None
    until: float | None

    def check(self) -> None:
        """Raise WrongUse when nothing could ever match."""
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise WrongUse("--since must be before --until")


@click.group(cls=Family)
def media() -> None:
    """Files: where each one stands."""


@media.command("list")
@click.option("--workspace", metavar="NAME", help="Only files of this workspace.")
@click.option("--state", type=click.Choice(_STATES), help="Only files that stand there; held ones wait at a shut gate.")
@click.option(
    "--error", "outcome", type=click.Choice(_CLASSES), help="Only files whose last failure was of this class."
)
@click.option(
    "--since", type=arguments.Moment(), help="Received at this time or later: RFC 3339, a date, or 2h, 7d ago."
)
@click.option("--until", type=arguments.Moment(), help="Received before this time.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True, help="So many at most.")
@click.option("--after", metavar="CURSOR", help="Go on where an earlier list ended: its `next`.")
@arguments.as_json
def list_media(after: str | None, limit: int, json_: bool, **filters: Any) -> None:
    """List files, the newest first."""
    wanted = Filter(**filters)
    wanted.check()

    async def work(ledger: "Ledger") -> tuple[Page[Media], float]:
        await _known(ledger, wanted.workspace)
        return await _page(ledger, wanted, after, limit), await ledger.now()

    page, now = session.with_ledger(work)
    if json_:
        showing.as_json({"media": [answers.media(item) for item in page.items], "next": page.next})
        return
    rows = [
        [
            ids.encode(ids.Kind.MEDIA, item.id),
            "held" if item.held else item.state,
            item.kind,
            item.workspace,
            words.ago(item.received_at, now),
            words.size(item.size) if item.size is not None else "",
            standing(item, now),
        ]
        for item in page.items
    ]
    columns = ["ID", "STATE", "KIND", "WORKSPACE", "RECEIVED", "SIZE", ""]
    showing.table(columns, rows, empty="no file matches", right=["SIZE"])
    if page.next:
        showing.note(f"there are more: add --after {page.next}")


@media.command("show")
@click.argument("id_", metavar="ID")
@arguments.as_json
def show_media(id_: str, json_: bool) -> None:
    """Show one file and every request made for it. ID is Penstock's, or Meta's media id."""

    async def work(ledger: "Ledger") -> tuple[Media, list[Attempt], list[Round], float]:
        item = await one(ledger, id_)
        attempts, rounds = await ledger.shelf.attempts(item.id), await ledger.reprocess.rounds(item.id)
        return item, attempts, rounds, await ledger.now()

    item, attempts, rounds, now = session.with_ledger(work)
    if json_:
        told = [answers.attempt(attempt) | {"round": round_of(index, rounds)} for index, attempt in enumerate(attempts)]
        again = [answers.round_(each) for each in rounds]
        showing.as_json({"media": answers.media(item), "attempts": told, "rounds": again})
        return
    _show(item, attempts, rounds, now)


def standing(item: Media, now: float) -> str:
    """What is to be said of a file beside its state."""
    if item.state == State.ATTACHED and item.attached_at is not None:
        took = words.duration(max(0.0, item.attached_at - item.received_at))
        return f"after {took} · {words.many(item.attempts, 'attempt')}"
    if item.state == State.WAITING:
        return " · ".join(_waiting(item, now))
    return " · ".join(part for part in (item.reason, item.outcome) if part)


def _waiting(item: Media, now: float) -> list[str]:
    left = f"{words.duration(item.deadline - now)} to live" if item.deadline > now else "its time is over"
    if item.held:
        by = f"gate {expiry.held_by(item.gate, now)}" if item.gate is not None else ""
        return [part for part in (by, left, item.reason) if part]
    due = "due now" if item.due_at is None or item.due_at <= now else f"next {words.ago(item.due_at, now)}"
    if not item.attempts:
        return [due]
    return [f"retrying {words.count(item.attempts)}", due, *([item.reason] if item.reason else []), left]


async def _page(ledger: "Ledger", wanted: Filter, after: str | None, limit: int) -> Page[Media]:
    """A full page. One page of the shelf may bring few files, or none, where hardly any row passes the filter."""
    items: list[Media] = []
    while True:
        page = await ledger.shelf.media_list(
            workspace=wanted.workspace,
            state=wanted.state,
            outcome=wanted.outcome,
            since=wanted.since,
            until=wanted.until,
            after=after,
            limit=limit - len(items),
        )
        items += page.items
        if page.next is None or len(items) == limit:
            return Page(tuple(items), page.next)
        after = page.next


async def _known(ledger: "Ledger", workspace: str | None) -> None:
    """An unknown workspace is a mistake, not an empty list."""
    if workspace is not None and workspace not in {row["name"] for row in await ledger.provisioning.workspaces()}:
        raise NotFound(f"there is no workspace {workspace[:80]!r}; `penstock workspace list` shows them")


async def one(ledger: "Ledger", text: str) -> Media:
    """The file of this id, Penstock's or Meta's. Raises NotFound, or WrongUse when several have Meta's."""
    row = ids.decode(ids.Kind.MEDIA, text)
    if row is not None:
        found = await ledger.shelf.media(row, workspace_id=None)
        matching = [] if found is None else [found]
    else:
        matching = await ledger.shelf.media_by_media_id(text, workspace_id=None)
    if not matching:
        raise NotFound(f"there is no file {text[:80]!r}; `penstock media list` shows them")
    if len(matching) > 1:
        named = ", ".join(ids.encode(ids.Kind.MEDIA, item.id) for item in matching[:5])
        raise WrongUse(f"{len(matching)} files have Meta's id {text[:40]}: name one of {named}")
    return matching[0]


def _show(item: Media, attempts: Sequence[Attempt], rounds: Sequence[Round], now: float) -> None:
    state = "held" if item.held else item.state
    beside = standing(item, now)
    showing.line(f"{ids.encode(ids.Kind.MEDIA, item.id)}  {state}" + (f" · {beside}" if beside else ""), style=state)
    for name, value in _lines(item, now):
        showing.line(f"  {name:<12}{value}")
    for each in rounds:
        showing.line(
            f"  {f'round {each.number}':<12}put back to work {words.ago(each.at, now)} by {each.by}: {each.why}"
        )
    showing.line()
    rows = [
        [
            words.ago(attempt.at, now) + (f" · round {round_of(index, rounds)}" if rounds else ""),
            attempt.operation,
            attempt.wire_method or "not sent",
            attempt.host or "",
            "" if attempt.status is None else str(attempt.status),
            attempt.outcome.value,
            words.duration(attempt.duration_s),
            attempt.detail or "",
        ]
        for index, attempt in enumerate(attempts)
    ]
    columns = ["REQUEST", "OPERATION", "METHOD", "HOST", "STATUS", "CLASS", "TOOK", "DETAIL"]
    showing.table(columns, rows, empty="no request has been made for it yet", right=["STATUS", "TOOK"])


def _lines(item: Media, now: float) -> list[tuple[str, str]]:
    received = f"{words.utc(item.received_at)} ({words.ago(item.received_at, now)})"
    facts = [
        ("kind", f"{item.kind}, {item.content_type or item.declared_mime_type or 'type not known yet'}"),
        ("workspace", item.workspace),
        ("number", item.phone_number_id),
        ("media id", item.media_id or "none: WhatsApp could not take the file"),
        ("message", words.masked(item.wamid) or "none: imported"),
        ("received", received),
        ("deadline", f"{words.utc(item.deadline)} ({words.ago(item.deadline, now)})"),
    ]
    if item.size is not None:
        facts.append(("size", f"{words.size(item.size)} ({item.size} bytes)"))
    if item.sha256 is not None:
        facts.append(("sha256", item.sha256.hex()))
    return facts
