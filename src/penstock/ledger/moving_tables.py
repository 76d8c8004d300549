"""What a move to PostgreSQL takes along: every table of the embedded schema, in order, or the reason why one stays.

The columns and the keys are not listed here: they are read from the two databases, so a new column comes along by
itself. A new table must be named here; a test says so. Used by ``ledger.moving``.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Table(NamedTuple):
    """A table that is copied."""

    name: str
    renamed: Mapping[str, str] = {}  # a column of the source → its name in the target
    given: Mapping[str, str] = {}  # a column that only the target has → the source's column whose value it gets
    prefilled: bool = False  # the target's schema comes with a row in it, which makes room


# In this order: a row comes after those that it refers to.
COPIED = (
    Table("provisioning", renamed={"only": "only_row"}, prefilled=True),
    Table("workspaces"),
    Table("apps"),
    Table("credentials"),
    Table("numbers"),
    Table("api_tokens"),
    Table("gates"),
    Table("audit_head", prefilled=True),
    Table("audit_log"),
    Table("webhooks"),
    Table("strays"),
    Table("conversations"),
    Table("aliases"),
    Table("messages"),
    Table("statuses"),
    Table("imports"),
    Table("media"),
    Table("fetches"),
    Table("attempts"),
    Table("departed"),
    Table("doomed"),
    Table("reprocess_runs"),
    Table("reprocess_items"),
    Table("incidents"),
    Table("incident_events"),
    Table("alert_targets"),
    Table("watch_hours"),
    Table("probe_files"),
    Table("recipes", prefilled=True),
    Table("recipe_in_use", prefilled=True),
    Table("rollouts"),
    Table("arrival_hours"),
    Table("burn_minutes"),
    Table("traces"),
    Table("trace_exchanges"),
    # In SQLite an event's row is its place in the feed; whoever has read up to there goes on from there.
    Table("events", given={"position": "id"}),
)

LEFT_BEHIND = {
    "migrations": "the target has been brought up by its own",
    "processes": "none of the source's is alive",
    "leaders": "whoever leads will be one of the target's processes",
    "door_minutes": "it counts the last minutes of the source's receivers",
    "moves": "it is about this move",
    "move_steps": "it is about this move",
}

TARGETS_OWN = {
    "stamps": "set to the last position of the copied feed when the move ends",
    "probes": "written by whoever asks whether something can be stored",
}
