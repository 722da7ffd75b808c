"""Aggregated queries: from hours where a day is exported, from readings elsewhere. Runs in a reader's thread."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from hub.core.batch import Rows, Times, Values
from hub.history.cells import HOLD_MS, NEEDS, Aggregate, Cells, Column, carry, figures
from hub.history.columns import DAY_MS, HOUR_MS, column
from hub.history.errors import HistoryError
from hub.history.fetching import before, days_in, fetch, slices
from hub.history.files import Sources, Stored, chosen

CELLS = 2_000_000
"""Cells held in memory at once; a query over more goes entity by entity."""


@dataclass(frozen=True, slots=True, eq=False)
class Buckets:
    """Aggregated readings: `edges` shape (m + 1,) ms UTC, `values` and `count` shape (entities, m).

    A value is NaN where there is no data. `count` is the number of valid, topical, finite readings in the bucket.
    """

    edges: Times
    values: Values
    count: NDArray[np.int64]


def buckets(
    connection: duckdb.DuckDBPyConnection, sources: Sources, rows: Rows, edges: Times, *, aggregate: Aggregate, now: int
) -> Buckets:
    """The figures of `rows` between `edges`. Raises HistoryError unless the edges ascend."""
    if len(edges) < 2 or (np.diff(edges) <= 0).any():
        raise HistoryError("a query in buckets needs at least two edges, each later than the one before")
    distinct, back = np.unique(rows, return_inverse=True)
    values = np.full((len(distinct), len(edges) - 1), np.nan)
    count = np.zeros(values.shape, dtype=np.int64)
    query = _Query(connection, sources, edges, aggregate=aggregate, now=now)
    step = max(1, CELLS // (len(query.fine) * len(NEEDS[aggregate])))
    for start in range(0, len(distinct), step):
        part = slice(start, start + step)
        values[part], count[part] = query.answer(distinct[part])
    return Buckets(edges, values[back], count[back])


class _Query:
    """One question to the history: spans fine enough that each is answered from one kind of source."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, sources: Sources, edges: Times, *, aggregate: Aggregate, now: int
    ) -> None:
        self._connection = connection
        self._sources = sources
        self._edges = edges
        self._aggregate = aggregate
        self._now = now
        self._start, self._end = int(edges[0]), int(edges[-1])
        self._days = self._days_in_hours()
        if self._days:
            self.fine = np.arange(self._start, self._end + 1, HOUR_MS, dtype=np.int64)
        else:
            first = -(-self._start // DAY_MS) * DAY_MS
            self.fine = np.union1d(edges, np.arange(first, self._end, DAY_MS, dtype=np.int64))

    def answer(self, rows: Rows) -> tuple[Values, NDArray[np.int64]]:
        cells = Cells.empty(len(rows), self.fine, NEEDS[self._aggregate])
        self._take_hours(cells, rows)
        for begin, end in self._other_spans():
            for some, low, high in slices(self._connection, self._sources, rows, begin, end):
                readings = fetch(self._connection, self._sources, some, low, high)
                cells.take(readings, int(np.searchsorted(rows, some[0])), self._now)
        if self._aggregate is Aggregate.TIME_WEIGHTED:
            at, value = before(self._connection, self._sources, rows, self._start, HOLD_MS)
            carry(cells, at, value, self._now)
        return figures(cells, self._edges, self._aggregate)

    def _days_in_hours(self) -> dict[int, list[Stored]]:
        """Whole days that can be answered from hours: exported, nothing late has come since, and edges on the hour."""
        if (self._edges % HOUR_MS).any() or self._end - self._start < DAY_MS:
            return {}
        days: dict[int, list[Stored]] = {}
        for file in self._sources.files:
            if file.kind == "day" and file.day * DAY_MS >= self._start and (file.day + 1) * DAY_MS <= self._end:
                days.setdefault(file.day, []).append(file)
        for file in self._sources.files:
            if file.kind == "segment":
                days.pop(file.day, None)
        for table in self._sources.live:
            for day in days_in(self._connection, table):
                days.pop(day, None)
        return {day: files for day, files in days.items() if _one_each(files)}

    def _take_hours(self, cells: Cells, rows: Rows) -> None:
        files = [
            file
            for day in sorted(self._days)
            for file in self._days[day]
            if file.row_from <= rows[-1] and file.row_to >= rows[0]
        ]
        if not files:
            return
        condition, _ = chosen(rows)
        names = ", ".join(cells.columns)
        listing = self._sources.listing(file.part("hours") for file in files)
        found = self._connection.execute(
            f'SELECT "row", hour, {names} FROM read_parquet({listing}) WHERE {condition}'
        ).fetchnumpy()
        span = (column(found, "hour", np.int64) - self._start) // HOUR_MS
        cell = np.searchsorted(rows, column(found, "row", np.int32)) * cells.spans + span
        for name, target in cells.columns.items():
            figure: Column = column(found, name, target.dtype.type)
            target[cell] = figure

    def _other_spans(self) -> list[tuple[int, int]]:
        """The stretches of time between the days answered from hours."""
        spans, begin = [], self._start
        for day in sorted(self._days):
            if day * DAY_MS > begin:
                spans.append((begin, day * DAY_MS))
            begin = (day + 1) * DAY_MS
        if begin < self._end:
            spans.append((begin, self._end))
        return spans


def _one_each(files: list[Stored]) -> bool:
    return len({(file.tenant, file.project) for file in files}) == len(files)
