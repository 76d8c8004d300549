"""SQL lives in the ledger, one statement per file; nothing above it speaks SQL, and nothing in it asks a clock."""

import ast
import re
from pathlib import Path

STATEMENT = re.compile(
    r"^\s*(SELECT\b.+\bFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+TABLE)\b", re.DOTALL
)
CLOCK = re.compile(
    r"\b(now\s*\(|current_(time|date|timestamp)|unixepoch|julianday|strftime|datetime\s*\()", re.IGNORECASE
)

# Modules above the ledger that speak to a database all the same, and why.
EXCEPTIONS = {
    "cli/migrate.py": "asks whether there is a schema at all, before there can be a ledger",
    "cli/copying.py": "wakes the log of the live file before it is copied",
}


def test_only_the_ledger_and_the_databases_speak_sql(modules: list[Path], root: Path) -> None:
    package = root / "src" / "penstock"
    speakers = {
        str(path.relative_to(package))
        for path in modules
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and STATEMENT.match(node.value)
    }

    assert {name for name in speakers if not name.startswith(("ledger/", "adapters/db/"))} - EXCEPTIONS.keys() == set()


def test_every_file_holds_one_statement(root: Path) -> None:
    several = [
        path.name
        for path in _statements(root)
        if ";" in re.sub(r"--[^\n]*|'[^']*'", "", path.read_text("utf-8")).strip().rstrip(";")
    ]

    assert several == []


def test_every_statement_is_used(root: Path) -> None:
    stores = "\n".join(path.read_text("utf-8") for path in (root / "src/penstock/ledger").rglob("*.py"))
    names = {path.name.split(".")[0] for path in _statements(root)}
    families = [f"{before}[a-z]+{after}" for before, after in re.findall(r'f"([a-z_]*)\{\w+\}([a-z_]*)"', stores)]
    unused = [name for name in sorted(names) if f'"{name}"' not in stores]

    assert [
        name for name in unused if not any(re.fullmatch(family, name) for family in families if "_" in family)
    ] == []


def test_no_statement_asks_a_clock_and_no_trigger_exists(root: Path) -> None:
    files = (root / "src/penstock/ledger").rglob("*.sql")
    texts = {path.name: re.sub(r"--[^\n]*", "", path.read_text("utf-8")) for path in files}

    assert [name for name, text in texts.items() if CLOCK.search(text)] == []
    assert [name for name, text in texts.items() if re.search(r"\bTRIGGER\b", text, re.IGNORECASE)] == []


def _statements(root: Path) -> list[Path]:
    return sorted((root / "src/penstock/ledger/sql").glob("*.sql"))
