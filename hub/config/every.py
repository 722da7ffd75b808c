"""All mistakes of a value, where voluptuous by itself stops at the first bad item of each list."""

from __future__ import annotations

from typing import Any

import voluptuous as vol

from hub.config import expected
from hub.config.place import Keys, at

_ROUNDS = 1_000


def errors_of(schema: vol.Schema, value: Any) -> list[vol.Invalid]:
    """Every mistake that `schema` finds in `value`, with its path; empty when it finds none.

    Items found to be bad are taken out and the rest is looked at again. What is then missing from a list is not
    reported, nor is anything twice.
    """
    told: dict[tuple[Keys, str], vol.Invalid] = {}
    dropped: set[Keys] = set()
    for round_ in range(_ROUNDS):
        found = [_moved(error, dropped) for error in _run(schema, _without(value, (), dropped))]
        for error in found:
            if not round_ or any(_is_beside(keys_of(error), item) for item in dropped):
                told.setdefault((keys_of(error), str(error.error_message)), error)
        items = {_item(value, keys_of(error)) for error in found} - {()}
        innermost = {item for item in items if not any(other[: len(item)] == item for other in items - {item})}
        if not innermost - dropped:
            break
        dropped |= innermost
    for error in list(told.values()):
        if isinstance(error, vol.ExclusiveInvalid):
            for one in _one_at_a_time(schema, value, error):
                told.setdefault((keys_of(one), str(one.error_message)), one)
    return list(told.values())


def keys_of(error: vol.Invalid) -> Keys:
    """The path of an error as keys of the configuration, without voluptuous's markers."""
    return tuple(key if isinstance(key, int) else str(key) for key in error.path if not _is_group(key))


def _run(schema: vol.Schema, value: Any) -> list[vol.Invalid]:
    try:
        schema(value)
    except vol.MultipleInvalid as error:
        return list(error.errors)
    return []


def _one_at_a_time(schema: vol.Schema, value: Any, error: vol.ExclusiveInvalid) -> list[vol.Invalid]:
    """Mistakes inside each of the keys that exclude each other, as if it stood alone."""
    keys = keys_of(error)
    group = str(error.error_message).split("'")[1:2]
    rivals = [(*keys, key) for name in group for key in expected.group(schema, keys, name)]
    found = []
    for rival in rivals:
        alone = _without(value, (), {other for other in rivals if other != rival})
        found += [each for each in errors_of(schema, alone) if keys_of(each)[: len(rival)] == rival]
    return found


def _without(value: Any, keys: Keys, dropped: set[Keys]) -> Any:
    """A copy of `value` without the members at `dropped`."""
    if isinstance(value, dict):
        return {k: _without(each, (*keys, k), dropped) for k, each in value.items() if (*keys, k) not in dropped}
    if isinstance(value, list):
        return [_without(each, (*keys, n), dropped) for n, each in enumerate(value) if (*keys, n) not in dropped]
    return value


def _moved(error: vol.Invalid, dropped: set[Keys]) -> vol.Invalid:
    """`error` with the indices that the items of lists had before `dropped` were taken out."""
    path: list[Any] = []
    for key in error.path:
        if isinstance(key, int):
            here = tuple(each if isinstance(each, int) else str(each) for each in path)
            gone = sorted(item[-1] for item in dropped if item[:-1] == here and isinstance(item[-1], int))
            for index in gone:
                key += index <= key  # noqa: PLW2901
        path.append(key)
    error.path[:] = path
    return error


def _item(value: Any, keys: Keys) -> Keys:
    """The innermost item of a list on the way to `keys`; empty when there is none."""
    while keys and not isinstance(at(value, keys[:-1]), list):
        keys = keys[:-1]
    return keys


def _is_beside(keys: Keys, item: Keys) -> bool:
    """Whether `keys` lead into an item of the list that `item` is in."""
    return len(keys) >= len(item) and keys[: len(item) - 1] == item[:-1]


def _is_group(key: Any) -> bool:
    return type(key).__name__ == "VirtualPathComponent"
