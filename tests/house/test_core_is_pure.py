"""Core decides and does nothing else. The import floors forbid the modules; this forbids what they cannot see."""

import ast
from pathlib import Path

CLOCKS = {"now", "utcnow", "today", "localtime", "gmtime"}
DOORS = {"open", "print", "input", "exec", "eval", "__import__", "breakpoint"}
WAITING = (ast.Await, ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith)


def test_core_reads_no_clock_opens_nothing_and_never_waits(root: Path) -> None:
    impure = [
        f"{path.relative_to(root)}:{line} {what}"
        for path in sorted((root / "src" / "penstock" / "core").rglob("*.py"))
        for line, what in impurities(path.read_text("utf-8"))
    ]

    assert impure == []


def test_the_test_sees_each_impurity() -> None:
    for code in ("datetime.now()", "date.today()", "open('x')", "print(1)", "async def f(): await g()"):
        assert impurities(code), code


def test_the_test_lets_arguments_named_now_pass() -> None:
    assert impurities("def due(now: float) -> bool:\n    return claim.now and opened(now=now)") == []


def impurities(code: str) -> list[tuple[int, str]]:
    """Line and text of everything in ``code`` that core must not do."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, WAITING):
            found.append((node.lineno, "waits"))
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if (isinstance(node.func, ast.Attribute) and name in CLOCKS) or (
                isinstance(node.func, ast.Name) and name in DOORS
            ):
                found.append((node.lineno, f"calls {name}"))
    return found
