"""``penstock doctor``: examines this machine and this installation, and says what to do.

One line for each finding: ok, warn or fail. Exit code 1 when something fails. It works beside a running instance,
changes nothing, and asks nobody on the network but the database and the bucket unless told to. The checks are in
``machine_checks``, ``instance_checks`` and ``alert_checks``; a new one is a function in ``CHECKS``.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import click

from penstock.cli import alert_checks, arguments, instance_checks, machine_checks, session, showing, words
from penstock.cli.commands import Command
from penstock.cli.finding import Finding, fail
from penstock.core.errors import WrongUse
from penstock.settings import Settings

Check = Callable[[Settings], Awaitable[Sequence[Finding]]]

CHECKS: tuple[Check, ...] = (
    machine_checks.python,
    machine_checks.libraries,
    machine_checks.descriptors,
    machine_checks.clock,
    machine_checks.room,
    instance_checks.database,
    instance_checks.files,
    instance_checks.listening,
    instance_checks.public_address,
    instance_checks.upstream,
    instance_checks.own_requests,
    alert_checks.named,
    alert_checks.told,
)
ONLINE: tuple[Check, ...] = (machine_checks.reach, alert_checks.reach)


@click.command(cls=Command)
@click.option(
    "--online",
    is_flag=True,
    help="Also connect to Graph's address and the alert targets (no request is made, nobody is paged).",
)
@arguments.as_json
def doctor(online: bool, json_: bool) -> int:
    """Check this machine and this installation, and say what to do. Exits with 1 when something fails."""
    settings: Settings | None = None
    try:
        settings = session.settings()
        findings = asyncio.run(_examine(settings, CHECKS + (ONLINE if online else ())))
    except WrongUse as error:
        findings = [fail("settings", str(error), "correct it; nothing else can be checked before")]
    sound = all(finding.state != "fail" for finding in findings)
    if json_:
        showing.as_json(
            {
                "ok": sound,
                "checks": [_facts(finding) for finding in findings],
                "settings": summary(settings) if settings else {},
            }
        )
    else:
        _show(findings, settings)
    return 0 if sound else 1


def summary(settings: Settings) -> dict[str, str]:
    """Every setting as text; of secret ones only whether they are set."""
    from penstock.settings.model import PREFIX, RULES

    shown = {}
    for name, rule in RULES.items():
        value = getattr(settings, name)
        if value is None or value == ():
            shown[PREFIX + name.upper()] = f"not set ({rule.default})"
        elif rule.secret:
            shown[PREFIX + name.upper()] = "set" if isinstance(value, str) else f"set ({len(value)})"
        elif isinstance(value, tuple) and not hasattr(value, "_fields"):
            shown[PREFIX + name.upper()] = ",".join(value)
        else:
            shown[PREFIX + name.upper()] = str(int(value)) if isinstance(value, bool) else str(value)
    return shown


async def _examine(settings: Settings, checks: Sequence[Check]) -> list[Finding]:
    findings: list[Finding] = []
    for check in checks:
        try:
            findings += await check(settings)
        except Exception as error:  # noqa: BLE001 -- one check that breaks must not hide what the others find
            name = getattr(check, "__name__", "check").replace("_", " ")
            findings.append(
                fail(name, f"could not be checked: {str(error) or type(error).__name__}", "mend this first")
            )
    return findings


def _facts(finding: Finding) -> dict[str, str]:
    return {
        "name": finding.name,
        "state": finding.state,
        "found": words.plain(finding.found),
        "advice": finding.advice,
    }


def _show(findings: Sequence[Finding], settings: Settings | None) -> None:
    for finding in findings:
        advice = f" → {finding.advice}" if finding.advice else ""
        showing.line(f"{finding.state:<5}{finding.name:<22}{finding.found}{advice}", style=finding.state)
    if settings is not None:
        showing.line()
        for name, value in summary(settings).items():
            showing.line(f"     {name:<34}{value}")
    showing.line()
    counts = [sum(finding.state == state for finding in findings) for state in ("ok", "warn", "fail")]
    showing.line("{} ok, {} to look at, {} failed".format(*counts))
