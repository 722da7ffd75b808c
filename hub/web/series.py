"""Points over time: readings or buckets of the history as lines; gaps stay gaps, counters tell what they counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

import numpy as np

from hub.core.batch import Times, Values
from hub.core.model import Entity, Kind
from hub.history import Aggregate, History
from hub.web.counters import hold_buckets, per_bucket
from hub.web.held import with_gaps
from hub.web.periods import Span, Step, edges

RAW_LIMIT = 50_000
"""Readings of one point that are drawn; the export has no such limit."""


class Figure(StrEnum):
    """How a bucket is told; `auto` is what suits the point."""

    AUTO = "auto"
    AVG = "avg"
    TIME_WEIGHTED = "time_weighted"
    MIN = "min"
    MAX = "max"
    LAST = "last"
    COUNT = "count"
    DIFFERENCE = "difference"


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One point over time: `at` are times of readings or starts of buckets, ms UTC, shape (m,) like `values`.

    `across` is what a counter counted while readings were missing, which belongs to no bucket. `cut` says that there
    are more readings than are drawn.
    """

    entity: Entity
    figure: Figure
    at: Times
    values: Values
    across: float = 0.0
    cut: bool = False

    @property
    def unit(self) -> str:
        """The unit of the values: none for a number of readings."""
        return "" if self.figure is Figure.COUNT else self.entity.point.unit

    @property
    def known(self) -> Values:
        """The values there are."""
        return self.values[~np.isnan(self.values)]


def suited(entity: Entity) -> Figure:
    """What tells most of a point: the amount of a counter, the mean of a measurement, the last state of a status."""
    if entity.point.kind is Kind.COUNTER:
        return Figure.DIFFERENCE
    return Figure.LAST if entity.point.kind is Kind.STATUS else Figure.TIME_WEIGHTED


def figure_of(entity: Entity, wanted: Figure) -> Figure:
    """The figure that `wanted` comes to for a point: what only counters have is not asked of others."""
    if wanted is Figure.AUTO or (wanted is Figure.DIFFERENCE and entity.point.kind is not Kind.COUNTER):
        return suited(entity)
    return wanted


async def raw_lines(history: History, entities: Sequence[Entity], span: Span) -> list[Line]:
    """The readings themselves."""
    lines = []
    for entity in entities:
        rows = np.array([entity.row], dtype=np.int32)
        readings = await history.raw(rows, span.start, span.end, RAW_LIMIT)
        at, values = with_gaps(readings, entity.point.max_age)
        lines.append(Line(entity, Figure.LAST, at, values, cut=len(readings) >= RAW_LIMIT))
    return lines


async def bucket_lines(
    history: History, entities: Sequence[Entity], borders: Times, step: Step, wanted: Figure
) -> list[Line]:
    """One figure a bucket between `borders`, shape (m+1,); points that are told alike are asked for together."""
    found: dict[int, Line] = {}
    for figure in dict.fromkeys(figure_of(entity, wanted) for entity in entities):
        group = [entity for entity in entities if figure_of(entity, wanted) is figure]
        if figure is Figure.DIFFERENCE:
            lines = await _differences(history, group, borders, step)
        else:
            rows = np.array([entity.row for entity in group], dtype=np.int32)
            values = (await history.buckets(rows, borders, Aggregate(figure.value))).values
            lines = [Line(e, figure, borders[:-1], v) for e, v in zip(group, values, strict=True)]
        found |= {line.entity.row: line for line in lines}
    return [found[entity.row] for entity in entities]


def borders_of(span: Span, step: Step, zone: ZoneInfo, now: int) -> Times:
    """Edges of the buckets that cover `span` as far as it has passed: the future has no readings."""
    return edges(Span(span.start, max(span.start + 1, min(span.end, now + 1))), step, zone)


async def _differences(history: History, counters: Sequence[Entity], borders: Times, step: Step) -> list[Line]:
    rows = np.array([entity.row for entity in counters], dtype=np.int32)
    longest = max(entity.point.max_age for entity in counters)
    ahead = int(borders[0]) - max(step.ms, round(longest * 1500))
    wider = np.concatenate([np.array([ahead], dtype=np.int64), borders])
    last = (await history.buckets(rows, wider, Aggregate.LAST)).values
    first = (await history.buckets(rows, borders, Aggregate.FIRST)).values
    lines = []
    for place, entity in enumerate(counters):
        one = slice(place, place + 1)
        rollover = np.array([entity.point.rollover or np.nan])
        hold = hold_buckets(entity.point.max_age, step.ms)
        counted = per_bucket(first[one], last[one, 1:], rollover, hold, last[one, 0])
        lines.append(Line(entity, Figure.DIFFERENCE, borders[:-1], counted.buckets[0], float(counted.across[0])))
    return lines
