"""Parse YAML that a person can have written: bounds on size, depth and what aliases expand to."""

from __future__ import annotations

from typing import Any, Final, NoReturn

import yaml

MOST_CHARACTERS: Final = 100_000
"""The largest shipped configuration has 2,000."""

_MOST_NODES = 3_000
_MOST_DEPTH = 30
_MOST_DIGITS = 18
"""More do not fit into 64 bits."""


class BoundedYamlError(ValueError):
    """The text is not YAML, or more than a configuration can be; ``line`` counts from 1."""

    def __init__(self, message: str, line: int | None) -> None:
        super().__init__(message)
        self.line = line


def parse(text: str) -> tuple[yaml.Node | None, Any]:
    """Parse YAML text of plain values.

    Parameters
    ----------
    text : str

    Returns
    -------
    node : yaml.Node or None
        The syntax tree, whose nodes know their lines; None for an empty text.
    content : object
        Dicts, lists, strings, numbers, dates.

    Raises
    ------
    BoundedYamlError
        As the class says.
    """
    if len(text) > MOST_CHARACTERS:
        raise BoundedYamlError(
            f"{len(text):,} characters are more than the {MOST_CHARACTERS:,} of a configuration",
            text.count("\n", 0, MOST_CHARACTERS) + 1,
        )
    try:
        _check_events(text)
        loader = _Loader(text)
        root = loader.get_single_node()
        if root is None:
            return None, None
        _check_expansion(root)
        content = loader.construct_document(root)
        # Merging keys (`<<`) rewrites nodes, and lines are looked up in those that were written.
        return yaml.compose(text, Loader=_Loader), content
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        code = ord(text[error.position])
        raise BoundedYamlError(
            f"the character U+{code:04X} cannot be part of YAML", line
        ) from error
    except _RefusedError as error:
        raise BoundedYamlError(str(error.problem), _line_of(error)) from error
    except yaml.MarkedYAMLError as error:
        said = error.problem or error.context or "no valid syntax"
        raise BoundedYamlError(f"this is not YAML: {said}", _line_of(error)) from error


class _RefusedError(yaml.MarkedYAMLError):
    """It is YAML, but not what a configuration can hold."""


def _line_of(error: yaml.MarkedYAMLError) -> int | None:
    mark = error.problem_mark or error.context_mark
    return mark.line + 1 if mark else None


class _Loader(yaml.SafeLoader):
    """A loader with a bound on brackets, whose every failure knows its line."""

    def fetch_flow_collection_start(self, token: Any) -> None:
        """Refuse deep brackets before the scanner looks at each of them for each of them."""
        if self.flow_level >= _MOST_DEPTH:
            _refuse_depth(self.get_mark())
        super().fetch_flow_collection_start(token)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except yaml.YAMLError:
            raise
        except (
            ValueError,
            TypeError,
            KeyError,
            IndexError,
            OverflowError,
            AttributeError,
        ) as error:
            kind = node.tag.rpartition(":")[2]
            shown = node.value if isinstance(node.value, str) else "this"
            raise _RefusedError(
                problem=f"{shown[:60]!r} is not a valid {kind}", problem_mark=node.start_mark
            ) from error


def _construct_int(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    if len(node.value) > _MOST_DIGITS + 1:
        _refuse(f"a number of {len(node.value):,} digits is not possible", node.start_mark)
    return loader.construct_yaml_int(node)


_Loader.add_constructor("tag:yaml.org,2002:int", _construct_int)


def _check_events(text: str) -> None:
    """Refuse too many or too deeply nested values, before anything is built of them."""
    depth = n_nodes = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.NodeEvent):
            n_nodes += 1
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MOST_DEPTH:
            _refuse_depth(event.start_mark)
        if n_nodes > _MOST_NODES:
            _refuse(f"there are more than {_MOST_NODES:,} values", event.start_mark)


def _check_expansion(root: yaml.Node) -> None:
    """Refuse aliases that contain themselves, or that together stand for too many values."""
    sizes: dict[int, int] = {}
    inside: set[int] = set()

    def size(node: yaml.Node) -> int:
        if id(node) in sizes:
            return sizes[id(node)]
        if id(node) in inside:
            _refuse("an alias contains itself", node.start_mark)
        inside.add(id(node))
        found = 1
        if isinstance(node, yaml.MappingNode):
            found += sum(size(key) + size(value) for key, value in node.value)
        elif isinstance(node, yaml.SequenceNode):
            found += sum(map(size, node.value))
        inside.remove(id(node))
        if found > _MOST_NODES:
            _refuse(f"aliases stand for more than {_MOST_NODES:,} values", node.start_mark)
        sizes[id(node)] = found
        return found

    size(root)


def _refuse_depth(where: Any) -> NoReturn:
    _refuse(f"values are nested deeper than {_MOST_DEPTH} levels", where)


def _refuse(problem: str, where: Any) -> NoReturn:
    raise _RefusedError(problem=problem, problem_mark=where)
