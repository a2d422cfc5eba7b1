"""Read YAML configuration files into pydantic models; all faults are named, with their lines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from physiosync_rt.datatypes import shorten
from physiosync_rt.errors import UserError
from physiosync_rt.utils.bounded_yaml import BoundedYamlError, parse
from physiosync_rt.utils.config_faults import Fault, find_faults, line_of
from physiosync_rt.utils.plain_file import read_text

ModelT = TypeVar("ModelT", bound=BaseModel)

_MOST_BYTES = 100_000_000


class FrozenModel(BaseModel):
    """Base of all models read from YAML or JSON: immutable, unknown keys are rejected."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ConfigError(UserError):
    """Values of a configuration do not fit; the message has a line for every fault.

    Attributes
    ----------
    content : dict
        All values, those that do not fit included.
    """

    def __init__(self, faults: Sequence[str], content: dict[str, Any]) -> None:
        super().__init__("\n".join(faults))
        self.content = content


def read_yaml(path: Path, model: type[ModelT], changes: Sequence[str] = ()) -> ModelT:
    """Read a YAML file into a model.

    Parameters
    ----------
    path : Path
    model : type
        A pydantic model.
    changes : sequence of str
        ``key=value`` overrides; keys may be nested (``data.subjects``, ``networks.0.preset``) and
        values are YAML.

    Raises
    ------
    UserError
        The file cannot be read, is not YAML, or does not fit the model (`ConfigError`, with a line
        for every fault); or an override is malformed or its key does not exist.
    """
    return parse_yaml(read_text(path, _MOST_BYTES), model, str(path), changes)


def parse_yaml(text: str, model: type[ModelT], name: str, changes: Sequence[str] = ()) -> ModelT:
    """Parse YAML text into a model, as `read_yaml`; errors name the file ``name``."""
    try:
        root, content = parse(text)
    except BoundedYamlError as error:
        where = f", line {error.line}" if error.line else ""
        raise UserError(f"{name}{where}: {error}; correct it") from error
    if not isinstance(content, dict):
        found = "nothing" if content is None else shorten(repr(content), 60)
        raise UserError(f"{name}, line 1: expected `field: value` lines, found {found}")
    for change in changes:
        _apply(content, change)
    try:
        return model.model_validate(content)
    except ValidationError as error:
        faults = find_faults(model, content, root)
        said = [f"{_where(f.field, f.line, name, changes)}: {_said(f)}" for f in faults]
        raise ConfigError(said, content) from error


def place_of(path: Path, field: str, changes: Sequence[str] = ()) -> str:
    """Say where a field of a file that was read stands: the override, or file and line.

    Parameters
    ----------
    path : Path
    field : str
        As ``--set`` takes it; where it is not written, the line of what it belongs to counts.
    changes : sequence of str
        Overrides.
    """
    root, _ = parse(read_text(path, _MOST_BYTES))
    keys = [int(part) if part.isdecimal() else part for part in field.split(".")]
    return _where(field, line_of(root, keys), str(path), changes)


def _where(field: str, line: int, name: str, changes: Sequence[str]) -> str:
    for change in changes:
        key = change.partition("=")[0]
        if f"{field}.".startswith(f"{key}."):
            return f"--set {change}"
    return f"{name}, line {line}"


def _said(fault: Fault) -> str:
    return f"{fault.field}: {fault.text}" if fault.keys else fault.text


def _apply(content: dict[str, Any], change: str) -> None:
    """Apply one ``key=value`` override in place."""
    key, equals, value = change.partition("=")
    if not equals or not key:
        raise UserError(f"--set {change}: expected key=value, for example --set seed=1")
    *parents, last = key.split(".")
    place: Any = content
    try:
        for part in parents:
            # Sections that the file omits can be changed too.
            place = place.setdefault(part, {}) if isinstance(place, dict) else place[int(part)]
        place[last if isinstance(place, dict) else int(last)] = parse(value)[1]
    except BoundedYamlError as error:
        raise UserError(f"--set {change}: {value!r} is not a YAML value ({error})") from error
    except (IndexError, TypeError, ValueError):
        raise UserError(f"--set {change}: the file has nothing at {key}") from None
