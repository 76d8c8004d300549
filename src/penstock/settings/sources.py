"""Where settings come from: ``PENSTOCK_*`` variables before a TOML file before the defaults.

For files in a bucket, the ``AWS_*`` variables are read, too, as every S3 tool reads them (``settings.aws``). Whatever
is unknown or malformed raises WrongUse with one line that names the setting, what was given (never a secret) and what
is expected. Called once, at the start of a command.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from penstock.core.errors import WrongUse
from penstock.settings.aws import S3Url, access
from penstock.settings.model import PREFIX, RULES, Settings

_FILE = "penstock.toml"
_CONFIG = PREFIX + "CONFIG"
# Kubernetes puts such variables into every pod when a service is named "penstock" or "penstock-…".
_SERVICE_LINK = re.compile(r"PENSTOCK_([A-Z0-9_]+_)?(SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)|PORT(_[0-9]+_[A-Z0-9_]+)?)")
_SERVICE_VALUE = re.compile(r"(tcp|udp|sctp)(://.*)?|[0-9]{1,5}|[0-9a-f.:]+")


def load(environ: Mapping[str, str] | None = None, *, config: str | None = None) -> Settings:
    """The settings of this process. Raises WrongUse.

    ``config`` (or else PENSTOCK_CONFIG) names a TOML file that must be there; without one, a ``penstock.toml`` in the
    working directory is read if there is one.
    """
    variables = os.environ if environ is None else environ
    named = config if config is not None else variables.get(_CONFIG)
    texts: dict[str, tuple[str, str]] = {}  # setting → (its name for people, its text)
    if named is not None or _is_here(_FILE):
        texts |= _from_file(Path(named if named is not None else _FILE))
    texts |= _from_environment(variables)
    found: dict[str, Any] = {key: _parsed(key, *where_and_text) for key, where_and_text in texts.items()}
    if isinstance(bucket := found.get("blobs_url"), S3Url):
        found["blobs_url"] = bucket._replace(access=access(variables))
    settings = Settings(**found)
    _check_together(settings, texts)
    return settings


def _is_here(name: str) -> bool:
    try:
        return Path(name).exists()
    except OSError as error:  # the working directory may not be looked into
        raise WrongUse(f"the settings file {name} cannot be looked for: {error.strerror}") from error


def _from_environment(variables: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    texts = {}
    for name in sorted(variables):
        if not name.startswith(PREFIX) or name == _CONFIG or _is_service_link(name, variables[name]):
            continue
        key = name.removeprefix(PREFIX).lower()
        if key not in RULES or name != PREFIX + key.upper():
            raise WrongUse(f"there is no setting {_shown(name)[1:-1]}{_meant(name.upper(), PREFIX)}")
        texts[key] = (name, variables[name])
    return texts


def _is_service_link(name: str, value: str) -> bool:
    """PENSTOCK_PORT=tcp://10.0.0.1:80 is nobody's setting; PENSTOCK_PORT=8080 is somebody's mistake."""
    if name == PREFIX + "PORT":
        return "://" in value
    return bool(_SERVICE_LINK.fullmatch(name) and _SERVICE_VALUE.fullmatch(value))


def _from_file(path: Path) -> dict[str, tuple[str, str]]:
    texts = {}
    for key, value in _read(path).items():
        if key not in RULES:
            raise WrongUse(f"there is no setting {_shown(key)} in {path}{_meant(key.lower(), '')}")
        texts[key] = (f"{key} in {path}", _as_text(key, value, path))
    return texts


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise WrongUse(f"the settings file {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise WrongUse(f"the settings file {path} is not a text in UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        # Only the place is repeated: the text around it may be a secret.
        place = re.search(r"\((at [^()]*)\)$", str(error))
        where = f", {place[1]}" if place else ""
        raise WrongUse(f"the settings file {path} is not valid TOML{where}") from error


def _as_text(key: str, value: object, path: Path) -> str:
    """A TOML value as the environment would hold it."""
    rule = RULES[key]
    if isinstance(value, list) and list in rule.toml and all(isinstance(each, str) for each in value):
        return ",".join(value)
    if type(value) in rule.toml and not isinstance(value, list):
        return str(value)
    kinds = {str: "a string", int: "a whole number", bool: "true or false", list: "a list of strings"}
    expected = " or ".join(kinds[kind] for kind in rule.toml)
    raise WrongUse(f"{key} in {path} must be {expected}")


def _parsed(key: str, name: str, text: str) -> object:
    rule = RULES[key]
    try:
        return rule.parse(text)
    except ValueError as error:
        given = "not in its form" if rule.secret else _shown(text)
        raise WrongUse(f"{name} is {given}, but it must be {error}") from None


def _check_together(settings: Settings, texts: Mapping[str, tuple[str, str]]) -> None:
    if settings.database_file is None and not settings.secret_key:
        raise WrongUse(
            f"{PREFIX}SECRET_KEY is not set, but with PostgreSQL it must be, to the same on every machine; "
            "`openssl rand -base64 32` makes a good one"
        )
    if settings.graph_url.startswith("http://") and not settings.allow_insecure_upstream:
        name, text = texts["graph_url"]
        raise WrongUse(
            f"{name} is {_shown(text)}, but it must be https://; plain http is for the simulator and tests, "
            f"with {PREFIX}ALLOW_INSECURE_UPSTREAM=1"
        )


def _shown(text: str) -> str:
    """What was given, on one line, cut, and without anything that may be a password."""
    cut = re.sub(r"//[^/]*@", "//…@", text)
    cut = re.sub(r"\?.*", "?…", cut, flags=re.DOTALL)
    return repr(cut if len(cut) <= 80 else cut[:79] + "…")  # repr spells line breaks out


def _meant(name: str, prefix: str) -> str:
    import difflib  # only needed for a mistake

    known = [key.upper() if prefix else key for key in RULES]
    close = difflib.get_close_matches(name.removeprefix(prefix), known, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {prefix}{close[0]}?"
    return f"; the settings are {', '.join(prefix + each for each in known)}"
