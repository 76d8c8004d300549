"""Nothing that is committed names a package registry, a path of somebody's machine or a secret."""

import re
from pathlib import Path

# Spelled in pieces, so that this file does not find itself.
REGISTRIES = [
    "py" + "pi.org",
    "python" + "hosted.org",
    "registry.npm" + "js.org",
    "npm" + "js.com",
    "deb.debian" + ".org",
    "security.debian" + ".org",
    "crates" + ".io",
    "proxy.golang" + ".org",
]
MACHINE = re.compile(r"(?<![\w.~-])/(?:work|farm|root|home/\w+|tmp/plan|Users/\w+)/|" + r"\.lib" + r"rary/")
SECRETS = re.compile(
    r"EAA[0-9A-Za-z]{80,}"  # a Meta token of real length
    r"|\bpst_[0-9A-Za-z_-]{43}\b"  # one of our API tokens
    r"|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[0-9A-Za-z]{36}\b|\bxox[abprs]-[0-9A-Za-z-]{20,}"
    r"|-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----"
)
VENDORED = {".woff2", ".png", ".ico", ".jpg", ".webp"}


def test_no_file_names_a_package_registry(committed: list[Path], root: Path) -> None:
    assert [
        f"{name}: {host}" for name, text in _texts(committed, root) for host in REGISTRIES if host in text.lower()
    ] == []


def test_no_file_names_a_path_of_a_machine(committed: list[Path], root: Path) -> None:
    assert [f"{name}: {found[0]}" for name, text in _texts(committed, root) for found in MACHINE.finditer(text)] == []


def test_no_file_holds_a_secret(committed: list[Path], root: Path) -> None:
    assert [
        f"{name}: {found[0][:12]}…" for name, text in _texts(committed, root) for found in SECRETS.finditer(text)
    ] == []


def test_requirement_files_are_pinned_by_hash_and_record_no_address(root: Path) -> None:
    for path in sorted((root / "requirements").glob("*.txt")):
        blocks = re.split(r"\n(?=\S)", path.read_text("utf-8").strip())
        packages = [block for block in blocks if not block.startswith("#")]
        assert packages, path.name
        assert [
            block.split()[0] for block in packages if "==" not in block.split()[0] or "--hash=sha256:" not in block
        ] == []
        assert "://" not in path.read_text("utf-8")


def _texts(committed: list[Path], root: Path) -> list[tuple[str, str]]:
    here = Path(__file__).resolve()
    return [
        (str(path.relative_to(root)), path.read_text("utf-8", errors="replace"))
        for path in committed
        if path.suffix not in VENDORED and path.resolve() != here
    ]
