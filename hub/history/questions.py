"""Questions to the history, each answered from one unchanging view of it. Runs in a reader's thread."""

from __future__ import annotations

import duckdb
import numpy as np
from numpy.typing import NDArray

from hub.core.batch import Batch, Rows, Times
from hub.history.buckets import Buckets, buckets
from hub.history.cells import Aggregate
from hub.history.columns import Readings
from hub.history.database import Database
from hub.history.fetching import fetch, newest, slices
from hub.history.files import Sources, look
from hub.history.following import Chunk, Stride


class Questions:
    """Answers from the database and the files in its folder. Every method raises HistoryError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def raw(self, rows: Rows, start: int, end: int, limit: int) -> Batch:
        """The first `limit` readings of `rows` (sorted, unique) in [start, end), in the order of (row, at)."""
        with self._database.reading() as connection:
            sources = look(connection, self._database.folder)
            spans = list(slices(connection, sources, rows, start, end))
            if len(spans) <= 1:
                return _joined([_batch(connection, sources, *span) for span in spans], limit)
            found: list[Batch] = []
            for row in rows:
                for span in slices(connection, sources, np.array([row], dtype=np.int32), start, end):
                    found.append(_batch(connection, sources, *span))
                    if sum(map(len, found)) >= limit:
                        return _joined(found, limit)
            return _joined(found, limit)

    def buckets(self, rows: Rows, edges: Times, aggregate: Aggregate, now: int) -> Buckets:
        """Figures of `rows` between `edges`; nothing is known beyond `now`."""
        with self._database.reading() as connection:
            sources = look(connection, self._database.folder)
            return buckets(connection, sources, rows, edges, aggregate=aggregate, now=now)

    def latest(self) -> Batch:
        """The newest reading of every entity."""
        with self._database.reading() as connection:
            return newest(connection, look(connection, self._database.folder))

    def chunk(self, stride: Stride, after: int, last: int) -> Chunk:
        """The next readings after commit `after`, up to commit `last` at most."""
        with self._database.reading() as connection:
            return stride.read(connection, look(connection, self._database.folder), after, last)

    def floor(self) -> int:
        """The last commit of which readings were deleted for their age."""
        with self._database.reading() as connection:
            return int(connection.execute("SELECT floor FROM numbering").fetchall()[0][0])


def _batch(connection: duckdb.DuckDBPyConnection, sources: Sources, rows: Rows, start: int, end: int) -> Batch:
    found: Readings = fetch(connection, sources, rows, start, end)
    owners: NDArray[np.int32] = rows[found.place]
    return Batch(owners, found.values, found.at, found.quality)


def _joined(batches: list[Batch], limit: int) -> Batch:
    batch = Batch.concat(batches)
    if len(batch) <= limit:
        return batch
    return Batch(batch.rows[:limit], batch.values[:limit], batch.at[:limit], batch.quality[:limit])
