"""The packages go by their own names; `models` and `training` are folders and no packages.

A forgotten ``import models`` still succeeds in a checkout, as an empty namespace package.
"""

from __future__ import annotations

import ast
import gc
import os
import re
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OLD = ("models", "training")
_SKIPPED = {".git", ".venv", "build", "dist", "node_modules", "runs"}
_OUR_MODULE = re.compile(r"physiosync_(rt|models|training)(\.[a-z_]\w*)+")
_OLD_MODULE = re.compile(rf"({'|'.join(OLD)})(\.[a-z_]\w*)+")


Nodes = list[ast.AST]


@cache
def _files() -> dict[Path, str]:
    """Every file of ours, read once."""
    found = {}
    for folder, below, names in os.walk(ROOT):
        below[:] = sorted(set(below) - _SKIPPED)
        for name in sorted(name for name in names if name.endswith(".py")):
            path = Path(folder, name)
            found[path] = path.read_text(encoding="utf-8")
    return found


def _parsed(word: str) -> Iterator[tuple[Path, Nodes]]:
    """Parse the files that a pattern occurs in; the others cannot hold what is looked for."""
    for path, source in _files().items():
        if re.search(word, source):
            yield path, _nodes(source)


def _nodes(source: str) -> Nodes:
    """Imports and constants of a file."""
    # Garbage among the many nodes would be looked for again and again, four times as long.
    gc.disable()
    try:
        kept = (ast.Import, ast.ImportFrom, ast.Constant)
        return [node for node in ast.walk(ast.parse(source)) if isinstance(node, kept)]
    finally:
        gc.enable()


def _imported(nodes: Nodes) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def _texts(nodes: Nodes) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _old_names(nodes: Nodes) -> list[str]:
    """Imports of the old packages, and modules of theirs that stand as text."""
    found = [name for name in _imported(nodes) if name.split(".")[0] in OLD]
    texts = list(_texts(nodes))
    found += [text for text in texts if _OLD_MODULE.fullmatch(text)]
    code = (text for text in texts if "import " in text)
    for text in code:
        found += re.findall(rf"^\s*(?:import|from) (?:{'|'.join(OLD)})\b.*", text, re.MULTILINE)
    return found


@pytest.mark.parametrize(
    "source",
    [
        "import models",
        "from training.loop import x",
        "def f():\n    import training.loop as x",
        "SHAPING = ('models.encoder',)",
        "code = '''\nimport models\n'''",
    ],
)
def test_an_old_name_is_found(source: str) -> None:
    assert _old_names(_nodes(source))


def test_no_file_uses_an_old_name() -> None:
    assert len(_files()) > 300
    found = {}
    for path, nodes in _parsed(rf"\b({'|'.join(OLD)})\b"):
        if path != Path(__file__) and (names := _old_names(nodes)):
            found[str(path.relative_to(ROOT))] = names
    assert not found


def test_modules_that_stand_as_text_exist() -> None:
    missing = []
    for path, nodes in _parsed(r"[\"']physiosync_"):
        if not path.is_relative_to(ROOT / "tests"):
            for text in _texts(nodes):
                if _OUR_MODULE.fullmatch(text) and not _exists(text):
                    missing.append((str(path.relative_to(ROOT)), text))
    assert not missing


def _exists(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False
