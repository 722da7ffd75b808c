"""What a voluptuous schema expects at a path, in words: types, choices, known keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any

import voluptuous as vol

from hub.config.place import Keys

_TYPES: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    str: "text",
    bool: "true or false",
    dict: "a mapping",
    list: "a list",
    None: "nothing",
    type(None): "nothing",
}


_KINDS = ("exclusion", "inclusion")


def branches(schema: Any) -> Iterator[Any]:
    """The plain schemas inside `schema`: alternatives and conditions taken apart."""
    if isinstance(schema, (vol.Schema, vol.Marker, vol.Msg)):
        yield from branches(schema.schema)
    elif isinstance(schema, (vol.Any, vol.All, vol.Union, vol.SomeOf)):
        for part in schema.validators:
            yield from branches(part)
    else:
        yield schema


def below(schema: Any, keys: Keys) -> list[Any]:
    """The plain schemas that may apply to the value at `keys`."""
    found = list(branches(schema))
    for key in keys:
        found = [plain for outer in found for inner in _members(outer, key) for plain in branches(inner)]
    return found


def known_keys(schema: Any, keys: Keys) -> set[str]:
    """Keys the mapping at `keys` may have, as far as the schema names them."""
    mappings = [plain for plain in below(schema, keys) if isinstance(plain, Mapping)]
    return {word for mapping in mappings for key in mapping for word in branches(key) if isinstance(word, str)}


def choices(schema: Any, keys: Keys) -> list[Any]:
    """The values that may stand at `keys`, when the schema lists them."""
    found: list[Any] = []
    for plain in below(schema, keys):
        if isinstance(plain, vol.In) and isinstance(plain.container, Iterable):
            found += plain.container
        elif type(plain) in (str, int, float, bool):
            found.append(plain)
    return [value.value if isinstance(value, Enum) else value for value in dict.fromkeys(found)]


def types(schema: Any, keys: Keys) -> list[Any]:
    """The types that may stand at `keys`, as far as the schema names them."""
    found = []
    for plain in below(schema, keys):
        kind = plain.type if isinstance(plain, vol.Coerce) else plain
        kind = dict if isinstance(kind, Mapping) else list if isinstance(kind, list) else kind
        if kind is None or isinstance(kind, type):
            found.append(kind)
    return list(dict.fromkeys(found))


def in_words(schema: Any, keys: Keys) -> str:
    """`text or a mapping`, `one of rtu, ascii`; empty when the schema does not tell."""
    kinds = types(schema, keys)
    words = [_TYPES[kind] for kind in kinds if kind in _TYPES and not (kind is int and float in kinds)]
    listed = choices(schema, keys)
    if listed:
        shown = ", ".join(str(value).lower() if isinstance(value, bool) else str(value) for value in listed[:20])
        more = ", ..." if len(listed) > 20 else ""
        words.append(f"one of {shown}{more}" if len(listed) > 1 else shown)
    return " or ".join(dict.fromkeys(words))


def group(schema: Any, keys: Keys, name: str) -> list[str]:
    """The keys that exclude, or need, each other as group `name` in the mapping at `keys`."""
    markers = [marker for plain in below(schema, keys) if isinstance(plain, Mapping) for marker in plain]
    groups = ((marker, getattr(marker, f"group_of_{kind}", None)) for marker in markers for kind in _KINDS)
    return [str(marker) for marker, its_group in groups if its_group == name]


def _members(schema: Any, key: str | int) -> Iterator[Any]:
    if isinstance(schema, Mapping):
        named = [value for marker, value in schema.items() if key in branches(marker)]
        yield from named or [value for marker, value in schema.items() if not _is_literal(marker)]
    elif isinstance(schema, list):
        yield from schema


def _is_literal(marker: Any) -> bool:
    return all(isinstance(plain, (str, int)) for plain in branches(marker))
