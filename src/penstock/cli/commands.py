"""Which commands there are, and how click is bent to the house's ways.

A command's module is imported when the command runs, so that ``penstock --help`` and the quick commands stay quick.
Every command takes ``--config`` and ``--debug``. The words of the commands are in their own modules; this one only
repeats their one-line descriptions. Used by ``cli.main`` and by the families.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Any, NamedTuple

import click


@dataclass
class Run:
    """What was said about this run, before or after the command's name. It is click's ``obj``."""

    config: str | None = None
    debug: bool = False


class Entry(NamedTuple):
    """Where a command is, and its line in the list."""

    place: str  # module:attribute
    line: str


COMMANDS = {
    "serve": Entry("penstock.cli.serve:serve", "Receive, fetch and show, until told to stop."),
    "demo": Entry("penstock.cli.demo:demo", "Start Penstock beside a simulated Meta and watch files arrive."),
    "simulate": Entry("penstock.cli.simulate:simulate", "Run a simulated Meta on this machine."),
    "doctor": Entry("penstock.cli.doctor:doctor", "Check this machine and this installation, and say what to do."),
    "migrate": Entry(
        "penstock.cli.migrate:migrate", "Bring the database up to this release, or move it to PostgreSQL."
    ),
    "workspace": Entry("penstock.cli.provisioning:workspace", "Workspaces: whose files they are."),
    "app": Entry("penstock.cli.provisioning:app", "Meta apps: whose secret signs the webhooks."),
    "credential": Entry("penstock.cli.provisioning:credential", "Meta tokens that several numbers may share."),
    "number": Entry("penstock.cli.provisioning:number", "Business numbers: where their updates belong."),
    "token": Entry("penstock.cli.token:token", "API tokens: who may look and steer."),
    "status": Entry("penstock.cli.status:status", "How things stand, in one answer."),
    "gate": Entry("penstock.cli.gate:gate", "Gates: hold files back without losing one."),
    "recipe": Entry("penstock.cli.recipe:recipe", "Recipes: how files are fetched."),
    "rollout": Entry("penstock.cli.rollout:rollout", "Rollouts: change how files are fetched, step by step."),
    "incident": Entry("penstock.cli.incident:incident", "Incidents: what fails, since when, and why."),
    "trace": Entry("penstock.cli.trace:trace", "Traces: keep whole exchanges for a while, secrets taken out."),
    "media": Entry("penstock.cli.media:media", "Files: where each one stands."),
    "audit": Entry("penstock.cli.audit:audit", "Prove that every file is accounted for."),
    "changes": Entry("penstock.cli.changes:changes", "The audit log: who changed what, and why."),
    "erase": Entry("penstock.cli.erase:erase", "Take away everything that is kept of one customer."),
    "import": Entry("penstock.cli.importing:import_", "Bring media ids that somebody else failed to fetch."),
    "reprocess": Entry("penstock.cli.reprocess:reprocess", "Put files that were lost back to work, in bulk or one."),
    "backup": Entry("penstock.cli.backup:backup", "Copy a running instance, consistently."),
    "bench": Entry("penstock.cli.bench:bench", "Measure this machine against a floor."),
}


def _remember(ctx: click.Context, parameter: click.Parameter, value: object) -> None:
    if value:
        setattr(ctx.find_object(Run), parameter.name or "", value)


def _everywhere() -> list[click.Parameter]:
    return [
        click.Option(
            ["--config"],
            metavar="PATH",
            help="Settings file (TOML); otherwise penstock.toml here, if there is one.",
            expose_value=False,
            callback=_remember,
        ),
        click.Option(
            ["--debug"],
            is_flag=True,
            help="Show where an internal error happened.",
            expose_value=False,
            callback=_remember,
        ),
    ]


class Command(click.Command):
    """A command that takes --config and --debug, too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(_everywhere())


class Family(click.Group):
    """A group whose commands take --config and --debug."""

    command_class = Command


class Both(Family):
    """A command that has commands below it, too: it runs by itself when none of them is named."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.invoke_without_command, self.no_args_is_help = True, False
        self.params.extend(_everywhere())


class Root(click.Group):
    """The whole tree, its branches imported when they are asked for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(_everywhere())

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which a newcomer needs them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module."""
        del ctx
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.place.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, but a mistyped name finds the nearest one although nothing has been imported."""
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            raise click.exceptions.NoSuchCommand(error.command_name, possibilities=COMMANDS, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.line) for name, entry in COMMANDS.items()])
