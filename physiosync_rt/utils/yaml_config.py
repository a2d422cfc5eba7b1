"""Read YAML configuration files into pydantic models, with errors that name the line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from physiosync_rt.datatypes import shorten
from physiosync_rt.errors import UserError
from physiosync_rt.utils.bounded_yaml import BoundedYamlError, parse
from physiosync_rt.utils.plain_file import read_text

ModelT = TypeVar("ModelT", bound=BaseModel)

_MOST_BYTES = 100_000_000


class FrozenModel(BaseModel):
    """Base of all models read from YAML or JSON: immutable, unknown keys are rejected."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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
        The file cannot be read, is not YAML, or does not fit the model (the message has the line,
        the field and the expected value); or an override is malformed or its key does not exist.
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
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        message = str(first["msg"]).removeprefix("Value error, ")
        message = message[:1].lower() + message[1:]
        more = error.error_count() - 1
        raise UserError(
            f"{name}, line {_line(root, first['loc'])}: {field + ': ' if field else ''}{message}"
            + (f" (and {more} more)" if more else "")
        ) from error


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


def _line(node: yaml.Node | None, loc: tuple[int | str, ...]) -> int:
    """Return the line of the node at ``loc``; a missing field has its parent's line."""
    line = 1 if node is None else node.start_mark.line + 1
    for part in loc:
        child: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    child, line = value, key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            child = node.value[part] if part < len(node.value) else None
            line = line if child is None else child.start_mark.line + 1
        if child is None:
            break
        node = child
    return line
