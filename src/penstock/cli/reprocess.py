"""``penstock reprocess``: files that failed or expired are put back to work, by the running instance.

Without ``--yes`` it counts and changes nothing; on a terminal it asks then. ``--unread`` is another matter: bodies that
were not understood in full, read again by this release's reader. Thin words around ``ledger.reprocess`` and
``flow.rereading``.
"""

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import click
from msgspec import structs

from penstock.cli import answers, arguments, following, runs, session, showing, words
from penstock.cli.commands import Both
from penstock.cli.media import one
from penstock.core import media as files
from penstock.core.errors import WrongUse
from penstock.core.reprocess import FIRST, State, takes_s
from penstock.core.work import Outcome
from penstock.ledger.runs import Asked, Found, Report

if TYPE_CHECKING:
    from penstock.flow.rereading import Reread
    from penstock.ledger.book import Ledger

_CLASSES = tuple(outcome.value for outcome in Outcome if outcome is not Outcome.DELIVERED)


class Planned(NamedTuple):
    """What would be done."""

    asked: Asked
    found: Found
    rate: float | None  # asked for
    recent: float | None  # of late
    now: float

    @property
    def seconds(self) -> float | None:
        """How long it takes."""
        return takes_s(self.found.eligible, rate=self.rate, recent=self.recent)


@click.group("reprocess", cls=Both)
@click.option("--workspace", metavar="NAME", help="Only files of this workspace.")
@click.option("--number", metavar="ID", help="Only files of this business number (Meta's phone number id).")
@click.option("--state", type=click.Choice(("failed", "expired")), help="Only files that ended so; otherwise both.")
@click.option(
    "--error", "outcome", type=click.Choice(_CLASSES), help="Only files whose last failure was of this class."
)
@click.option("--kind", type=click.Choice(files.KINDS), help="Only files of this kind.")
@click.option(
    "--since", type=arguments.Moment(), help="Received at this time or later: RFC 3339, a date, or 2h, 7d ago."
)
@click.option("--until", type=arguments.Moment(), help="Received before this time.")
@click.option("--media", metavar="ID", multiple=True, help="This file, by Penstock's id or Meta's; may be repeated.")
@click.option(
    "--past-deadline", is_flag=True, help="Also what WhatsApp no longer keeps: one try each, rarely worth it."
)
@click.option(
    "--rate",
    type=click.FloatRange(0.001, 100_000),
    help="So many files a second at most; otherwise as they are fetched.",
)
@click.option("--dry-run", is_flag=True, help="Count and change nothing.")
@click.option("--yes", is_flag=True, help="Begin without asking.")
@click.option("--why", metavar="TEXT", default="", help="The reason, which is kept in the audit log.")
@click.option(
    "--wait", is_flag=True, help="Follow the run until it is over. Exits with 1 when it pauses or is cancelled."
)
@click.option("--unread", is_flag=True, help="Read webhooks again of which something was not understood; nothing else.")
@arguments.as_json
@click.pass_context
def reprocess(ctx: click.Context, /, media: tuple[str, ...], json_: bool, **told: Any) -> int:
    """Put files that failed or expired back to work, nearest to their end first; the running instance does it."""
    given = [name for name, value in told.items() if value] + ["media"] * bool(media)
    if ctx.invoked_subcommand is not None:
        if given:
            raise click.UsageError(f"--{given[0].replace('_', '-')} does not go with {ctx.invoked_subcommand}.")
        return 0
    if told["unread"]:
        if given != ["unread"]:
            raise click.UsageError("--unread goes with --json only.")
        _unread(json_=json_)
        return 0
    _check(given, told)
    return session.with_ledger(lambda ledger: _run(ledger, media, told, json_=json_))


for _command in runs.COMMANDS:
    reprocess.add_command(_command)


def _check(given: list[str], told: dict[str, Any]) -> None:
    """Raise UsageError for what cannot be meant."""
    if not given:
        raise click.UsageError("Nothing to do: say which files, with --dry-run or --yes, or say --unread.")
    if told["dry_run"] and (told["yes"] or told["wait"]):
        raise click.UsageError("--dry-run changes nothing: it goes neither with --yes nor with --wait.")
    if told["yes"] and not told["why"].strip():
        raise click.UsageError("Say --why: the reason is kept with the run.")
    if "media" in given and set(given) & {"workspace", "number", "state", "outcome", "kind", "since", "until"}:
        raise click.UsageError("--media names files one by one: no other filter goes with it.")
    since, until = told["since"], told["until"]
    if since is not None and until is not None and since >= until:
        raise WrongUse("--since must be before --until")
    if not told["dry_run"] and not told["yes"] and not _asks():
        raise click.UsageError("Say --dry-run to count the files, or --yes to begin.")


