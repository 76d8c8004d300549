"""A recipe: a named, versioned way to fetch, as data: an implementation by its name, and its parameters.

What is not given is as the settings of the installation have it. A version is never changed once it is made, so what an
attempt names is what was used. Values and their checks; which recipe an item gets is decided in ``core.staging``, and
what an implementation is, in ``wiring.recipes``. Used by ``ledger.recipes`` and everything above.
"""

import re

import msgspec

from penstock.core import hosts
from penstock.core.errors import WrongUse

BUILT_IN = "declared"  # the implementation that this release brings

_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
_IMPLEMENTATION = re.compile(r"[a-z][a-z0-9._-]{0,62}")
_LABEL = re.compile(rf"({_NAME.pattern})/([1-9][0-9]{{0,8}})")
_VERSION = re.compile(r"v[0-9]{1,3}\.[0-9]{1,2}")
_AGENT = re.compile(r"[!-~](?:[ -~]{0,198}[!-~])?")

# The bounds of what is a number; whole ones are counts.
_BOUNDS: dict[str, tuple[float, float]] = {
    "head_s": (1.0, 300.0),
    "file_s": (1.0, 3_600.0),
    "concurrency": (1, 4_096),
    "error_budget": (0, 1_000),
}


class Parameters(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a recipe does otherwise than the installation; None is the installation's own setting."""

    graph_version: str | None = None
    graph_url: str | None = None
    head_s: float | None = None  # from the start of a request to the end of its answer's headers
    file_s: float | None = None  # for a file's body, before what its size adds
    use_url_hint: bool = True  # download from the URL of the webhook, without a look-up
    concurrency: int | None = None  # requests at once, per process
    error_budget: int | None = None  # failing look-ups of a number in an hour; 0 is no budget
    user_agent: str | None = None


class Recipe(msgspec.Struct, frozen=True):
    """A version of a recipe."""

    name: str
    version: int
    implementation: str = BUILT_IN
    parameters: Parameters = Parameters()

    @property
    def label(self) -> str:
        """By which attempts name it: ``standard/1``."""
        return f"{self.name}/{self.version}"


STANDARD = Recipe("standard", 1)  # the settings of the installation, by what this release brings


def check(recipe: Recipe, *, insecure: bool = False) -> None:
    """Raise WrongUse unless the recipe can be used; ``insecure`` permits an upstream without TLS."""
    if not _NAME.fullmatch(recipe.name):
        raise WrongUse("a recipe's name is lower-case letters, digits and hyphens, at most 63, beginning with a letter")
    if not _IMPLEMENTATION.fullmatch(recipe.implementation):
        raise WrongUse("an implementation is named as it is installed: lower-case letters, digits, dots, hyphens")
    given = recipe.parameters
    if given.graph_version is not None and not _VERSION.fullmatch(given.graph_version):
        raise WrongUse(f"a version of Graph is written like v26.0, not {given.graph_version[:40]!r}")
    if given.graph_url is not None:
        _check_url(given.graph_url, insecure=insecure)
    if given.user_agent is not None and not _AGENT.fullmatch(given.user_agent):
        raise WrongUse("a User-Agent is 1 to 200 printable ASCII characters without spaces around them")
    for name, (least, most) in _BOUNDS.items():
        value = getattr(given, name)
        if value is not None and not least <= value <= most:
            raise WrongUse(f"{name} is from {least:g} to {most:g}, not {value:g}")


def read_label(text: str) -> tuple[str, int | None]:
    """Name and version of ``fast/2``; of ``fast`` alone the version is None: the newest. Raises WrongUse."""
    if _NAME.fullmatch(text):
        return text, None
    found = _LABEL.fullmatch(text)
    if found is None:
        raise WrongUse(f"a recipe is named like fast or fast/2, not {text[:80]!r}")
    return found[1], int(found[2])


def _check_url(url: str, *, insecure: bool) -> None:
    web = hosts.read(url)
    if web is None or web.query:
        raise WrongUse("the address of Graph is https://, a host, and a path or none")
    if web.scheme != "https" and not insecure:
        raise WrongUse("the address of Graph begins with https:// (PENSTOCK_ALLOW_INSECURE_UPSTREAM permits http)")
