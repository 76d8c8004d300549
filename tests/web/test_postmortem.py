"""The report on an incident as one page."""

from penstock.core.postmortem import Mark, Section
from penstock.web.postmortem import html


def test_the_page_needs_nothing_else_and_repeats_nobodys_markup() -> None:
    parts = [Section("Cause", ("It was <script>alert(1)</script>.",)), Section("Actions", (), ("By",), (("a & b",),))]
    page = html("Incident 3", parts, [Mark(0.0, "Onset", "10:00"), Mark(1.0, "Closed", "12:14")], "2026-11-23")

    assert "<script" not in page
    assert "http" not in page
    assert "It was &lt;script&gt;" in page
    assert "<td>a &amp; b</td>" in page
    assert 'aria-label="Timeline: Onset at 10:00, Closed at 12:14"' in page
    assert 'text-anchor="end">Closed · 12:14</text>' in page


def test_without_moments_nothing_is_drawn() -> None:
    assert "<svg" not in html("For acme", [Section("What happened", ("Nothing.",))], (), "2026-11-23")
