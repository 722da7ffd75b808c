"""A YAML file as data that remembers its lines, without the traps of YAML 1.1 (`on`, `12:30`, `010`)."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources.abc import Traversable
from typing import Any

import yaml

from hub.sdk import ProfileError

Path = tuple[Hashable, ...]

_LoaderClass = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_LoaderClass):  # type: ignore[misc, valid-type]
    """Plain scalars as YAML 1.2 reads them: `on` and `12:30` are texts."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}


for _tag, _form, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("merge", r"<<", "<"),
):
    _firsts = [*(c for c in _first if c != "\0"), *([""] if "\0" in _first else [])]
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_form})$"), _firsts)


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """Content of a YAML file, and the line on which each path of keys stands. All readers share it."""

    file: str
    data: dict[str, Any]
    lines: dict[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int:
        """The line of `path`, or of its nearest ancestor; 0 when there is none."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)


def read(file: Traversable) -> Document:
    """The mapping in a YAML file; the same document while its text is the same.

    Raises ProfileError, with the line, for anything that is no mapping.
    """
    return _parsed(str(file), file.read_text(encoding="utf-8"))


@lru_cache(maxsize=256)
def _parsed(file: str, text: str) -> Document:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise ProfileError(f"{file}: expected keys such as `points:`, found something that is no mapping")
        lines = dict(_places(node, (), file))
        return Document(file, loader.construct_document(node), lines)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise ProfileError(f"{file}:{line}: not YAML: {error.problem}") from None
    finally:
        loader.dispose()


def _places(node: yaml.Node, path: Path, file: str) -> Iterator[tuple[Path, int]]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                raise ProfileError(f"{file}:{key.start_mark.line + 1}: {key.value} stands here a second time")
            seen.add(key.value)
            here = (*path, key.value)
            yield here, key.start_mark.line + 1
            yield from _places(value, here, file)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield (*path, index), value.start_mark.line + 1
            yield from _places(value, (*path, index), file)
