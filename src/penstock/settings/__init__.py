"""What an operator may set, read once at the start: environment variables and a TOML file, checked, as one value.

Nothing below this room reads configuration; ``wiring`` hands every part what it needs. Called by ``wiring``, ``cli``,
``demo`` and ``bench``.
"""

from penstock.settings.alert_targets import AlertTarget, alert_targets
from penstock.settings.aws import AwsAccess, S3Url
from penstock.settings.model import PREFIX, Settings
from penstock.settings.postgres_url import PostgresUrl
from penstock.settings.sources import load
from penstock.settings.values import Bind, FolderUrl, SqliteUrl

__all__ = [
    "PREFIX",
    "AlertTarget",
    "AwsAccess",
    "Bind",
    "FolderUrl",
    "PostgresUrl",
    "S3Url",
    "Settings",
    "SqliteUrl",
    "alert_targets",
    "load",
]