async def _run(ledger: "Ledger", media: tuple[str, ...], told: dict[str, Any], *, json_: bool) -> int:
    plan = await _plan(ledger, media, told)
    if told["dry_run"]:
        if json_:
            showing.as_json(answers.planned(plan.found, seconds=plan.seconds) | {"rate": plan.rate})
        else:
            show_plan(plan)
        return 0
    why = told["why"].strip()
    if not told["yes"]:
        show_plan(plan)
        if not plan.found.eligible:
            return 0
        click.confirm(f"Put {words.many(plan.found.eligible, 'file')} back to work?", abort=True, err=True)
        why = why or click.prompt("Why", err=True).strip()
    report = await ledger.reprocess.start(plan.asked, rate=plan.rate, who=session.who(), why=why)
    if not await ledger.processes.alive(now=plan.now):
        showing.note("nothing is running: the run begins once `penstock serve` is started")
    if not told["wait"]:
        _begun(report, plan, json_=json_)
        return 0
    report = await following.follow(ledger, report.id)
    report, adds_up = await ledger.reprocess.counted(report.id)
    if json_:
        showing.as_json(answers.run(report) | {"adds_up": adds_up})
    else:
        runs.show(report, adds_up=adds_up)
    return 0 if report.run.state is State.DONE else 1


async def _plan(ledger: "Ledger", media: tuple[str, ...], told: dict[str, Any]) -> Planned:
    rows = tuple(dict.fromkeys([(await one(ledger, id_)).id for id_ in media]))
    asked = Asked(
        **{name: told[name] or "" for name in ("workspace", "number", "state", "outcome", "kind")},
        since=told["since"],
        until=told["until"],
        media=rows,
        past_deadline=told["past_deadline"],
    )
    with showing.Progress("files looked at") as progress:
        found = await ledger.reprocess.plan(asked, progress=progress)
    return Planned(asked, found, told["rate"], await ledger.reprocess.recent_rate(), await ledger.now())


def show_plan(plan: Planned) -> None:
    """Say what would be done, what would not and why, and how long it takes."""
    found = plan.found
    showing.line(f"{words.many(found.selected, 'file')} selected, {words.count(found.eligible)} to be put back to work")
    for reason in runs.reasons(found.refusals):
        showing.line(f"  {reason}")
    if not found.eligible:
        return
    showing.line(f"  {_sizes(found)}")
    showing.line(f"  {_time(plan)}")
    if found.first_deadline is not None:
        over = "is past its time" if found.first_deadline <= plan.now else "expires"
        showing.line(f"  nearest to its end first; the first one {over}: {words.ago(found.first_deadline, plan.now)}")
    if found.eligible > FIRST:
        showing.line(f"  it begins with {FIRST} files and goes on only if most of them are attached")


def _sizes(found: Found) -> str:
    if found.sizes_unknown == found.eligible:
        return "their size is not known before they are asked for"
    known = f"{words.size(found.bytes)} declared"
    return f"{known}, and {words.many(found.sizes_unknown, 'file')} of unknown size" if found.sizes_unknown else known


def _time(plan: Planned) -> str:
    if plan.seconds is None:
        return "how long it takes is not known, as nothing was fetched of late; --rate sets a pace"
    pace = plan.rate or plan.recent or 0.0
    lately = "" if plan.rate else ", as of late"
    return f"about {words.duration(plan.seconds)} at {pace:,.3g} files a second{lately}"


def _begun(report: Report, plan: Planned, *, json_: bool) -> None:
    facts = answers.begun(report, plan.found, seconds=plan.seconds)
    if json_:
        showing.as_json(facts)
        return
    showing.line(f"{facts['id']}  {words.many(plan.found.eligible, 'file')} are being put back to work")
    for reason in runs.reasons(plan.found.refusals):
        showing.line(f"  {reason}")
    showing.line(f"  {_time(plan)}; `penstock reprocess show {facts['id']}` tells how far it is")


def _asks() -> bool:
    """Whether somebody is there to be asked."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr is not None and sys.stderr.isatty()


# -- webhooks that were not understood ------------------------------------------------------------


def _unread(*, json_: bool) -> None:
    read = session.with_ledger(_read)
    if json_:
        showing.as_json(structs.asdict(read))
        return
    if not read.bodies:
        showing.line("there was nothing to read again: every webhook has been understood")
        return
    showing.line(
        f"read {words.many(read.bodies, 'webhook')} again: {words.many(read.messages, 'new message')}, "
        f"{words.many(read.media, 'new file')}, {words.many(read.statuses, 'new status', 'new statuses')}"
    )
    if read.still_unread:
        showing.line(f"{words.many(read.still_unread, 'webhook')} still cannot be understood in full; nothing is lost")


async def _read(ledger: "Ledger") -> "Reread":
    from penstock.flow.registry import Registry
    from penstock.flow.rereading import read_unread

    with showing.Progress("webhooks read again") as progress:
        return await read_unread(ledger, Registry(ledger), progress=progress)
