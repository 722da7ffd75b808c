"""Reads YAML files into documents: includes, secrets, duplicate keys."""

from __future__ import annotations

import os.path
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from hub.config.document import Document
from hub.config.model import SECRETS
from hub.config.nodes import MAP, MERGE, SEQ, Unreadable, compose, place_of, scalar, unknown_tag
from hub.config.place import MISSING, Keys, Place
from hub.config.secret_file import Secrets
from hub.config.text import text_of

MOST_VALUES = 1_000_000
"""More values than any plant has; a few lines of aliases can unfold to more than any memory holds."""


class Source:
    """Reads the files of one configuration, whose root is the folder of hub.yaml; secrets stand there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secrets = Secrets(folder / SECRETS)

    def read(self, file: Path, *, may_be_empty: bool = False) -> Document:
        """The document in `file`; MISSING with one fault when it cannot be read at all."""
        document = Document(str(file), files=[file])
        builder = _Builder(self, document, [self.folder, file.parent])
        try:
            root = _root(file, may_be_empty=may_be_empty)
            document.value = {} if root is None else builder.build(root, ())
        except Unreadable as error:
            document.value = MISSING
            document.faults = []
            document.refuse((), error.message, error.place)
        return document


def _root(file: Path, *, may_be_empty: bool = False) -> yaml.Node | None:
    """The top node of a file, None for an empty one. Raises Unreadable."""
    root = compose(str(file), text_of(file))
    if root is None and not may_be_empty:
        raise Unreadable(Place(str(file), 1), "the file is empty")
    return root


class _Builder:
    """Turns the nodes of one document into values, noting places and faults."""

    def __init__(self, source: Source, document: Document, allowed: list[Path]) -> None:
        self._secrets = source.secrets
        self._document = document
        self._allowed = [os.path.normpath(folder) for folder in allowed]
        self._open_files = [os.path.normpath(document.file)]
        self._open_nodes: list[yaml.Node] = []
        self._count = 0

    def build(self, node: yaml.Node, keys: Keys) -> Any:
        """The value of `node`, which stands at `keys`."""
        self._document.places.setdefault(keys, place_of(node))
        self._count += 1
        if self._count > MOST_VALUES:
            raise Unreadable(place_of(node), f"more than {MOST_VALUES} values: do aliases multiply here?")
        if node.tag == "!include":
            with self._included(node, keys) as root:
                return None if root is None else self.build(root, keys)
        if node.tag == "!secret":
            return self._secret(node, keys)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, keys)
        if node.tag not in (MAP, SEQ):
            return self._refuse(node, keys, unknown_tag(node))
        if any(node is outer for outer in self._open_nodes):
            return self._refuse(node, keys, "this alias contains itself")
        self._open_nodes.append(node)
        value = self._mapping(node, keys) if isinstance(node, yaml.MappingNode) else self._list(node, keys)
        self._open_nodes.pop()
        return value

    def _scalar(self, node: yaml.ScalarNode, keys: Keys) -> Any:
        try:
            return scalar(node)
        except ValueError as error:
            return self._refuse(node, keys, str(error))

    def _list(self, node: yaml.Node, keys: Keys) -> list[Any]:
        return [self.build(item, (*keys, n)) for n, item in enumerate(node.value)]

    def _mapping(self, node: yaml.MappingNode, keys: Keys) -> dict[str | int, Any]:
        result: dict[str | int, Any] = {}
        for key_node, value in node.value:
            if key_node.tag == MERGE:
                result = {**self._merged(value, keys), **result}
        own: dict[str | int, Place] = {}
        for key_node, value in node.value:
            key = None if key_node.tag == MERGE else self._key(key_node, keys)
            if key is None:
                continue
            if key in own:
                message = f"key '{key}' is given twice, first at {own[key]}: keep one of them"
                self._document.refuse((*keys, key), message, place_of(key_node))
                continue
            own[key] = self._document.places[*keys, key] = place_of(key_node)
            result[key] = self.build(value, (*keys, key))
        return result

    def _merged(self, node: yaml.Node, keys: Keys) -> dict[str | int, Any]:
        """The pairs that `<<` brings in; of several mappings the first that has a key counts."""
        if isinstance(node, yaml.SequenceNode):
            parts = [self._merged(item, keys) for item in node.value]
            return {key: value for part in reversed(parts) for key, value in part.items()}
        value = self.build(node, keys)
        if isinstance(value, dict):
            return value
        if not self._document.told(keys):
            self._refuse(node, keys, "<< takes a mapping, or a list of mappings")
        return {}

    def _key(self, node: yaml.Node, keys: Keys) -> str | int | None:
        key: Any = None
        if isinstance(node, yaml.ScalarNode):
            with suppress(ValueError):
                key = scalar(node)
        if isinstance(key, (str, int)) and not isinstance(key, bool):
            return key
        shown = f"{node.value!r}" if isinstance(node, yaml.ScalarNode) else "a list or mapping"
        self._document.refuse(keys, f"a key must be text or a whole number, not {shown}; use quotes", place_of(node))
        return None

    def _secret(self, node: yaml.Node, keys: Keys) -> Any:
        name = str(node.value) if isinstance(node, yaml.ScalarNode) else ""
        if self._secrets.file not in self._document.files:
            self._document.files.append(self._secrets.file)
        try:
            value = self._secrets.value(name)
        except KeyError as error:
            return self._refuse(node, keys, str(error.args[0]))
        self._document.secrets.add(str(value))
        return value

    @contextmanager
    def _included(self, node: yaml.Node, keys: Keys) -> Iterator[yaml.Node | None]:
        """The root of the file that `!include` names; None, and a fault told, when there is none to be had."""
        named = str(node.value) if isinstance(node, yaml.ScalarNode) else ""
        file = os.path.normpath(Path(node.start_mark.name).parent / named)
        if reason := self._forbidden(named, file):
            self._refuse(node, keys, reason)
            yield None
            return
        self._document.files.append(Path(file))
        self._open_files.append(file)
        try:
            root = _root(Path(file))
        except Unreadable as error:
            root = None
            missing = not Path(file).is_file()
            message = f"!include {named}: {error.message}" if missing else error.message
            self._document.refuse(keys, message, place_of(node) if missing else error.place)
        yield root
        self._open_files.pop()

    def _forbidden(self, named: str, file: str) -> str:
        if not named:
            return "!include takes the name of a file"
        if file in self._open_files:
            chain = " includes ".join([*self._open_files[self._open_files.index(file) :], file])
            return f"!include {named} goes in a circle: {chain}"
        if not any(Path(file).is_relative_to(folder) for folder in self._allowed):
            return f"!include {named}: an included file must lie in the configuration's own folder"
        return ""

    def _refuse(self, node: yaml.Node, keys: Keys, message: str) -> None:
        self._document.refuse(keys, message, place_of(node))
