"""Every module has a test file that mirrors it; the few that are tested elsewhere are named here, with the reason."""

import ast
from pathlib import Path

# module → (the test that covers it, why it has none of its own)
TESTED_ELSEWHERE: dict[str, tuple[str, str]] = {
    "__main__.py": ("cli/test_main.py", "the command line under another name"),
    "demo/calm.py": ("demo/test_play.py", "an act is what the play shows of it"),
    "demo/stage.py": ("demo/test_play.py", "the stage is set when the play runs on it"),
    "flow/sockets.py": ("flow/test_fetcher.py", "two protocols, and what stands in when nothing is plugged in"),
}


def test_every_module_has_a_test_that_mirrors_it(modules: list[Path], root: Path) -> None:
    package = root / "src" / "penstock"
    missing = []
    for path in modules:
        module = path.relative_to(package)
        mirror = root / "tests" / module.parent / f"test_{module.name}"
        if str(module) not in TESTED_ELSEWHERE and not mirror.exists() and _has_something_to_run(path):
            missing.append(str(module))

    assert missing == []


def test_the_exceptions_are_real_and_covered(root: Path) -> None:
    package = root / "src" / "penstock"
    wrong = [
        module
        for module, (test, reason) in TESTED_ELSEWHERE.items()
        if not (package / module).exists() or not (root / "tests" / test).exists() or not reason
    ]

    assert wrong == []


def _has_something_to_run(path: Path) -> bool:
    """Whether any function does more than say what it would do: ports, values and front doors do not."""
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return any(
        not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
        for function in functions
        for statement in function.body
    )
