"""Everything after a commit, in order: for the ledger, dockings and whoever else passes data on."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol

import duckdb
import numpy as np

from hub.core.batch import Batch
from hub.history.columns import batch_of, column
from hub.history.commits import CHUNK
from hub.history.files import Sources

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Readings in the order of their commits, within a commit by (row, at); `seq` is the last commit they reach to."""

    seq: int
    batch: Batch


class CursorStore(Protocol):
    """Keeps how far each reader has come; `hub.store.Store` is one."""

    async def cursor(self, name: str) -> int:
        """The position of the reader `name`, 0 for a new one."""
        ...

    async def set_cursor(self, name: str, seq: int) -> None:
        """Keep the position of the reader `name`."""
        ...


class Cursor:
    """A reader's durable place in the history: iterate over chunks, `commit` once what they held is dealt with.

    After a crash it goes on behind the last commit: whoever does not commit sees a chunk again.
    """

    def __init__(
        self,
        name: str,
        store: CursorStore,
        follow: Callable[[int], AsyncIterator[Chunk]],
        last_at_start: int,
        moved: set[str],
    ) -> None:
        self.name = name
        self._store = store
        self._follow = follow
        self._last_at_start = last_at_start
        self._moved = moved
        self._seen = -1

    async def __aiter__(self) -> AsyncIterator[Chunk]:
        position = await self._store.cursor(self.name)
        if position > self._last_at_start and self.name not in self._moved:
            log.warning(
                "cursor %s stood at %d, but history ended at %d when it was opened (restored from an older copy?); "
                "it goes on from there",
                self.name,
                position,
                self._last_at_start,
            )
            position = self._last_at_start
        async for chunk in self._follow(position):
            self._seen = chunk.seq
            yield chunk

    async def commit(self) -> None:
        """Keep the position behind the chunk handed out last."""
        if self._seen >= 0:
            await self._store.set_cursor(self.name, self._seen)
            self._moved.add(self.name)


@dataclass(slots=True)
class Stride:
    """How many commits to read at once so that a chunk holds about CHUNK readings; finds its length by itself."""

    commits: int = 16

    def read(self, connection: duckdb.DuckDBPyConnection, sources: Sources, after: int, last: int) -> Chunk:
        """The readings of the next commits after `after`, none of them beyond `last`. May be empty."""
        while True:
            upto = min(last, after + self.commits)
            condition = f"seq > {after} AND seq <= {upto}"
            query = sources.since(after, upto).select(condition)
            found = connection.execute(f"{query} LIMIT {2 * CHUNK + 1}").fetchnumpy()
            n = len(found["seq"])
            if n <= 2 * CHUNK or self.commits == 1:
                break
            self.commits = max(1, self.commits // 4)
        if not n:
            upto = _ahead_of_next(connection, sources, upto, last)
        if n < CHUNK // 2:
            self.commits = min(2 * self.commits, 1 << 20)
        batch = batch_of(found)
        order = np.lexsort((batch.at, batch.rows, column(found, "seq", np.int64)))
        return Chunk(upto, Batch(batch.rows[order], batch.values[order], batch.at[order], batch.quality[order]))


def _ahead_of_next(connection: duckdb.DuckDBPyConnection, sources: Sources, after: int, last: int) -> int:
    """The number ahead of the next commit that can have readings: retention and new beginnings leave long gaps."""
    starts = [max(file.seq_from, after + 1) for file in sources.since(after, last).files]
    for table in sources.live:
        found = connection.execute(f"SELECT min(seq) FROM {table} WHERE seq > {after} HAVING count(*) > 0").fetchall()
        starts += [seq for (seq,) in found]
    return min(starts, default=last + 1) - 1
