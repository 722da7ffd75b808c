"""Where in the configuration something stands: a path of keys, a file and a line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from hub.core.errors import ConfigError

Keys = tuple[str | int, ...]
"""The way to a value: keys of mappings and indices of lists, from the top of a file down."""

MISSING: Any = type("Missing", (), {"__repr__": lambda _: "nothing"})()
"""Stands for a value that is not there; None is a value."""


_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, counted from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Fault:
    """A mistake: the value it concerns, the place to mend it, and what to write instead."""

    keys: Keys
    place: Place
    message: str

    def error(self, secrets: Iterable[str] = ()) -> ConfigError:
        """The fault for people, with any of `secrets` blotted out."""
        message = self.message
        for secret in sorted(_spellings(secrets), key=len, reverse=True):
            edges = ("", "") if len(secret) > 3 else (r"(?<!\w)", r"(?!\w)")
            message = re.sub(edges[0] + re.escape(secret) + edges[1], "(secret)", message)
        return ConfigError(message, file=self.place.file, line=self.place.line, path=dotted(self.keys))


def shortened(text: str) -> str:
    """The beginning of a long text, as much as a message should show."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _spellings(secrets: Iterable[str]) -> set[str]:
    """The forms in which secrets may get into a message: whole, shortened, as Python writes text."""
    forms = {form for secret in secrets for form in (secret, secret[:_SHOWN], repr(secret)[1:-1])}
    return forms - {""}


def dotted(keys: Keys) -> str:
    """Keys as people write them: `integrations.acme_pm5[0].devices[3].profile`."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return text.removeprefix(".")


def at(value: Any, keys: Keys) -> Any:
    """What stands at `keys` below `value`, or MISSING."""
    for key in keys:
        inside = isinstance(value, dict) and key in value
        if not inside and not (isinstance(value, list) and isinstance(key, int) and key < len(value)):
            return MISSING
        value = value[key]
    return value


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean ...?` or, when nothing is near, `; known: ...`; empty when nothing is known."""
    words = sorted(known)
    near = get_close_matches(word, words, n=3, cutoff=0.6)
    if near:
        return f"; did you mean {' or '.join(near)}?"
    if not words:
        return ""
    return f"; known: {', '.join(words[:12])}{', ...' if len(words) > 12 else ''}"
