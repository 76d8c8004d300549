"""Every module has a test file that mirrors it; the few that are tested elsewhere are named here, with the reason."""

from pathlib import Path

NEVER_ALONE = {"__init__.py", "__main__.py", "port.py"}  # names and protocols: nothing to run

# module → (the test that covers it, why it has none of its own)
TESTED_ELSEWHERE: dict[str, tuple[str, str]] = {}


def test_every_module_has_a_test_that_mirrors_it(modules: list[Path], root: Path) -> None:
    package = root / "src" / "penstock"
    missing = []
    for path in modules:
        module = path.relative_to(package)
        mirror = root / "tests" / module.parent / f"test_{module.name}"
        if module.name not in NEVER_ALONE and str(module) not in TESTED_ELSEWHERE and not mirror.exists():
            missing.append(str(module))

    assert missing == []


def test_the_exceptions_are_real_and_covered(root: Path) -> None:
    package = root / "src" / "penstock"
    wrong = [
        module
        for module, (test, reason) in TESTED_ELSEWHERE.items()
        if not (package / module).exists()
        or not (root / "tests" / test).exists()
        or not reason
        or (root / "tests" / module).with_name(f"test_{Path(module).name}").exists()
    ]

    assert wrong == []
