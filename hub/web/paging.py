"""Long lists in pages of fifty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

LENGTH = 50

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Sheet(Generic[_T]):
    """One page of a list; numbers begin at 1."""

    rows: Sequence[_T]
    number: int
    count: int
    total: int


def sheet(rows: Sequence[_T], number: str) -> Sheet[_T]:
    """Page `number` (text of a query) of `rows`: the first for nonsense, the last for a number too high."""
    count = max(1, -(-len(rows) // LENGTH))
    wanted = min(max(int(number), 1), count) if number.isascii() and number.isdigit() else 1
    return Sheet(rows[(wanted - 1) * LENGTH : wanted * LENGTH], wanted, count, len(rows))
