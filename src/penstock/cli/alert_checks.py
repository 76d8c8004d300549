"""What ``penstock doctor`` asks of the alert targets: that they are named well, are told, and can be reached.

Nobody is paged: whether a target takes an alert is what ``penstock incident test-alert`` shows. Called by
``cli.doctor``.
"""

import asyncio

from penstock.cli import words
from penstock.cli.finding import Finding, fail, ok, warn
from penstock.core.errors import PenstockError
from penstock.settings import Settings


async def named(settings: Settings) -> list[Finding]:
    """Who is told of incidents."""
    if not settings.alerts:
        return []
    found = [ok("alerts", f"incidents are told to {words.many(len(settings.alerts), 'target')}")]
    for each in settings.alerts:
        if each.plain:
            advice = "use https: others on the way can read what is told, and change it"
            found.append(warn("alerts", f"{each.name} is told by plain http", advice))
    return found


async def told(settings: Settings) -> list[Finding]:
    """What the running instance last met at each target."""
    from penstock.wiring.stores import open_ledger

    if not settings.alerts:
        return []
    try:
        async with open_ledger(settings) as ledger:
            rows = await ledger.alerts.targets()
    except PenstockError:  # which the checks of the database tell
        return []
    known = {each.id for each in settings.alerts}
    advice = "mend it, then try it: `penstock incident test-alert --why TEXT`"
    return [
        (fail if row.lasting else warn)("alerts", f"{row.name} takes nothing: {row.error}", advice)
        for row in rows
        if row.id in known and row.error is not None
    ]


async def reach(settings: Settings) -> list[Finding]:
    """Whether each target's address answers, and with a valid certificate."""
    from penstock.wiring.notifying import open_targets

    if not settings.alerts:
        return []
    try:
        targets = open_targets(settings)
    except PenstockError as error:
        return [fail("alert targets", str(error), "without it webhooks cannot be signed")]
    reasons = await asyncio.gather(*(target.notifier.reach() for target in targets))
    return [
        ok("alert targets", f"{target.name} answers")
        if reason is None
        else fail("alert targets", f"{target.name}: {reason}", "check DNS, firewall and PENSTOCK_ALERTS")
        for target, reason in zip(targets, reasons, strict=True)
    ]
