"""Values against voluptuous schemas: every mistake at its line, with what to write instead."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

import voluptuous as vol

from hub.config import expected
from hub.config.document import Document
from hub.config.every import errors_of, keys_of
from hub.config.place import MISSING, Keys, at, nearest, shortened
from hub.core.errors import HubError
from hub.core.model import KEY

PLUGIN_FAULTS = (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError)
"""What a schema or check raises when it is itself in error: told, but no reason to stop reading."""

_OWN_WORDS = re.compile(
    r"(expected (a )?\w+|expected a dictionary|not a valid value|no valid value found"
    r"|value must be one of .*|value is not allowed|.* not match for .*)\Z",
    re.DOTALL,
)
"""voluptuous's own messages about type and choice, which say less than the schema does."""

_TELLING = (type, type(None), dict, list, vol.Coerce, vol.Range, vol.In)
"""Schemas of which it is known that none asks for true or false."""

log = logging.getLogger(__name__)


def checked(document: Document, keys: Keys, schema: vol.Schema, value: Any) -> Any:
    """`value`, which stands at `keys`, as `schema` leaves it; MISSING when it has faults, which are noted."""
    result = MISSING
    try:
        result = schema(value)
    except vol.Invalid:
        _note_all(document, keys, schema, value)
    except PLUGIN_FAULTS as error:
        _note_plugin_fault(document, keys, error)
    for path in _stray_booleans(schema, value, ()):
        if not document.told((*keys, *path)):
            document.refuse((*keys, *path), _type_message(schema, path, at(value, path)))
    return MISSING if document.faulty(keys) else result


def _note_all(document: Document, keys: Keys, schema: vol.Schema, value: Any) -> None:
    try:
        note(document, keys, vol.MultipleInvalid(errors_of(schema, value)), schema, value)
    except PLUGIN_FAULTS as error:
        _note_plugin_fault(document, keys, error)


def attempt(document: Document, keys: Keys, check: Callable[[], None], value: Any) -> None:
    """Run an integration's own check of `value`; what it raises is noted with the line of the path it names."""
    try:
        check()
    except vol.Invalid as error:
        note(document, keys, error, None, value)
    except HubError as error:
        document.refuse(keys, str(error))
    except PLUGIN_FAULTS as error:
        _note_plugin_fault(document, keys, error)


def note(document: Document, keys: Keys, error: vol.Invalid, schema: Any, value: Any) -> None:
    """Note every mistake in `error`, but none about a value that is known to be faulty already."""
    errors = error.errors if isinstance(error, vol.MultipleInvalid) else [error]
    paths = [(keys_of(each), each) for each in errors]
    for path, each in [(path, each) for path, each in paths if not document.told((*keys, *path))]:
        document.refuse((*keys, *path), _message(each, schema, path, at(value, path)))


def members(document: Document, keys: Keys) -> Iterator[tuple[Keys, Any]]:
    """The members of the mapping at `keys`; anything else there is told, nothing at all is as good as empty."""
    value = document.at(keys)
    if isinstance(value, dict):
        yield from list(document.items(keys))
    elif value is not MISSING and value is not None and not document.told(keys):
        document.refuse(keys, f"expected a mapping, found {found(value)}")


def check_key(document: Document, keys: Keys) -> None:
    """Note a last key that is not lower snake case."""
    if not KEY.fullmatch(str(keys[-1])):
        document.refuse(keys, f"expected a key in lower snake case, such as press_shop_2, not '{keys[-1]}'")


def found(value: Any) -> str:
    """A value of the configuration as it is shown in messages."""
    if value is None or value is MISSING:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"text '{shortened(value)}'"
    if isinstance(value, dict):
        return f"a mapping with {', '.join(map(str, list(value)[:5]))}" if value else "an empty mapping"
    if isinstance(value, list):
        return "a list"
    return str(value)


def _message(error: vol.Invalid, schema: Any, path: Keys, value: Any) -> str:
    words = str(error.error_message)
    if isinstance(error, vol.RequiredFieldInvalid):
        return "required, but missing" if words == "required key not provided" else words
    if isinstance(error, (vol.ExclusiveInvalid, vol.InclusiveInvalid)) and "same group of" in words:
        both = " and ".join(expected.group(schema, path, words.split("'")[1]))
        return f"only one of {both} may be given" if "two or more" in words else f"{both} belong together: give both"
    if words == "extra keys not allowed":
        return f"unknown key '{path[-1]}'{nearest(str(path[-1]), expected.known_keys(schema, path[:-1]))}"
    if _OWN_WORDS.match(words) and schema is not None and expected.in_words(schema, path):
        return _type_message(schema, path, value)
    if type(error) is vol.Invalid or "found" in words or value is MISSING or isinstance(value, (dict, list)):
        return words
    return f"{words}, found {found(value)}"


def _type_message(schema: Any, path: Keys, value: Any) -> str:
    hint = _hint(expected.types(schema, path), expected.choices(schema, path), value)
    message = f"expected {expected.in_words(schema, path)}, found {found(value)}"
    return f"{message}: {hint}" if hint else message


def _hint(types: list[Any], choices: list[Any], value: Any) -> str:
    """What to write instead of `value`, where that can be guessed."""
    if choices and isinstance(value, str):
        near = nearest(value, map(str, choices))
        return near.removeprefix("; ") if "did you mean" in near else ""
    if (str in types or any(isinstance(choice, str) for choice in choices)) and isinstance(value, (int, float)):
        return f'write it in quotes: "{found(value)}"'
    if (int in types or float in types) and isinstance(value, str):
        number = re.fullmatch(r"\s*(-?)0*((?!0\d)\d[\d_]*\.?\d*)\s*[^\W\d]*", value)
        return f"write {number[1]}{number[2].replace('_', '')} (no quotes, no unit)" if number else ""
    if bool in types and isinstance(value, str):
        meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(value.lower(), value.lower())
        return f"write {meant}" if meant in ("true", "false") else ""
    if list in types:
        return "begin each item with '- '" if isinstance(value, dict) else f"write [{value}]" if value else ""
    return ""


def _stray_booleans(schema: Any, value: Any, path: Keys) -> Iterator[Keys]:
    """Paths of true and false where a number is wanted: for Python, and so for voluptuous, they are numbers too."""
    if isinstance(value, bool):
        types = expected.types(schema, path)
        others = [
            plain for plain in expected.below(schema, path) if not isinstance(plain, _TELLING) and plain is not None
        ]
        if types and not others and not {bool, object} & set(types):
            yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        if isinstance(member, (bool, dict, list)):
            yield from _stray_booleans(schema, member, (*path, key))


def _note_plugin_fault(document: Document, keys: Keys, error: Exception) -> None:
    log.error("a schema or check failed on the entry at %s", document.place(keys), exc_info=error)
    document.refuse(keys, f"cannot be checked: {type(error).__name__} in the plugin; its author should see the log")
