"""What the readings of an entity come to in a span of time: the arithmetic of aggregates, pure numpy.

A cell is one entity in one span. Cells of short spans (hours, say) combine to those of long ones, so that an exported
day can be kept as hours and a year be answered from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from hub.core.batch import Times, Values
from hub.history.columns import HOUR_MS, Readings

HOLD_MS = 24 * HOUR_MS
"""How long a reading is taken to hold when none follows it: longer silence is a gap."""

NEVER = -(2**62)
"""Time of a reading that does not exist."""

Column = NDArray[np.float64] | NDArray[np.int64]


class Aggregate(StrEnum):
    """How the readings of a bucket become one figure. Only finite values that are valid and topical count."""

    AVG = "avg"
    MIN = "min"
    MAX = "max"
    FIRST = "first"
    LAST = "last"
    COUNT = "count"
    TIME_WEIGHTED = "time_weighted"


FIELDS: dict[str, float | int] = {
    "count": 0,
    "total": 0.0,
    "low": np.inf,
    "high": -np.inf,
    "first": np.nan,
    "last": np.nan,
    "area": 0.0,
    "covered": 0,
    "begins": -NEVER,
    "ends": NEVER,
    "holds": np.nan,
}
"""Columns of a cell, and what an empty one holds.

`count`, `total`, `low`, `high`, `first`, `last`: of the readings that count. `area` and `covered`: integral of the
value (unit x ms) and the ms it is known, from the cell's own readings up to its end. `begins`, `ends`: times of the
first and last reading of any quality. `holds`: the value after `ends`, NaN if that reading has none.
"""

NEEDS: Mapping[Aggregate, tuple[str, ...]] = {
    Aggregate.AVG: ("count", "total"),
    Aggregate.MIN: ("count", "low"),
    Aggregate.MAX: ("count", "high"),
    Aggregate.FIRST: ("count", "first"),
    Aggregate.LAST: ("count", "last"),
    Aggregate.COUNT: ("count",),
    Aggregate.TIME_WEIGHTED: ("count", "area", "covered", "begins", "ends", "holds"),
}


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells of entities x spans: `edges` of shape (spans + 1,), columns of shape (entities * spans,)."""

    edges: Times
    columns: dict[str, Column]

    @classmethod
    def empty(cls, entities: int, edges: Times, names: Iterable[str]) -> Cells:
        """Cells without readings, with the columns `names`."""
        n = entities * (len(edges) - 1)
        columns = {name: np.full(n, FIELDS[name], dtype=np.array(FIELDS[name]).dtype) for name in names}
        return cls(edges, columns)

    @property
    def spans(self) -> int:
        """Cells of one entity."""
        return len(self.edges) - 1

    def of(self, name: str) -> Column:
        """A column as an array of shape (entities, spans)."""
        return self.columns[name].reshape(-1, self.spans)

    def take(self, readings: Readings, offset: int, now: int) -> None:
        """Enter readings within the edges, settled; all those of a cell must come at once.

        `offset` is added to their places. Nothing is known beyond `now`, ms UTC.
        """
        if not len(readings):
            return
        span = _span(self.edges, readings.at)
        cell = (readings.place + offset) * self.spans + span
        known = readings.known
        self._take_values(cell[known], readings.values[known])
        if "area" in self.columns:
            self._take_times(cell, self.edges[span + 1], readings, now)

    def _take_values(self, cell: NDArray[np.int64], values: Values) -> None:
        if not len(cell):
            return
        start = np.flatnonzero(np.r_[True, cell[1:] != cell[:-1]])
        stop = np.r_[start[1:], len(cell)]
        which = cell[start]
        self._put("count", which, stop - start)
        for name, figure in (("total", np.add), ("low", np.minimum), ("high", np.maximum)):
            if name in self.columns:
                self._put(name, which, figure.reduceat(values, start))
        self._put("first", which, values[start])
        self._put("last", which, values[stop - 1])

    def _take_times(self, cell: NDArray[np.int64], end: Times, readings: Readings, now: int) -> None:
        change = cell[1:] != cell[:-1]
        start = np.flatnonzero(np.r_[True, change])
        stop = np.flatnonzero(np.r_[change, True])
        until = end.copy()
        until[:-1][~change] = readings.at[1:][~change]
        until = np.minimum(np.minimum(until, readings.at + HOLD_MS), now)
        lasted = np.where(readings.known, np.maximum(until - readings.at, 0), 0)
        which = cell[start]
        self._put("area", which, np.add.reduceat(np.where(lasted > 0, readings.values, 0.0) * lasted, start))
        self._put("covered", which, np.add.reduceat(lasted, start))
        self._put("begins", which, readings.at[start])
        self._put("ends", which, readings.at[stop])
        self._put("holds", which, np.where(readings.known[stop], readings.values[stop], np.nan))

    def _put(self, name: str, which: NDArray[np.int64], figures: NDArray[np.generic]) -> None:
        if name in self.columns:
            self.columns[name][which] = figures


