"""What is wrong with a configuration, fault by fault: where it stands, what it is, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, get_args

import yaml
from pydantic import BaseModel, ValidationError

from physiosync_rt.datatypes import shorten

_UNKNOWN: Final = "extra_forbidden"
_MISSING: Final = "missing"
_TOO_SHORT: Final = "too_short"
_UNKNOWN_KEY: Final = "unknown key"
_LONGEST: Final = 60
_MOST_KEYS: Final = 30
_Loc = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    Attributes
    ----------
    keys : tuple of (str or int)
        Way to it from the top: keys, and numbers of list items.
    line : int
        Of the file, from 1; a missing field has its parent's.
    text : str
    kind : str
        Of pydantic's kinds of errors.
    meant : str
        Known key that an unknown one is most like; empty where there is none.
    """

    keys: _Loc
    line: int
    text: str
    kind: str
    meant: str = ""

    @property
    def field(self) -> str:
        """The way to it, as ``--set`` takes it."""
        return ".".join(map(str, self.keys))


def find_faults(
    model: type[BaseModel], content: Mapping[str, Any], root: yaml.Node | None
) -> list[Fault]:
    """Find what is wrong with values that do not fit a model.

    Parameters
    ----------
    model : type
    content : dict
        Values of the file, overrides included.
    root : yaml.Node or None
        Syntax tree of the file.

    Returns
    -------
    list of Fault
        By line; a rule over several fields is only looked at where each of these is in order.
    """
    faults = list(_faults_once(model, content, root))
    unknown = [fault for fault in faults if fault.kind == _UNKNOWN]
    if unknown:
        # What an unknown key hides: rules over several fields are not looked at beside it.
        again = _faults_once(model, _as_meant(content, unknown), root)
        faults += [
            _as_written(each, unknown, root)
            for each in again
            if each.kind != _MISSING and each not in faults
        ]
    return sorted(faults, key=lambda fault: fault.line)


def _as_written(fault: Fault, unknown: Iterable[Fault], root: yaml.Node | None) -> Fault:
    """Return a fault of a misspelt key's value under the key that the file has."""
    for other in unknown:
        n = len(other.keys)
        if other.meant and fault.keys[:n] == (*other.keys[:-1], other.meant):
            keys = (*other.keys, *fault.keys[n:])
            return replace(fault, keys=keys, line=line_of(root, keys))
    return fault


def _faults_once(
    model: type[BaseModel], content: Mapping[str, Any], root: yaml.Node | None
) -> Iterator[Fault]:
    try:
        model.model_validate(content)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        meant = {
            (*each["loc"][:-1], close)
            for each in errors
            if each["type"] == _UNKNOWN and (close := _close_key(model, each["loc"]))
        }
        faulty = [each["loc"] for each in errors]
        for each in errors:
            kind, loc = each["type"], each["loc"]
            if kind == _MISSING and loc in meant:
                continue  # said of the key that was misspelt
            if kind == _TOO_SHORT and any(
                len(o) > len(loc) and o[: len(loc)] == loc for o in faulty
            ):
                continue  # only because its items do not fit
            keys = tuple(_keys(loc, content, kind == _MISSING))
            line = line_of(root, keys)
            if kind == _UNKNOWN:
                yield Fault(keys, line, _unknown_key(model, loc), kind, _close_key(model, loc))
            else:
                yield Fault(keys, line, _sentence(each["msg"], kind, each["input"]), kind)


def _sentence(message: str, kind: str, found: object) -> str:
    """Word one of pydantic's messages, with what was found instead."""
    text = message.removeprefix("Value error, ")
    text = text[:1].lower() + text[1:]
    if kind in ("value_error", _MISSING) or isinstance(found, dict | list):
        return text
    return f"{text}, found {shorten(repr(found), _LONGEST)}"


def _keys(loc: _Loc, content: object, is_missing: bool) -> Iterator[int | str]:
    """Yield the keys of a location that the file has; pydantic's also names members of unions."""
    place: Any = content
    for depth, part in enumerate(loc):
        is_there = part in place if isinstance(place, Mapping) else _is_item(place, part)
        if is_there:
            place = place[part]
        elif not (is_missing and depth == len(loc) - 1):
            continue
        yield part


def _is_item(place: object, part: int | str) -> bool:
    return isinstance(place, list) and isinstance(part, int) and part < len(place)


def line_of(node: yaml.Node | None, keys: Iterable[int | str]) -> int:
    """Return the line of the node at the end of a way; a missing field has its parent's line."""
    line = 1 if node is None else node.start_mark.line + 1
    for part in keys:
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


def _as_meant(content: Mapping[str, Any], unknown: Iterable[Fault]) -> dict[str, Any]:
    """Copy values with misspelt keys put right, and without other unknown ones."""
    out: dict[str, Any] = _copied(content)
    for fault in unknown:
        place: Any = out
        for part in fault.keys[:-1]:
            place = place[part]
        value = place.pop(fault.keys[-1])
        if fault.meant:
            place.setdefault(fault.meant, value)
    return out


def _copied(value: Any) -> Any:
    """Copy nested dicts and lists, not what is in them."""
    if isinstance(value, Mapping):
        return {key: _copied(each) for key, each in value.items()}
    return [_copied(each) for each in value] if isinstance(value, list) else value


def _unknown_key(model: type[BaseModel], loc: _Loc) -> str:
    """Say what an unknown key was meant to be: one like it, or the same elsewhere."""
    key = str(loc[-1])
    if close := _close_key(model, loc):
        return f"{_UNKNOWN_KEY}; did you mean {close}?"
    known = _known_keys(model, loc[:-1])
    if places := [place for place in _places(model, key) if place]:
        return f"{_UNKNOWN_KEY} here; it belongs below {' or '.join(places)}"
    if not known or len(known) > _MOST_KEYS:
        return f"{_UNKNOWN_KEY}; take it out"
    return f"{_UNKNOWN_KEY}; take it out, or choose of {', '.join(sorted(known))}"


def _known_keys(model: type[BaseModel], loc: _Loc) -> set[str]:
    return {name for each in _models_at(model, loc) for name in each.model_fields}


def _close_key(model: type[BaseModel], loc: _Loc) -> str:
    """Return the known key that is most like an unknown one; empty where none is."""
    return next(iter(difflib.get_close_matches(str(loc[-1]), _known_keys(model, loc[:-1]), 1)), "")


def _models_at(model: type[BaseModel], loc: _Loc) -> list[type[BaseModel]]:
    """Return the models that the value at a location can be."""
    models = [model]
    for part in loc:
        fields = [each.model_fields[part] for each in models if part in each.model_fields]
        if fields:
            models = [found for field in fields for found in _models_in(field.annotation)]
        elif tagged := [each for each in models if part in _tags(each)]:
            models = tagged
    return models


def _models_in(annotation: object) -> list[type[BaseModel]]:
    """Return the models that an annotation names, through unions, lists and `Annotated`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for each in get_args(annotation) for model in _models_in(each)]


def _tags(model: type[BaseModel]) -> set[object]:
    """Return the words by which a model can be chosen from a union."""
    return {word for field in model.model_fields.values() for word in get_args(field.annotation)}


def _places(model: type[BaseModel], key: str, way: str = "") -> Iterator[str]:
    """Yield the ways to the models below one that have a field of this name."""
    if way and key in model.model_fields:
        yield way
    for name, field in model.model_fields.items():
        for below in dict.fromkeys(_models_in(field.annotation)):
            if below is not model:
                yield from _places(below, key, f"{way}.{name}" if way else name)
