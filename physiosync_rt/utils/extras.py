"""Packages that only some jobs need: imported where they are used, named where they are missing."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from physiosync_rt.errors import UserError


def require(module: str, extra: str, what: str) -> ModuleType:
    """Import a module of an optional package.

    Parameters
    ----------
    module : str
        Such as ``brainflow.board_shim``.
    extra : str
        The extra of this distribution that installs it, such as ``devices``.
    what : str
        Who needs it, as a sentence begins.

    Raises
    ------
    UserError
        It is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise _missing(error.name or module, extra, what) from error


def require_packages(packages: tuple[str, ...], extra: str, what: str) -> None:
    """Do what `require` does for packages that are imported later, without importing them.

    Raises
    ------
    UserError
        One is not installed.
    """
    for package in packages:
        if find_spec(package) is None:
            raise _missing(package, extra, what)


def _missing(package: str, extra: str, what: str) -> UserError:
    return UserError(f"{what}: {package} is not installed; pip install 'physiosync-rt[{extra}]'")
