"""Load Qt, or say what to install where it cannot be loaded."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from types import ModuleType

from physiosync_rt.errors import UserError
from physiosync_rt.utils.system_packages import fix_for


@dataclass(frozen=True, slots=True)
class Problem:
    """Why Qt cannot be loaded, how to fix it, and the error that said so."""

    what: str
    fix: str
    error: ImportError

    @property
    def is_package(self) -> bool:
        """Whether a Python package is missing, which is an extra of this one."""
        return isinstance(self.error, ModuleNotFoundError)


def find_problem() -> Problem | None:
    """Try to import Qt and pyqtgraph; return what is missing, None where nothing is."""
    for name in ("PySide6.QtCore", "PySide6.QtGui", "PySide6.QtWidgets", "pyqtgraph"):
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            what = f"the Python package {error.name} is not installed"
            return Problem(what, "pip install 'physiosync-rt[gui]'", error)
        except ImportError as error:
            library = str(error).split(":", 1)[0]
            fix = fix_for((library,))
            return Problem(f"a system library of Qt is missing ({error})", fix, error)
        skip_feature_search()
    return None


def skip_feature_search() -> None:
    """Keep PySide from reading the source of every module that is imported after it.

    It reads them to know which of them use Qt, for programs that switch on a ``__feature__``, and
    Python keeps what was read: a tenth of the time in which torch is imported, and 90 MB. Here
    every module counts as one that uses Qt, whose features are off unless it switches them on.
    """
    feature = sys.modules.get("PySide6.support.feature")
    if hasattr(feature, "_mod_uses_pyside"):
        vars(feature)["_mod_uses_pyside"] = _may_use_qt


def _may_use_qt(_: ModuleType) -> bool:
    return True


def load(what: str = "the dashboard cannot open", otherwise: str = "run with --headless") -> None:
    """Import Qt and pyqtgraph.

    Parameters
    ----------
    what : str
        What cannot be done without it.
    otherwise : str
        What a person can do instead of installing it.

    Raises
    ------
    UserError
        A package or one of Qt's system libraries is missing; names what to install.
    """
    if problem := find_problem():
        raise UserError(f"{what}: {problem.what}; {problem.fix}, or {otherwise}") from problem.error
