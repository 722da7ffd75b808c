"""Which requests to send: the cheapest way to read the points that are due, by the arithmetic of the line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from hub_modbus.profile import Manners
from hub_modbus.registers import MappedPoint
from hub_modbus.wire import Wire

Span = tuple[int, int]
"""First address, and the first one behind."""

MAX_BITS = 2000
"""Coils or discrete inputs in one request (Modbus application protocol V1.1b3, 6.1)."""


@dataclass(frozen=True, slots=True)
class Block:
    """One request, and the points that its reply carries."""

    function: int
    address: int
    count: int
    points: tuple[MappedPoint, ...]

    @property
    def words(self) -> str:
        """The request for people."""
        return f"function {self.function}, registers 0x{self.address:X} to 0x{self.address + self.count - 1:X}"


@dataclass(frozen=True, slots=True)
class Ground:
    """What a meter allows: how it is asked, which registers it has, and spans found out not to be readable."""

    manners: Manners
    declared: tuple[MappedPoint, ...]
    closed: tuple[Span, ...] = ()

    def bridge(self, function: int) -> Callable[[int, int], bool]:
        """Whether the registers from one address up to another, which nobody asked for, may be read over."""
        barred = [(first, last + 1) for first, last in self.manners.forbidden] + list(self.closed)
        if not self.manners.holes:
            barred += _holes([(point.address, point.end) for point in self.declared if point.function == function])

        def allowed(start: int, end: int) -> bool:
            if end - start > self.manners.max_gap:
                return False
            return not any(start < last and first < end for first, last in barred)

        return allowed


def plan(points: Iterable[MappedPoint], ground: Ground, wire: Wire) -> list[Block]:
    """The requests that read `points` in the least time on `wire`, by function and address.

    Least: no other choice of requests is cheaper, and of equally cheap ones the fewest are taken.
    """
    by_function: dict[int, list[MappedPoint]] = {}
    for point in points:
        by_function.setdefault(point.function, []).append(point)
    blocks = []
    turnaround = ground.manners.turnaround_ms / 1000
    for function, members in sorted(by_function.items()):
        limit = MAX_BITS if function in (1, 2) else ground.manners.max_read
        cost = [wire.read(function, count, turnaround) for count in range(limit + 1)]
        wanted = [(point.address, point.end) for point in members]
        spans = cover(wanted, limit, cost.__getitem__, ground.bridge(function))
        blocks += _blocks(function, spans, members)
    return blocks


def cover(
    wanted: Iterable[Span], limit: int, cost: Callable[[int], float], bridge: Callable[[int, int], bool]
) -> list[Span]:
    """The cheapest spans of at most `limit` addresses that contain every wanted span whole.

    `cost` is that of a span by its length; `bridge` says whether a stretch between two wanted spans may be read over.
    Dynamic programming from the left: the best way to read the first i spans ends in a run of the last of them.
    """
    items = _outer(wanted)
    joined = [True, *(end >= start or bridge(end, start) for (_, end), (start, _) in pairwise(items))]
    best: list[tuple[float, int]] = [(0.0, 0)]
    start_of: list[int] = [0]
    for i in range(1, len(items) + 1):
        end = items[i - 1][1]
        choice = (float("inf"), 0)
        first = i
        for j in range(i, 0, -1):
            start = items[j - 1][0]
            if end - start > limit:
                break
            candidate = (best[j - 1][0] + cost(end - start), best[j - 1][1] + 1)
            if candidate < choice:
                choice, first = candidate, j
            if not joined[j - 1]:
                break
        best.append(choice)
        start_of.append(first)
    return _traced(items, start_of)


def _traced(items: Sequence[Span], start_of: Sequence[int]) -> list[Span]:
    spans = []
    i = len(items)
    while i:
        first = start_of[i]
        spans.append((items[first - 1][0], items[i - 1][1]))
        i = first - 1
    return spans[::-1]


def _outer(wanted: Iterable[Span]) -> list[Span]:
    """The spans that lie in no other one, by address; starts and ends both grow."""
    outer: list[Span] = []
    for start, end in sorted(set(wanted), key=lambda span: (span[0], -span[1])):
        if not outer or end > outer[-1][1]:
            outer.append((start, end))
    return outer


def _holes(declared: Iterable[Span]) -> list[Span]:
    holes = []
    reach = 0
    for start, end in sorted(declared):
        if start > reach:
            holes.append((reach, start))
        reach = max(reach, end)
    return holes


def _blocks(function: int, spans: Sequence[Span], points: Iterable[MappedPoint]) -> list[Block]:
    inside: list[list[MappedPoint]] = [[] for _ in spans]
    for point in sorted(points, key=lambda point: (point.address, point.end)):
        home = next(i for i, (start, end) in enumerate(spans) if start <= point.address and point.end <= end)
        inside[home].append(point)
    return [
        Block(function, start, end - start, tuple(members)) for (start, end), members in zip(spans, inside, strict=True)
    ]
