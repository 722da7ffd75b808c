"""All mistakes of a value, where voluptuous by itself stops at the first bad item of each list."""

from __future__ import annotations

from typing import Any

import voluptuous as vol

from hub.config import expected
from hub.config.place import Keys, at

Told = dict[tuple[Keys, str], vol.Invalid]


def errors_of(schema: vol.Schema, value: Any) -> list[vol.Invalid]:
    """Every mistake that `schema` finds in `value`, with its path; empty when it finds none.

    After a bad item of a list, the items behind it are looked at without those before. What is then missing from the
    list is not reported, nor is anything twice.
    """
    rest = _Rest(schema, value)
    told: Told = {}
    found = rest.errors(told, anywhere=True)
    while lists := _innermost_lists(rest.value, found):
        for path, index in lists.items():
            rest.pass_over(path, index, told)
        found = rest.errors(told)
    for error in list(told.values()):
        if isinstance(error, vol.ExclusiveInvalid):
            for one in _one_at_a_time(schema, value, error):
                told.setdefault((keys_of(one), str(one.error_message)), one)
    return list(told.values())


class _Rest:
    """What is left of a value to look at: lists that had a bad item begin behind it."""

    def __init__(self, schema: vol.Schema, value: Any) -> None:
        self.value = _without(value, (), set())
        self._schema = schema
        self._passed: dict[Keys, int] = {}
        self._changed: set[Keys] = set()

    def errors(self, told: Told, *, anywhere: bool = False) -> list[Keys]:
        """Paths, within what is left, of the mistakes there; new ones are told, if in a list seen in part before."""
        try:
            self._schema(self.value)
        except vol.MultipleInvalid as multiple:
            paths = [keys_of(error) for error in multiple.errors]
            for error in multiple.errors:
                error.path[:] = self._as_written(tuple(error.path))
                keys = keys_of(error)
                beside = any(keys[:n] in self._passed for n in range(len(keys)))
                if anywhere or (beside and keys not in self._changed):
                    told.setdefault((keys, str(error.error_message)), error)
            return paths
        return []

    def pass_over(self, path: Keys, index: int, told: Told) -> None:
        """Take the items up to `index` out of the list at `path`; those before it are looked at by themselves.

        For voluptuous forgets an item of the wrong type when a later one has a mistake deeper inside.
        """
        items = at(self.value, path)
        behind = items[index + 1 :]
        written = tuple(self._as_written(path))
        del items[index:]
        for n in range(len(written) + 1):
            self._changed.add(written[:n])
            if n == len(written) or isinstance(written[n], int):
                self._passed.setdefault(written[:n], 0)
        self.errors(told)
        items[:] = behind
        self._passed[written] += index + 1

    def _as_written(self, path: tuple[Any, ...]) -> list[Any]:
        """`path` with the indices that the items have in the whole value."""
        result: list[Any] = []
        for key in path:
            here = tuple(each if isinstance(each, int) else str(each) for each in result)
            result.append(key + self._passed.get(here, 0) if isinstance(key, int) else key)
        return result


def keys_of(error: vol.Invalid) -> Keys:
    """The path of an error as keys of the configuration, without voluptuous's markers."""
    return tuple(key if isinstance(key, int) else str(key) for key in error.path if not _is_group(key))


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


def _innermost_lists(value: Any, found: list[Keys]) -> dict[Keys, int]:
    """Lists with bad items, and the last bad index of each; not those with a bad item in a list inside a bad item."""
    items = [item for keys in found if (item := _item(value, keys))]
    outer = {item[: n - 1] for item in items for n in range(1, len(item))}
    lists: dict[Keys, int] = {}
    for *around, index in items:
        path = tuple(around)
        if path not in outer and isinstance(index, int):
            lists[path] = max(index, lists.get(path, 0))
    return lists


def _item(value: Any, keys: Keys) -> Keys:
    """The innermost item of a list on the way to `keys`; empty when there is none."""
    while keys and not isinstance(at(value, keys[:-1]), list):
        keys = keys[:-1]
    return keys


def _is_group(key: Any) -> bool:
    return type(key).__name__ == "VirtualPathComponent"
