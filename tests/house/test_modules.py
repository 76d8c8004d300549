"""The rules of the house that no linter knows: size, docstrings, names, nothing unfinished."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

MOST_LINES = 400
CATCH_ALL = {"utils", "util", "helpers", "helper", "common", "base", "manager", "managers", "misc", "types"}
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")

Documented = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def test_no_module_is_longer_than_400_lines(modules: list[Path], root: Path) -> None:
    lengths = {str(path.relative_to(root)): len(path.read_text("utf-8").splitlines()) for path in modules}

    assert {path: lines for path, lines in lengths.items() if lines > MOST_LINES} == {}


def test_every_module_says_what_it_is(modules: list[Path], root: Path) -> None:
    silent = [str(path.relative_to(root)) for path in modules if not ast.get_docstring(_tree(path))]

    assert silent == []


def test_every_public_class_and_function_says_what_it_does(modules: list[Path], root: Path) -> None:
    silent = [
        f"{path.relative_to(root)}:{node.lineno} {node.name}"
        for path in modules
        for node in _public(_tree(path))
        if not ast.get_docstring(node)
    ]

    assert silent == []


def test_no_module_is_a_catch_all(modules: list[Path], root: Path) -> None:
    vague = [
        str(path.relative_to(root))
        for path in modules
        for name in path.relative_to(root).with_suffix("").parts
        if set(name.lower().split("_")) & CATCH_ALL
    ]

    assert vague == []


def test_nothing_is_left_unfinished(committed: list[Path], root: Path) -> None:
    here = Path(__file__).name
    unfinished = [
        f"{path.relative_to(root)}: {match[0]}"
        for path in committed
        if path.suffix in {".py", ".sql", ".html", ".js", ".css", ".sh"} and path.name != here
        for match in UNFINISHED.finditer(path.read_text("utf-8"))
    ]

    assert unfinished == []


def test_every_folder_of_the_package_is_a_package(modules: list[Path], root: Path) -> None:
    folders = {path.parent for path in modules}

    assert [str(folder.relative_to(root)) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_ports_are_small_protocols(modules: list[Path], root: Path) -> None:
    wide = []
    for path in (path for path in modules if path.name == "port.py"):
        for node in _tree(path).body:
            if isinstance(node, ast.ClassDef) and any("Protocol" in ast.unparse(base) for base in node.bases):
                methods = [each for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
                if len(methods) > 8:
                    wide.append(f"{path.relative_to(root)}: {node.name} has {len(methods)}")

    assert wide == []


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), filename=str(path))


def _public(scope: ast.Module | ast.ClassDef) -> Iterator[Documented]:
    """Public classes and functions, and the public methods of public classes; not what is inside a function."""
    for node in scope.body:
        if isinstance(node, Documented) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from _public(node)
