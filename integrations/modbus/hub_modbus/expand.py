"""Brace expansion of point names: one line of a profile stands for a row of points."""

from __future__ import annotations

import re
from itertools import product

_BRACE = re.compile(r"\{([^{}]*)\}")
_SPAN = re.compile(r"(\d+)\.\.(\d+)")


def expand(pattern: str) -> list[str]:
    """Names that `pattern` stands for: `{l1,l2,l3}` lists, `{2..63}` counts; the rightmost brace runs fastest.

    Raises ValueError for braces that do not close, are empty, or count downwards.
    """
    parts = _BRACE.split(pattern)
    fixed, braces = parts[::2], parts[1::2]
    if any("{" in text or "}" in text for text in fixed):
        raise ValueError(f"{pattern!r} has a brace without its partner; write {{l1,l2,l3}} or {{1..4}}")
    choices = product(*(_alternatives(brace, pattern) for brace in braces))
    return ["".join([fixed[0], *map("".join, zip(choice, fixed[1:], strict=True))]) for choice in choices]


def _alternatives(brace: str, pattern: str) -> list[str]:
    if span := _SPAN.fullmatch(brace.strip()):
        first, last = int(span[1]), int(span[2])
        if last < first:
            raise ValueError(f"{pattern!r} counts from {first} down to {last}; write {{{last}..{first}}}")
        return [str(number) for number in range(first, last + 1)]
    words = [word.strip() for word in brace.split(",")]
    if not all(words):
        raise ValueError(f"{pattern!r} has an empty alternative; write {{l1,l2,l3}} or {{1..4}}")
    return words
