"""``penstock rollout``: bring a recipe to everybody step by step, and see with which evidence it goes on.

It goes on by itself in the running instance, and is taken back by itself; these commands start it, and move it by hand.
Thin words around ``controls.rollouts.operating``.
"""

from typing import TYPE_CHECKING

import click

from penstock.cli import answers, arguments, session, showing, words
from penstock.cli.commands import Family
from penstock.controls.rollouts.kept import evidence
from penstock.core.rollout import FEW, Move
from penstock.core.staging import Rollout

if TYPE_CHECKING:
    from penstock.ledger.book import Ledger

_why = click.option("--why", required=True, metavar="TEXT", help="Why: kept in the audit log, and shown to others.")


@click.group(cls=Family)
def rollout() -> None:
    """Rollouts: change how files are fetched step by step, and take it back by itself."""


@rollout.command("start")
@click.argument("recipe")
@_why
@click.option("--files", type=click.IntRange(1, 1_000), default=FEW, show_default=True, help="That must come out same.")
@click.option(
    "--outcomes",
    type=click.IntRange(1, 1_000_000),
    help="So many suffice at every stage, for little traffic: fewer prove less.",
)
@click.option("--without-test", is_flag=True, help="Compare no files of test workspaces; rehearse its requests only.")
@click.option("--only-test", is_flag=True, help="Rehearse: stay with the test workspaces until it is moved by hand.")
@arguments.as_json
def start(
    recipe: str, why: str, files: int, outcomes: int | None, without_test: bool, only_test: bool, json_: bool
) -> None:
    """Begin to roll out a recipe: fast/2, or fast for its newest version."""

    async def work(ledger: "Ledger") -> tuple[Rollout, bool]:
        from penstock.controls.rollouts.operating import Operating, Order

        order = Order(
            recipe=recipe,
            by=session.who(),
            why=why,
            files=files,
            outcomes=outcomes,
            without_test=without_test,
            only_test=only_test,
        )
        made = await Operating(ledger).start(order)
        return made, bool(await ledger.processes.alive(now=await ledger.now()))

    made, running = session.with_ledger(work)
    if not running:
        showing.note("nothing is running: the rollout goes on once `penstock serve` is started")
    if json_:
        showing.as_json(answers.rollout(made))
        return
    test = "its requests are rehearsed" if without_test else f"{', '.join(made.test_workspaces)} first"
    showing.line(f"Rollout {made.id} of {made.recipe} began, in place of {made.previous}: {test}.")
    goes = "It stays there until it is moved by hand" if only_test else "It goes on by itself as the evidence suffices"
    showing.line(f"{goes}: see `penstock rollout status`.")


def _by_hand(move: Move, text: str) -> click.Command:
    """A command that moves the rollout under way."""

    @rollout.command(move.value, help=text)
    @_why
    @arguments.as_json
    def command(why: str, json_: bool) -> None:
        async def work(ledger: "Ledger") -> Rollout:
            from penstock.controls.rollouts.operating import Operating

            return await Operating(ledger).move(move, by=session.who(), why=why)

        row = session.with_ledger(work)
        if json_:
            showing.as_json(answers.rollout(row))
            return
        showing.line(f"Rollout {row.id} of {row.recipe} {standing(row)}. It works everywhere within a second.")

    return command


_by_hand(Move.ADVANCE, "Go on to the next stage without waiting for the evidence.")
_by_hand(Move.PAUSE, "Let it reach nobody new until it is resumed.")
_by_hand(Move.RESUME, "Go on after a pause.")
_by_hand(Move.ROLL_BACK, "Take it back from everybody at once; what it has not fetched goes on with the recipe before.")


@rollout.command("status")
@arguments.as_json
def status(json_: bool) -> int:
    """Show the rollout that is under way, or the last one, with the evidence in words."""

    async def work(ledger: "Ledger") -> tuple[Rollout, float]:
        from penstock.controls.rollouts.operating import Operating

        return await Operating(ledger).latest(), await ledger.now()

    row, now = session.with_ledger(work)
    if json_:
        showing.as_json(answers.rollout(row))
        return 0
    showing.line(f"Rollout {row.id} of {row.recipe} {standing(row)}, {words.ago(row.since, now)}.")
    if row.reason:
        showing.line(f"  {row.reason}")
    if row.running and (told := evidence(row)) not in row.reason:
        showing.line(f"  {told}")
    showing.line(f"  In place of {row.previous}, by {row.by}, begun {words.ago(row.started_at, now)}: {row.why}")
    return 0


@rollout.command("list")
@click.option("--limit", type=click.IntRange(1, 1_000), default=20, show_default=True, help="The newest so many.")
@arguments.as_json
def list_rollouts(limit: int, json_: bool) -> None:
    """List rollouts, the newest first."""

    async def work(ledger: "Ledger") -> tuple[list[Rollout], float]:
        return await ledger.rollouts.latest(limit=limit), await ledger.now()

    rows, now = session.with_ledger(work)
    if json_:
        showing.as_json({"rollouts": [answers.rollout(row) for row in rows]})
        return
    cells = [
        [
            str(row.id),
            row.recipe,
            row.previous,
            row.shown_stage,
            words.ago(row.started_at, now),
            words.count(row.progress.outcomes),
            words.count(row.progress.failures),
            row.by,
            row.reason,
        ]
        for row in rows
    ]
    columns = ["ID", "RECIPE", "BEFORE", "STAGE", "BEGUN", "OUTCOMES", "FAILURES", "BY", "LAST CHANGE"]
    showing.table(columns, cells, empty="there was no rollout yet", right=["ID", "OUTCOMES", "FAILURES"])


def standing(row: Rollout) -> str:
    """Where a rollout is, as the end of a sentence."""
    if not row.running:
        return {"done": "is done: everybody has it"}.get(row.stage, "was rolled back")
    where = "is tried on test workspaces" if row.stage == "test" else f"is at {row.stage} %"
    return f"is paused at {row.stage}{'' if row.stage == 'test' else ' %'}" if row.paused else where
