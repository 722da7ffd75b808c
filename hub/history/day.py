"""The day file of one project: values as whole numbers, moments shared, hours worked out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from hub.core.batch import Rows
from hub.history.cells import FIELDS, NEVER, Cells
from hub.history.columns import DAY_MS, HOUR_MS, Readings
from hub.history.fetching import fetch
from hub.history.files import BLOCK_BITS, VERBATIM, Sources, Stored, write

BLOCK = 1_000_000
"""Readings worked on at once, unless one entity alone has more."""

DIGITS = 5
"""Decimals looked for in values: meters report decimal fractions, and whole numbers take half the room of fractions."""

_TABLES = """
CREATE OR REPLACE TEMP TABLE day_readings("row" INTEGER, moment BIGINT, mantissa BIGINT, digits UTINYINT, value DOUBLE,
    quality UTINYINT);
CREATE OR REPLACE TEMP TABLE day_moments(moment BIGINT, block INTEGER, "at" BIGINT, seq BIGINT);
"""


class DayWriter:
    """Writes `file` from segments and the day file it replaces."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path, file: Stored) -> None:
        self._connection = connection
        self._folder = folder
        self._file = file
        # globally unique, so that the moments of many files can be joined at once
        self._moment = file.id << 36
        kinds = {name: "BIGINT" if isinstance(empty, int) else "DOUBLE" for name, empty in FIELDS.items()}
        self._hours = ", ".join(f"{name} {kind}" for name, kind in kinds.items())

    def write(self, touched: list[int], segments: list[Stored], earlier: list[Stored]) -> Stored:
        """The entry of the finished file: readings of the rows `touched` in `segments`, and all of `earlier`."""
        self._connection.execute(_TABLES)
        self._connection.execute(f'CREATE OR REPLACE TEMP TABLE day_hours("row" INTEGER, hour BIGINT, {self._hours})')
        done = self._file
        for rows, readings in self._blocks(np.array(touched, dtype=np.int32), segments, earlier):
            done = _grown(done, rows, readings)
            self._take(rows, readings)
            self._take_hours(rows, readings)
        for part, group in (("readings", 61_440), ("moments", 61_440), ("hours", 20_480)):
            write(self._connection, f"FROM day_{part}", self._folder / self._file.part(part), group)
            self._connection.execute(f"DROP TABLE day_{part}")
        return done

    def _blocks(self, touched: Rows, segments: list[Stored], earlier: list[Stored]) -> Iterator[tuple[Rows, Readings]]:
        """Rows and their settled readings, in order; rows that share moments stay together unless too many."""
        old, new = Sources(self._folder, [], earlier), Sources(self._folder, [], segments)
        both = Sources(self._folder, [], [*earlier, *segments])
        start, end = self._file.day * DAY_MS, (self._file.day + 1) * DAY_MS
        counts = self._counts(old, new, touched)
        rows = np.fromiter(counts, dtype=np.int32)
        for part in _parts(rows, np.fromiter(counts.values(), dtype=np.int64)):
            yield part, fetch(self._connection, both, part, start, end)

    def _counts(self, old: Sources, new: Sources, touched: Rows) -> dict[int, int]:
        query = 'SELECT "row", count(*) FROM ({}) GROUP BY "row"'
        counts = dict(self._connection.execute(query.format(old.select("true"))).fetchall())
        wanted = set(touched.tolist())
        for row, n in self._connection.execute(query.format(new.select("true"))).fetchall():
            if row in wanted or row in counts:
                counts[row] = counts.get(row, 0) + n
        return dict(sorted(counts.items()))

    def _take(self, rows: Rows, readings: Readings) -> None:
        block = rows[readings.place] >> BLOCK_BITS
        order = np.lexsort((readings.seq, readings.at, block))
        new = np.r_[True, _changes(block[order]) | _changes(readings.at[order]) | _changes(readings.seq[order])]
        moment = np.empty(len(readings), dtype=np.int64)
        moment[order] = self._moment + np.cumsum(new) - 1
        first = order[new]
        mantissa, digits = whole_numbers(readings)
        self._insert(
            "day_moments", moment=moment[first], block=block[first], at=readings.at[first], seq=readings.seq[first]
        )
        self._insert(
            "day_readings",
            row=rows[readings.place],
            moment=moment,
            mantissa=mantissa,
            digits=digits,
            value=np.where(digits == VERBATIM, readings.values, 0.0),
            quality=readings.quality,
        )
        self._moment += len(first)

    def _take_hours(self, rows: Rows, readings: Readings) -> None:
        start = self._file.day * DAY_MS
        cells = Cells.empty(len(rows), np.arange(start, start + DAY_MS + 1, HOUR_MS, dtype=np.int64), FIELDS)
        cells.take(readings, 0, now=start + DAY_MS)
        some = np.flatnonzero(cells.columns["ends"] > NEVER)
        columns = {name: figures[some] for name, figures in cells.columns.items()}
        hour = start + some % 24 * HOUR_MS
        self._insert("day_hours", row=rows[some // 24], hour=hour.astype(np.int64), **columns)

    def _insert(self, table: str, **columns: NDArray[np.generic]) -> None:
        self._connection.register("part", {name: np.ascontiguousarray(array) for name, array in columns.items()})
        self._connection.execute(f"INSERT INTO {table} BY NAME FROM part")
        self._connection.unregister("part")


def whole_numbers(readings: Readings) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Mantissa and digits: `mantissa / 10**digits` is exactly the value, or digits are VERBATIM.

    One number of digits serves all finite values of an entity: the fewest that do.
    """
    values, n = readings.values, len(readings)
    finite = np.isfinite(values)
    start = np.flatnonzero(np.r_[True, _changes(readings.place)]) if n else np.empty(0, dtype=np.intp)
    entity = np.cumsum(np.r_[True, _changes(readings.place)]) - 1 if n else np.empty(0, dtype=np.intp)
    digits = np.full(n, VERBATIM, dtype=np.uint8)
    mantissa = np.zeros(n, dtype=np.int64)
    open_ = np.ones(len(start), dtype=np.bool_)
    for places in range(DIGITS + 1):
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = np.rint(values * 10.0**places)
            exact = ~finite | ((scaled / 10.0**places == values) & (np.abs(scaled) < 1e15))
        fits = np.logical_and.reduceat(exact, start) & open_ if n else open_
        chosen = fits[entity] & finite
        digits[chosen] = places
        mantissa[chosen] = scaled[chosen].astype(np.int64)
        open_ &= ~fits
        if not open_.any():
            break
    return mantissa, digits


def _parts(rows: Rows, counts: NDArray[np.int64]) -> Iterator[Rows]:
    """Runs of `rows` with about BLOCK readings, cut between blocks of moments where that is possible."""
    start, held = 0, 0
    for i in range(len(rows)):
        boundary = i > start and rows[i] >> BLOCK_BITS != rows[i - 1] >> BLOCK_BITS
        if held and ((held > BLOCK and boundary) or held + counts[i] > 4 * BLOCK):
            yield rows[start:i]
            start, held = i, 0
        held += int(counts[i])
    if start < len(rows):
        yield rows[start:]


def _grown(file: Stored, rows: Rows, readings: Readings) -> Stored:
    """`file` with the spans widened by what was added."""
    figures = {
        "seq": (int(readings.seq.min()), int(readings.seq.max())),
        "at": (int(readings.at.min()), int(readings.at.max())),
        "row": (int(rows[0]), int(rows[-1])),
    }
    spans: dict[str, Any] = {}
    for name, (low, high) in figures.items():
        first = not file.readings
        spans[f"{name}_from"] = low if first else min(low, getattr(file, f"{name}_from"))
        spans[f"{name}_to"] = high if first else max(high, getattr(file, f"{name}_to"))
    return replace(file, readings=file.readings + len(readings), **spans)


def _changes(array: NDArray[np.generic]) -> NDArray[np.bool_]:
    return np.asarray(array[1:] != array[:-1])
