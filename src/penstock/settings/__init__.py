"""What an operator may set, read once at the start: environment variables and a TOML file, checked, as one value.

Nothing below this room reads configuration; ``wiring`` hands every part what it needs. Called by ``wiring``, ``cli``,
``demo`` and ``bench``.
"""

from penstock.settings.model import PREFIX, Settings
from penstock.settings.sources import load
from penstock.settings.values import Bind, FolderUrl, SqliteUrl

__all__ = ["PREFIX", "Bind", "FolderUrl", "Settings", "SqliteUrl", "load"]
