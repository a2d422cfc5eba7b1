"""No module of training or of the network imports itself by a detour; a file's name says which."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import physiosync_training

REPEATED = {"__init__.py", "base.py", "config.py", "session.py", "source.py"}


@pytest.mark.parametrize("package", ["physiosync_training", "physiosync_models"])
def test_there_is_no_circle_of_imports(package) -> None:
    grimp = pytest.importorskip("grimp")
    graph = grimp.build_graph(package, exclude_type_checking_imports=False, cache_dir=None)
    left = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    # Modules that import nothing that is left are taken away; what stays is in a circle.
    while free := {module for module, imported in left.items() if not imported & left.keys()}:
        left = {module: imported for module, imported in left.items() if module not in free}
    assert not left


def test_every_file_has_a_name_of_its_own() -> None:
    root = Path(str(physiosync_training.__file__)).parent
    names = Counter(path.name for path in root.rglob("*.py"))
    assert {name for name, n in names.items() if n > 1} <= REPEATED
