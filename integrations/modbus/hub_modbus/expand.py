"""Brace expansion of point names: one line of a profile stands for a row of points."""

from __future__ import annotations

import re
from itertools import product
from math import prod

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


def distances(pattern: str, step: int | list[int]) -> list[int]:
    """Registers from the first name of `pattern` to each of them: one step for all, or one per brace, left to right.

    Raises ValueError when the steps are not as many as the braces.
    """
    sizes = [len(_alternatives(brace, pattern)) for brace in _BRACE.findall(pattern)]
    if isinstance(step, int):
        return [index * step for index in range(prod(sizes))]
    if len(step) != len(sizes):
        raise ValueError(f"step has {len(step)} numbers, but {pattern!r} has {len(sizes)} braces; write one for each")
    return [sum(map(int.__mul__, indices, step)) for indices in product(*map(range, sizes))]


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
