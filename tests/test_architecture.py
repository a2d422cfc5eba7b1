"""The tree is the one that docs/architecture.md draws, and stays easy to find one's way in."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {
    "physiosync_rt": ROOT / "physiosync_rt",
    "physiosync_models": ROOT / "models" / "physiosync_models",
    "physiosync_training": ROOT / "training" / "physiosync_training",
}
LOOSE = {"__init__", "__main__", "datatypes", "errors"}
"""Modules that may lie in `physiosync_rt/` itself."""

REPEATED = {"__init__", "__main__", "base", "config", "session", "source"}
"""File names that may occur more than once in a package."""


@pytest.fixture(scope="module")
def document() -> str:
    return (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def rooms() -> set[str]:
    """Every package of the tree, as the document writes it."""
    return {
        f"{name}/{path.parent.relative_to(root).as_posix()}".removesuffix("/.")
        for name, root in PACKAGES.items()
        for path in root.rglob("__init__.py")
    } - {"physiosync_rt"}


def table_rows(document: str, heading: str) -> list[list[str]]:
    """Names in the first cells of the table below a heading."""
    _, _, below = document.partition(f"## {heading}\n")
    section = below.partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [re.findall(r"`([^`]+)`", line.split("|")[1]) for line in lines]


def named_rooms(document: str) -> list[str]:
    rows = chain.from_iterable(table_rows(document, f"Rooms of `{name}`") for name in PACKAGES)
    return [name for name in chain.from_iterable(rows) if not name.endswith(".py")]


def test_the_document_names_every_room_once_and_no_other(document: str) -> None:
    named = named_rooms(document)
    assert sorted(rooms() - set(named)) == [], "rooms that docs/architecture.md does not name"
    assert sorted(set(named) - rooms()) == [], "rooms of docs/architecture.md that are not there"
    assert [name for name, n in Counter(named).items() if n > 1] == []


def test_files_that_the_document_names_exist(document: str) -> None:
    files = [
        f"/{name}/{path.relative_to(root).as_posix()}"
        for name, root in PACKAGES.items()
        for path in root.rglob("*.py")
    ] + [f"/tests/{path.name}" for path in (ROOT / "tests").glob("*.py")]
    named = set(re.findall(r"[\w/]+\.py\b", document))
    assert len(named) > 60
    gone = [name for name in named if not any(file.endswith(f"/{name}") for file in files)]
    assert sorted(gone) == [], "files of docs/architecture.md that are not there"


def test_the_runtime_s_rooms_stand_in_the_order_of_their_layers(document: str) -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (layers,) = (c["layers"] for c in contracts if c.get("containers") == ["physiosync_rt"])
    expected = [{part.strip() for part in re.split(r"[|:]", layer)} for layer in layers]
    rows = table_rows(document, "Rooms of `physiosync_rt`")
    assert [{Path(name).stem for name in row} for row in rows] == expected


def test_no_loose_modules_in_the_runtime() -> None:
    loose = {path.stem for path in PACKAGES["physiosync_rt"].glob("*.py")} - LOOSE
    assert sorted(loose) == [], "modules that belong in a room"


@pytest.mark.parametrize("package", PACKAGES)
def test_a_file_name_occurs_once(package: str) -> None:
    names = Counter(path.stem for path in PACKAGES[package].rglob("*.py"))
    assert [name for name, n in names.items() if n > 1 and name not in REPEATED] == []


# --- circles --------------------------------------------------------------------------------------


def lazy_lines(path: Path) -> set[int]:
    """Lines within functions: what is imported there is imported when it is used."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    return {line for f in functions for line in range(f.lineno, (f.end_lineno or f.lineno) + 1)}


def source_of(module: str) -> Path:
    package, *parts = module.split(".")
    path = PACKAGES[package].joinpath(*parts)
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def imports() -> dict[str, set[str]]:
    """Imports at the top of modules, those for type checkers included."""
    grimp = pytest.importorskip("grimp", reason="it comes with import-linter")
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    found: dict[str, set[str]] = {}
    for module in graph.modules:
        lazy = lazy_lines(source_of(module))
        found[module] = {
            imported
            for imported in graph.find_modules_directly_imported_by(module)
            if any(
                detail["line_number"] not in lazy
                for detail in graph.get_import_details(importer=module, imported=imported)
            )
        }
    return found


def circles(graph: dict[str, set[str]]) -> Iterator[set[str]]:
    """Groups of modules that reach each other."""
    reach: dict[str, set[str]] = {}
    for start in graph:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            for target in graph[waiting.pop()] - seen:
                seen.add(target)
                waiting.append(target)
        reach[start] = seen
    told: set[str] = set()
    for start, seen in reach.items():
        if start in seen and start not in told:
            group = {other for other in seen if start in reach[other]}
            told |= group
            yield group


def test_circles_are_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}
    assert list(circles(graph)) == [{"b", "c"}]


def test_no_import_circles() -> None:
    graph = imports()
    assert len(graph) > 200
    assert [sorted(circle) for circle in circles(graph)] == []
