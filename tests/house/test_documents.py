"""The documents are short, complete and true: commands and targets exist, links resolve, words are in use."""

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import penstock
from penstock.cli.main import root as command_line
from penstock.core.media import State, Step
from penstock.core.work import Outcome
from penstock.settings.model import PREFIX, RULES

LIMITS = {"README.md": 120, "ARCHITECTURE.md": 150, "CONTRIBUTING.md": 80}
DECISION_LINES = 40
DECISION_PARTS = ["## Context", "## Choice", "## What we gave up"]
DRAWN = {"commands.md"}  # from the very source that it would be compared with

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_TERM = re.compile(r"\*\*([^*]+)\*\*")


@pytest.fixture(scope="module")
def documents(root: Path) -> dict[str, str]:
    """Every page, by its path."""
    pages = [*root.glob("*.md"), *(root / "docs").rglob("*.md")]
    return {str(page.relative_to(root)): page.read_text("utf-8") for page in sorted(pages)}


# -- length and form ------------------------------------------------------------------------


def test_the_pages_that_everybody_reads_are_short(documents: dict[str, str]) -> None:
    assert {page: len(documents[page].splitlines()) for page in LIMITS if _lines(documents[page]) > LIMITS[page]} == {}


def test_every_decision_record_has_its_three_parts_on_one_short_page(documents: dict[str, str]) -> None:
    for page, text in _decisions(documents).items():
        assert _lines(text) <= DECISION_LINES, page
        assert [line for line in text.splitlines() if line.startswith("## ")] == DECISION_PARTS, page
        parts = re.split(r"^## .*$", text, flags=re.MULTILINE)
        assert all(part.strip() for part in parts), page


def test_decision_records_are_numbered_without_gaps_and_listed(documents: dict[str, str]) -> None:
    records = sorted(_decisions(documents))
    index = documents["docs/decisions/README.md"]

    assert [int(Path(page).name[:4]) for page in records] == list(range(1, len(records) + 1))
    assert [page for page in records if f"({Path(page).name})" not in index] == []


def test_the_changelog_names_this_version(documents: dict[str, str], root: Path) -> None:
    package = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]

    assert penstock.__version__ == package["version"]
    assert f"## [{penstock.__version__}]" in documents["CHANGELOG.md"]


def test_what_is_drawn_from_the_source_is_up_to_date(root: Path) -> None:
    run = subprocess.run(
        [sys.executable, str(root / "tools" / "draw_docs.py")], capture_output=True, text=True, check=False
    )

    assert run.returncode == 0, run.stderr


# -- truth ----------------------------------------------------------------------------------


def test_every_make_target_that_a_page_names_exists(documents: dict[str, str], root: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text("utf-8"), re.MULTILINE))
    unknown = [
        f"{page}: make {name}"
        for page, text in documents.items()
        for line in _code(text)
        for name in re.findall(r"(?:^|[;&|] *)make ([a-z-]+)", line)
        if name not in targets
    ]

    assert unknown == []


def test_the_readme_has_the_two_commands(documents: dict[str, str]) -> None:
    lines = [line.split("#")[0].strip() for line in _code(documents["README.md"])]

    assert "make demo" in lines
    assert "make test" in lines


def test_every_target_has_a_line_in_make_help(root: Path) -> None:
    makefile = (root / "Makefile").read_text("utf-8")
    phony = set(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split())

    assert set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE)) == phony


def test_every_command_that_a_page_names_exists_with_its_options(documents: dict[str, str]) -> None:
    wrong = [
        f"{page}: {line.strip()} ({problem})"
        for page, text in documents.items()
        if Path(page).name not in DRAWN
        for line in _code(text)
        for problem in _problems(line)
    ]

    assert wrong == []


def test_every_setting_that_a_page_names_exists(documents: dict[str, str]) -> None:
    known = {PREFIX + key.upper() for key in RULES} | {PREFIX, PREFIX + "CONFIG"}
    unknown = [
        f"{page}: {name}"
        for page, text in documents.items()
        for name in re.findall(rf"\b{PREFIX}[A-Z_]*", text)
        if name not in known
    ]

    assert unknown == []