def figures(cells: Cells, edges: Times, aggregate: Aggregate) -> tuple[Values, NDArray[np.int64]]:
    """Values (NaN for no data) and counts, shape (entities, buckets); `edges` are among those of `cells`."""
    start = np.searchsorted(cells.edges, edges[:-1])
    count = np.add.reduceat(cells.of("count"), start, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        if aggregate is Aggregate.COUNT:
            values = count.astype(np.float64)
        elif aggregate is Aggregate.AVG:
            values = np.add.reduceat(cells.of("total"), start, axis=1) / count
        elif aggregate is Aggregate.MIN:
            values = np.minimum.reduceat(cells.of("low"), start, axis=1)
        elif aggregate is Aggregate.MAX:
            values = np.maximum.reduceat(cells.of("high"), start, axis=1)
        elif aggregate is Aggregate.TIME_WEIGHTED:
            area = np.add.reduceat(cells.of("area"), start, axis=1)
            covered = np.add.reduceat(cells.of("covered"), start, axis=1)
            return np.where(covered > 0, area / covered, np.nan), count
        else:
            values = _outermost(cells, start, aggregate)
    return np.where(count > 0, values, np.nan), count


def carry(cells: Cells, before_at: Times, before: Values, now: int) -> None:
    """Let each value hold on into the following cells, up to the next reading, HOLD_MS or `now`.

    `before_at` and `before`, shape (entities,), are the last reading ahead of the first cell.
    """
    begins, ends, holds = cells.of("begins"), cells.of("ends"), cells.of("holds")
    places = np.where(ends > NEVER, np.arange(cells.spans), -1)
    previous = np.maximum.accumulate(places, axis=1)
    previous = np.concatenate([np.full((len(ends), 1), -1), previous[:, :-1]], axis=1)
    earlier = previous < 0
    index = np.maximum(previous, 0)
    at = np.where(earlier, before_at[:, None], np.take_along_axis(ends, index, axis=1))
    value = np.where(earlier, before[:, None], np.take_along_axis(holds, index, axis=1))
    until = np.minimum(np.minimum(np.minimum(begins, cells.edges[1:]), at + HOLD_MS), now)
    lasted = np.where(np.isnan(value), 0, np.maximum(until - cells.edges[:-1], 0)).astype(np.int64)
    cells.columns["area"] = (cells.of("area") + np.where(lasted > 0, value, 0.0) * lasted).ravel()
    cells.columns["covered"] = (cells.of("covered") + lasted).ravel()


def _outermost(cells: Cells, start: NDArray[np.intp], aggregate: Aggregate) -> Values:
    """The first (or last) known value among the cells of each bucket."""
    some = cells.of("count") > 0
    places = np.arange(cells.spans)
    if aggregate is Aggregate.FIRST:
        chosen = np.minimum.reduceat(np.where(some, places, cells.spans - 1), start, axis=1)
    else:
        chosen = np.maximum.reduceat(np.where(some, places, 0), start, axis=1)
    values: Values = cells.of(aggregate.value).astype(np.float64)
    return np.take_along_axis(values, chosen, axis=1)


def _span(edges: Times, at: Times) -> NDArray[np.int64]:
    """The place of each time among the spans; division does it where all spans are equally long."""
    step = int(edges[1] - edges[0])
    if (np.diff(edges) == step).all():
        spans: NDArray[np.int64] = (at - edges[0]) // step
        return spans
    return np.searchsorted(edges, at, side="right").astype(np.int64) - 1
