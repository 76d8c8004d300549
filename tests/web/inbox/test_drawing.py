"""From views to HTML: everything is escaped, links are harmless, the colours can be read."""

import re
from importlib.resources import files

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.ledger.rows import Conversation
from penstock.web.inbox.drawing import HEADERS, Drawing, linked, title_of
from penstock.web.problems import ProblemError

TALK = Conversation(1, "acme", "1", "", "15550001234", False, 0.0, None, "text", "in", 0)


def test_addresses_become_links_that_tell_nobody_where_one_comes_from() -> None:
    html = linked("see https://example.com/a?b=1&c=2, or (http://example.org).")

    assert html.count("<a ") == 2
    assert 'href="https://example.com/a?b=1&amp;c=2"' in html
    assert html.count('rel="noopener noreferrer nofollow ugc"') == 2
    assert html.endswith(">http://example.org</a>).")


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", 'https://x/"onmouseover="alert(1)', "javascript:alert(1)", "https://x/<b>"]
)
def test_a_text_never_becomes_markup(text: str) -> None:
    html = str(linked(text))

    assert "<script" not in html
    assert "<b>" not in html
    assert not re.search(r"<a [^>]*onmouseover", html)
    assert 'href="javascript' not in html


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_a_text_without_addresses_is_only_escaped(text: str) -> None:
    html = str(linked(text.replace("://", "")))

    assert "<" not in html
    assert '"' not in html


@pytest.mark.parametrize(
    ("changed", "title"),
    [
        ({"title": "Ada"}, "Ada"),
        ({"title": "  "}, "+15550001234"),
        ({"contact": "US.1000"}, "US.1000"),
        ({"contact": ""}, "Somebody"),
        ({"is_group": True, "contact": "12036304"}, "A group"),
    ],
)
def test_a_conversation_is_called_by_the_best_name_there_is(changed: dict[str, object], title: str) -> None:
    assert title_of(msgspec.structs.replace(TALK, **changed)) == title


def test_a_problem_is_a_page_with_its_sentence() -> None:
    response = Drawing(stamp="x").problem(ProblemError(404, "there is <nothing>", do="go back"))

    assert response.status_code == 404
    assert b"There is &lt;nothing&gt;." in response.body
    assert b"Go back." in response.body


def test_pages_run_our_own_script_only_and_are_never_framed_or_kept() -> None:
    policy = HEADERS["Content-Security-Policy"]

    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert HEADERS["Cache-Control"] == "no-store"


def test_no_template_has_scripts_or_styles_in_it() -> None:
    for file in (files("penstock.web") / "templates").iterdir():
        text = file.read_text("utf-8")
        if file.name == "postmortem.html":
            continue  # a report is a page by itself, to be sent by mail: nothing serves it
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text), file.name
        assert all('src="/static/' in script for script in re.findall(r"<script[^>]*>", text)), file.name


# -- colours --------------------------------------------------------------------------------

CSS = (files("penstock.web") / "static" / "inbox.css").read_text("utf-8")
COLOURS = {
    name: [tuple(float(part) for part in each.split()) for each in re.findall(r"oklch\(([^)]*)\)", value)]
    for name, value in re.findall(r"--([a-z-]+): light-dark\((.*)\);", CSS)
}


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "surface", "raised", "accent-soft"])
def test_text_and_states_can_be_read_on_every_ground(scheme: int, ground: str) -> None:
    for text, least in {
        "ink": 7,
        "dim": 7,
        "accent": 4.5,
        "held": 4.5,
        "lost": 4.5,
        "attached": 4.5,
        "waiting": 4.5,
    }.items():
        contrast = _contrast(COLOURS[text][scheme], COLOURS[ground][scheme])
        assert contrast >= least, f"{text} on {ground}: {contrast:.1f}"


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_what_a_button_says_can_be_read(scheme: int) -> None:
    assert _contrast(COLOURS["on-accent"][scheme], COLOURS["accent"][scheme]) >= 4.5


def test_there_are_four_sizes_of_text_and_no_other() -> None:
    sizes = set(re.findall(r"font(?:-size)?:[^;{}]*?([\d.]+(?:px|rem|em|pt|%))", CSS))

    assert sizes == set()
    assert dict(re.findall(r"--(small|body|text|title): ([\d.]+rem);", CSS)) == {
        "small": "0.75rem",
        "body": "0.875rem",
        "text": "1rem",
        "title": "1.375rem",
    }


def _contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    light, dark = sorted((_luminance(*one), _luminance(*other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(lightness: float, chroma: float, hue: float) -> float:
    """Relative luminance of an oklch colour, by way of linear sRGB."""
    from math import cos, radians, sin

    a, b = chroma * cos(radians(hue)), chroma * sin(radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short
    red, green, blue = (min(1.0, max(0.0, each)) for each in (red, green, blue))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