def test_every_link_leads_somewhere(documents: dict[str, str], root: Path) -> None:
    dead = []
    for page, text in documents.items():
        for target in _LINK.findall(_FENCE.sub("", text)):
            path, _, anchor = target.partition("#")
            if "://" in target:
                continue
            there = (root / page).parent / path if path else root / page
            if not there.exists() or (anchor and anchor not in _anchors(there.read_text("utf-8"))):
                dead.append(f"{page}: {target}")

    assert dead == []


def test_every_file_that_a_page_names_exists(documents: dict[str, str], root: Path) -> None:
    places = [root, root / "src" / "penstock"]
    missing = [
        f"{page}: {name}"
        for page, text in documents.items()
        for name in _INLINE.findall(_FENCE.sub("", text))
        if re.fullmatch(r"[\w-]+(/[\w.-]+)*/([\w-]+\.(py|md|sql|txt))?", name)
        if not any((place / name).exists() for place in places)
    ]

    assert missing == []


# -- words ----------------------------------------------------------------------------------


def test_every_word_of_the_glossary_is_in_use(documents: dict[str, str], modules: list[Path]) -> None:
    elsewhere = "\n".join(
        [path.read_text("utf-8") for path in modules]
        + [text for page, text in documents.items() if page != "docs/glossary.md"]
    ).lower()
    unused = [
        term
        for term in _terms(documents["docs/glossary.md"])
        if not any(form in elsewhere for form in {term.lower(), re.sub(r"[- ]", "_", term.lower())})
    ]

    assert unused == []


def test_every_state_step_and_outcome_is_in_the_glossary(documents: dict[str, str]) -> None:
    glossary = documents["docs/glossary.md"].lower()
    terms = {term.lower() for term in _terms(glossary)}

    assert {member.value for kind in (State, Outcome) for member in kind} - terms == set()
    assert [step.value for step in Step if step.value.split()[-1] not in glossary] == []


def test_no_word_is_explained_twice(documents: dict[str, str]) -> None:
    explained = re.findall(r"^- \*\*([^*]+)\*\*", documents["docs/glossary.md"], re.MULTILINE)

    assert sorted(explained) == sorted(set(explained))


# -- how pages are read ---------------------------------------------------------------------


def _lines(text: str) -> int:
    return len(text.splitlines())


def _decisions(documents: dict[str, str]) -> dict[str, str]:
    return {page: text for page, text in documents.items() if re.match(r"docs/decisions/\d", page)}


def _terms(glossary: str) -> list[str]:
    return _TERM.findall(glossary)


def _code(text: str) -> Iterator[str]:
    """Every line of a shell block and every piece of inline code."""
    for language, block in _FENCE.findall(text):
        if language in {"sh", "bash", "console"}:
            yield from block.splitlines()
    yield from _INLINE.findall(_FENCE.sub("", text))


def _problems(line: str) -> Iterator[str]:
    """What is wrong with the penstock command of a line, if there is one."""
    found = re.match(r"\s*(?:\.venv/bin/)?penstock ([a-z|-].*)", line)
    if not found:
        return
    words = shlex.split(found[1], comments=True)
    for first in words[0].split("|"):
        command: click.Command | None = command_line
        value_next = False
        for word in [first, *words[1:]]:
            if value_next:
                value_next = False
            elif isinstance(command, click.Group) and re.fullmatch(r"[a-z-]+", word) and not word.startswith("-"):
                command = command.get_command(click.Context(command), word)
                if command is None:
                    yield f"there is no {word}"
                    break
            elif isinstance(command, click.Group) and word.isupper():
                break  # a placeholder for any of its commands
            elif word.startswith("--") and command is not None:
                options = {name: option for option in command.params for name in [*option.opts, *option.secondary_opts]}
                if word.split("=")[0] not in options.keys() | {"--help", "--version"}:
                    yield f"{word} is no option of it"
                value_next = word in options and not getattr(options[word], "is_flag", False)


def _anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", _FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
