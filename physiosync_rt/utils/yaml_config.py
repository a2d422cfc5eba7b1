"""YAML files that a person edits, checked against a pydantic model, with errors that say where."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from physiosync_rt.errors import UserError

ModelT = TypeVar("ModelT", bound=BaseModel)


class FrozenModel(BaseModel):
    """Base of every record that is read from YAML or JSON: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def read_yaml(path: Path, model: type[ModelT], changes: Sequence[str] = ()) -> ModelT:
    """Read a YAML file into a model.

    Parameters
    ----------
    path : Path
    model : type
        A pydantic model.
    changes : sequence of str
        ``key=value`` to set before the model is made; a key can reach down (``data.subjects``,
        ``networks.0.preset``) and the value is YAML.

    Raises
    ------
    UserError
        The file cannot be read, is no YAML, or does not fit the model; one sentence with the
        line, the field and what was expected there. Or a change is not of that form, or reaches
        into nowhere.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}") from error
    return parse_yaml(text, model, str(path), changes)


def parse_yaml(text: str, model: type[ModelT], name: str, changes: Sequence[str] = ()) -> ModelT:
    """Do what `read_yaml` does, on text; ``name`` stands for the file in errors."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise UserError(
            f"{name}{where}: this is not YAML: {getattr(error, 'problem', error)}"
        ) from error
    if not isinstance(content, dict):
        raise UserError(f"{name}: expected `field: value` lines, found {content!r}")
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
    """Set one ``key=value`` in plain containers, in place."""
    key, equals, value = change.partition("=")
    if not equals or not key:
        raise UserError(f"--set {change}: expected key=value, for example --set seed=1")
    *way, last = key.split(".")
    place: Any = content
    try:
        for part in way:
            # A section that the file leaves at its defaults can be changed too.
            place = place.setdefault(part, {}) if isinstance(place, dict) else place[int(part)]
        place[last if isinstance(place, dict) else int(last)] = yaml.safe_load(value)
    except (IndexError, TypeError, ValueError):
        raise UserError(f"--set {change}: the file has nothing at {key}") from None
    except yaml.YAMLError as error:
        raise UserError(f"--set {change}: {value!r} is no YAML value") from error


def _line(node: yaml.Node | None, loc: tuple[int | str, ...]) -> int:
    """Line of the deepest node on the way to ``loc``; a missing field has its parent's line."""
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
