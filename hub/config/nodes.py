"""YAML text to nodes: mistakes with line and column, and plain scalars without the surprises of YAML 1.1.

Of an unquoted text, only `true` and `false` are booleans; `null`, `~` and nothing are nothing; decimal and 0x numbers
are numbers. All else is text: on, off, yes, no, 12:30, 0777, 1_000, 2024-01-01.
"""

from __future__ import annotations

import io
import re

import yaml

from hub.config.place import Place

DEEPEST = 100
"""Levels of lists and mappings in one file."""

_TAG = "tag:yaml.org,2002:"
NULL, BOOL, INT, FLOAT, STR = (_TAG + name for name in ("null", "bool", "int", "float", "str"))
MAP, SEQ, MERGE = (_TAG + name for name in ("map", "seq", "merge"))

_NULL = re.compile(r"(?:~|null|)\Z")
_BOOL = re.compile(r"(?:true|false)\Z")
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*|0x[0-9a-fA-F]+)\Z")
_FLOAT = re.compile(r"[-+]?(?:(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|\.inf)\Z")
_MERGE = re.compile(r"<<\Z")

_HINTS = {
    "mapping values are not allowed": "is the line above indented differently, or does a text with ': ' lack quotes?",
    "did not find expected key": "this line is indented unlike its neighbours, or the line above is not complete",
    "could not find expected ':'": "a key needs a colon and a blank after it",
    "did not find expected '-'": "each item of this list begins with '- ' in the same column",
    "block sequence entries are not allowed": "put the list on its own lines below the key",
    "did not find expected ',' or ']'": "a list in brackets needs a comma between items and ] at its end",
    "did not find expected ',' or '}'": "a mapping in braces needs a comma between pairs and } at its end",
    "found unexpected end of stream": "the quote that begins here is never closed",
    "found unknown escape character": "in double quotes a backslash must be doubled; or use single quotes",
    "found undefined alias": "a text that begins with * needs quotes",
    "did not find expected alphabetic": "a text that begins with * or & needs quotes",
    "expected a single document": "one file holds one document: remove the second '---'",
    "expected the node content": "a text that begins with this sign needs quotes",
}


class Unreadable(Exception):
    """Text that is no YAML at all; `place` is where the reading ended."""

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(message)
        self.place = place
        self.message = message


class _Named(io.StringIO):
    """A text that knows its file, which libyaml then notes in every mark."""

    name = ""


class _Loader(yaml.CSafeLoader):
    yaml_implicit_resolvers = {
        "": [(NULL, _NULL)],
        "~": [(NULL, _NULL)],
        "n": [(NULL, _NULL)],
        "t": [(BOOL, _BOOL)],
        "f": [(BOOL, _BOOL)],
        "<": [(MERGE, _MERGE)],
        **{sign: [(INT, _INT), (FLOAT, _FLOAT)] for sign in "-+.0123456789"},
    }


def compose(file: str, text: str) -> yaml.Node | None:
    """The node tree of one YAML document; None for an empty file. Raises Unreadable."""
    try:
        _refuse_depth(file, text)
        loader = _Loader(_stream(file, text))
        try:
            return loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        raise _unreadable(file, text, error) from None
    except yaml.reader.ReaderError as error:
        line = text.encode()[: error.position].count(b"\n") + 1
        sign = f"character U+{error.character:04X}" if isinstance(error.character, int) else "a control character"
        raise Unreadable(Place(file, line), f"{sign} must not stand in YAML: remove it") from None


def scalar(node: yaml.ScalarNode) -> str | int | float | bool | None:
    """The value of a scalar by its tag. Raises ValueError in words when the text does not fit the tag."""
    text: str = node.value
    if node.tag == STR:
        return text
    if node.tag == NULL:
        return None
    if node.tag == BOOL and _BOOL.match(text):
        return text == "true"
    if node.tag == INT and _INT.match(text) and len(text) < 100:
        return int(text, 16 if "x" in text else 10)
    if node.tag == FLOAT and _FLOAT.match(text):
        return float(text.replace(".inf", "inf"))
    if node.tag in (NULL, BOOL, INT, FLOAT):
        raise ValueError(f"{text!r} is no {node.tag.removeprefix(_TAG)}")
    raise ValueError(unknown_tag(node))


def unknown_tag(node: yaml.Node) -> str:
    """What to say of a tag that means nothing here."""
    return f"unknown tag {node.tag.replace(_TAG, '!!')}; known: !secret NAME, !include FILE"


def place_of(node: yaml.Node) -> Place:
    """Where a node begins."""
    return Place(node.start_mark.name, node.start_mark.line + 1)


def _stream(file: str, text: str) -> _Named:
    stream = _Named(text)
    stream.name = file
    return stream


def _refuse_depth(file: str, text: str) -> None:
    """Raise Unreadable for nesting so deep that libyaml's composer, which recurses in C, would end the process."""
    parser = _Loader(_stream(file, text))
    depth = 0
    while (event := parser.get_event()) is not None:
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            line = event.start_mark.line if event.start_mark is not None else 0
            raise Unreadable(Place(file, line + 1), f"nested more than {DEEPEST} deep")


def _unreadable(file: str, text: str, error: yaml.MarkedYAMLError) -> Unreadable:
    problem = error.problem or "no YAML"
    if error.context == "expected a single document in the stream":
        problem = error.context
    mark = error.problem_mark
    if mark is None or ("end of stream" in problem and error.context_mark is not None):
        mark = error.context_mark
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    hint = next((hint for part, hint in _HINTS.items() if part in problem), "")
    if "cannot start any token" in problem:
        hint = _about_sign(text.splitlines()[line][column : column + 1])
    message = f"not YAML at column {column + 1}: {problem}"
    return Unreadable(Place(file, line + 1), f"{message}; {hint}" if hint else message)


def _about_sign(sign: str) -> str:
    return "a tab: indent with blanks" if sign == "\t" else f"a text that begins with {sign} needs quotes"
