"""Where the shipped files lie: device descriptions, configurations and bundles.

In a checkout they lie in `configs/` and `models/bundles/`; a wheel carries both inside the package.
"""

from __future__ import annotations

from pathlib import Path

from physiosync_rt.errors import UserError
from physiosync_rt.utils.plain_file import is_there

_PACKAGE = Path(__file__).resolve().parents[1]


def configs_dir() -> Path:
    """Folder of the shipped YAML files: `train/`, `live/` and `devices/`."""
    return _shipped("_configs", "configs")


def bundles_dir() -> Path:
    """Folder of the shipped bundles."""
    return _shipped("_bundles", "models/bundles")


def _shipped(in_wheel: str, in_checkout: str) -> Path:
    packed = _PACKAGE / in_wheel
    return packed if packed.is_dir() else _PACKAGE.parent / in_checkout


def find_config(kind: str, name: str | Path) -> Path:
    """Find a YAML file by path, or a shipped one by its bare name.

    Parameters
    ----------
    kind : str
        Folder below `configs/`: ``train``, ``live`` or ``devices``.
    name : str or Path
        A path, or the name of a shipped file with or without ``.yaml``.

    Raises
    ------
    UserError
        There is neither such a file nor a shipped one of that name.
    """
    path = Path(name).expanduser()
    if is_there(path):
        # What is not a plain file is refused in its own words where it is read.
        return path
    folder = configs_dir() / kind
    shipped = folder / f"{path.name.removesuffix('.yaml')}.yaml"
    if path.parent == Path() and shipped.is_file():
        return shipped
    names = ", ".join(config_names(kind)) or "none"
    raise UserError(
        f"there is no file {str(name)!r}; give the path of a YAML file or one of the shipped "
        f"{kind} names: {names}"
    )


def config_names(kind: str) -> tuple[str, ...]:
    """Names of the shipped YAML files of a kind: ``train``, ``live`` or ``devices``."""
    return tuple(sorted(p.stem for p in (configs_dir() / kind).glob("*.yaml")))


def bundle_names() -> tuple[str, ...]:
    """Names of the bundles that come with the package."""
    return tuple(sorted(p.parent.name for p in bundles_dir().glob("*/card.json")))


def bundle_path(name: str) -> Path:
    """Folder of a shipped bundle."""
    return bundles_dir() / name
