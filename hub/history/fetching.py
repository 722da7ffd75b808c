"""Readings of chosen entities in a span of time, from every source, settled. Runs in a reader's thread."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
from numpy.typing import NDArray

from hub.core.batch import Batch, Rows
from hub.history.columns import DAY_MS, Readings, batch_of, column, settled
from hub.history.files import COLUMNS, Sources, chosen

SLICE = 2_000_000
"""Readings held in memory at once; a query over more goes slice by slice."""

UNEVEN = 8
"""How many times more readings than the mean of its file an entity is expected to have."""


def fetch(connection: duckdb.DuckDBPyConnection, sources: Sources, rows: Rows, start: int, end: int) -> Readings:
    """Readings of `rows` (sorted, unique) in [start, end); places count from 0 in the order of `rows`."""
    condition, blocks = chosen(rows)
    narrow = sources.narrowed(start, end, rows)
    query = narrow.select(f'{condition} AND "at" >= {start} AND "at" < {end}', blocks)
    found = connection.execute(query).fetchnumpy()
    return settled(
        Readings(
            np.searchsorted(rows, column(found, "row", np.int32)),
            column(found, "at", np.int64),
            column(found, "value", np.float64),
            column(found, "quality", np.uint8),
            column(found, "seq", np.int64),
        )
    )


def slices(
    connection: duckdb.DuckDBPyConnection, sources: Sources, rows: Rows, start: int, end: int
) -> Iterator[tuple[Rows, int, int]]:
    """Parts of `rows` x [start, end), in order of time, of at most about SLICE readings, cut at UTC midnights."""
    narrow = sources.narrowed(start, end, rows)
    if end <= start or not (narrow.files or narrow.live):
        return
    days, counts = _counts(connection, narrow, rows, start, end)
    begin, held = start, 0
    for day, count in zip(days.tolist(), counts.tolist(), strict=True):
        midnight = day * DAY_MS
        if held and held + count > SLICE and midnight > begin:
            yield rows, begin, midnight
            begin, held = midnight, 0
        if count > SLICE and len(rows) > 1:
            upto = min(end, midnight + DAY_MS)
            for part in np.array_split(rows, min(len(rows), -(-count // SLICE))):
                yield part, begin, upto
            begin, held = upto, 0
        else:
            held += count
    if held:
        yield rows, begin, end


def newest_in(table: str) -> str:
    """SQL for the newest reading of each row in a table: what `newest_of` says, in a third of the time."""
    latest = f'SELECT "row", max("at") AS "at" FROM {table} GROUP BY "row"'
    return f'SELECT {COLUMNS} FROM {table} JOIN ({latest}) USING ("row", "at")'


def newest(connection: duckdb.DuckDBPyConnection, sources: Sources) -> Batch:
    """The newest reading of every entity: what the last seal noted, and what came since."""
    parts = [f"SELECT {COLUMNS} FROM newest", *map(newest_in, sources.live)]
    found = connection.execute(newest_of(" UNION ALL ".join(parts))).fetchnumpy()
    return batch_of(found)


def newest_of(query: str) -> str:
    """SQL for the reading of each row in `query` with the latest time, of equal times the last written."""
    return (
        'SELECT p.seq AS seq, "row", p."at" AS "at", p.value AS value, p.quality AS quality FROM ('
        'SELECT "row", max({"at": "at", seq: seq, value: value, quality: quality}) AS p '
        f'FROM ({query}) GROUP BY "row") ORDER BY "row"'
    )


def days_in(connection: duckdb.DuckDBPyConnection, table: str) -> list[int]:
    """The UTC days of the readings in a live table, ascending."""
    low, high = connection.execute(f'SELECT min("at"), max("at") FROM {table}').fetchall()[0]
    if low is None or low // DAY_MS == high // DAY_MS:
        return [] if low is None else [low // DAY_MS]
    found = connection.execute(f'SELECT DISTINCT floor("at" / {DAY_MS}.0)::BIGINT FROM {table} ORDER BY 1').fetchall()
    return [day for (day,) in found]


def before(
    connection: duckdb.DuckDBPyConnection, sources: Sources, rows: Rows, moment: int, reach: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """For each of `rows` the time and value of its last reading in [moment - reach, moment).

    The value is NaN where that reading carries none, the time -2**62 where there is no reading.
    """
    at = np.full(len(rows), -(2**62), dtype=np.int64)
    value = np.full(len(rows), np.nan)
    missing, end = np.arange(len(rows)), moment
    for part in (64, 8, 1):
        begin = moment - reach // part
        for some, low, high in slices(connection, sources, rows[missing], begin, end):
            readings = fetch(connection, sources, some, low, high)
            last = np.flatnonzero(readings.place != np.append(readings.place[1:], -1))
            where = np.searchsorted(rows, some)[readings.place[last]]
            at[where] = readings.at[last]
            value[where] = np.where(readings.known[last], readings.values[last], np.nan)
        missing, end = np.flatnonzero(at == -(2**62)), begin
        if not len(missing):
            break
    return at, value


def _counts(
    connection: duckdb.DuckDBPyConnection, sources: Sources, rows: Rows, start: int, end: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """UTC days and the readings of `rows` in each; only a first day with one reading where a slice surely holds all."""
    first, last = start // DAY_MS, (end - 1) // DAY_MS
    likely = sum(file.readings * len(rows) / (file.row_to - file.row_from + 1) for file in sources.files)
    if likely * UNEVEN < SLICE:
        return np.array([first]), np.array([1])
    condition, blocks = chosen(rows)
    query = sources.select(f'{condition} AND "at" >= {start} AND "at" < {end}', blocks)
    found = connection.execute(
        f'SELECT floor("at" / {DAY_MS}.0)::BIGINT AS day, count(*) AS n FROM ({query}) GROUP BY 1 ORDER BY 1'
    ).fetchnumpy()
    days, counts = column(found, "day", np.int64), column(found, "n", np.int64)
    keep = (days >= first) & (days <= last)
    return days[keep], counts[keep]
