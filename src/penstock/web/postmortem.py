"""The report on an incident as one HTML page that needs nothing else: with its timeline drawn.

The page may be sent by e-mail or kept in a folder, so its style is in it and it has no script. What it says is
``core.postmortem``'s. Called by ``cli.incident``.
"""

from collections.abc import Sequence
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from penstock.core.postmortem import Mark, Section

_LINE_FROM, _LINE_WIDTH = 24.0, 672.0  # px of 720
_ROW_HEIGHT = 20.0


class _Drawn(NamedTuple):
    x: float
    y: float
    anchor: str
    label: str
    at: str


def html(heading: str, parts: Sequence[Section], marks: Sequence[Mark], made_at: str) -> str:
    """The whole page."""
    environment = Environment(
        loader=PackageLoader("penstock.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    drawn = [
        _Drawn(
            round(_LINE_FROM + mark.place * _LINE_WIDTH, 1),
            24 + nth * _ROW_HEIGHT,
            "end" if mark.place > 0.6 else "start",
            mark.label,
            mark.at,
        )
        for nth, mark in enumerate(marks)
    ]
    page = environment.get_template("postmortem.html")
    return page.render(heading=heading, parts=parts, marks=drawn, height=24 + len(drawn) * _ROW_HEIGHT, made_at=made_at)
