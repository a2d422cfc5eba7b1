"""Load Qt, or say what to install where it cannot be loaded."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

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
    return None


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
