"""The historian: takes changes, commits them in numbered groups, answers questions, hands everything on in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from hub.core.batch import Batch
from hub.core.clock import Clock
from hub.core.errors import HubError
from hub.core.registry import Registry
from hub.history.adopt import adopt
from hub.history.archive import Archive, Owner, finished
from hub.history.buckets import Buckets
from hub.history.cells import Aggregate
from hub.history.commits import Commits
from hub.history.database import Database
from hub.history.errors import HistoryError
from hub.history.following import Chunk, Cursor, CursorStore, Stride
from hub.history.questions import Questions
from hub.history.settings import HistorySettings
from hub.history.waiting import Waiting

RAW_LIMIT = 1_000_000

NOBODY = ("default", "_unknown")
"""Tenant and project of rows that no registry knows: no project can be called so."""

log = logging.getLogger(__name__)

_T = TypeVar("_T")


class History:
    """The embedded history in one folder. Made by `open`, which starts its commits; ended by `close`."""

    def __init__(self, folder: Path, clock: Clock, settings: HistorySettings) -> None:
        self.folder = folder
        self.settings = settings
        self.before_commit: Callable[[], Awaitable[None]] | None = None
        self._clock = clock
        self._database = Database(folder, settings)
        self._commits = Commits(self._database, settings, clock)
        self._archive = Archive(self._database, settings)
        self._questions = Questions(self._database)
        self._waiting = Waiting(settings.pending_limit)
        self._writer = ThreadPoolExecutor(1, "history-writer")
        self._archivist = ThreadPoolExecutor(1, "history-archive")
        self._readers = ThreadPoolExecutor(2, "history-reader")
        self._task: asyncio.Task[None] | None = None
        self._sealing: asyncio.Task[None] | None = None
        self._commit_trouble = ""
        self._archive_trouble = ""
        self._missing: list[str] = []
        self._last_at_start = 0
        self._stopped = False
        self._moved: set[str] = set()
        self._utc_ahead = 0.0

    @classmethod
    async def open(cls, folder: Path, clock: Clock | None = None, settings: HistorySettings | None = None) -> History:
        """The history in `folder`, made if there is none.

        Raises HistoryError when another hub uses it or its database is damaged; a damaged one is set aside first.
        """
        history = cls(folder, clock or Clock(), settings or HistorySettings())
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(history._writer, history._start)
        except HubError:
            history._stop_threads()
            raise
        history._task = loop.create_task(history._commit_for_ever(), name="history commits")
        return history

    @property
    def seq(self) -> int:
        """The number of the last commit."""
        return self._commits.seq

    @property
    def pending(self) -> int:
        """Readings that are not durable yet."""
        return self._waiting.pending

    @property
    def shed(self) -> int:
        """Readings given up for want of room, since the start."""
        return self._waiting.shed

    @property
    def replaced(self) -> int:
        """Readings given up for a later one of the same entity and time in the same commit, since the start."""
        return self._waiting.replaced

    @property
    def stored(self) -> int:
        """Readings committed since the start. `appended == stored + replaced + shed + pending`."""
        return self._waiting.stored

    @property
    def trouble(self) -> str:
        """What keeps readings from being stored, exported or found, in words; empty when all is well."""
        return "; ".join(
            filter(None, [self._commit_trouble, self._waiting.trouble, self._archive_trouble, *self._missing])
        )

    def append(self, batch: Batch) -> None:
        """Take readings for the next commit. Never blocks; what does not fit in memory is shed, counted and told."""
        self._waiting.add(batch)

    async def committed(self) -> int:
        """Wait until everything appended so far is durable; the number of the last commit.

        Raises ReadingsShed when readings have been shed since the last commit: they cannot be acknowledged.
        """
        await self._waiting.durable()
        return self.seq

    async def raw(self, rows: ArrayLike, start: int, end: int, limit: int = RAW_LIMIT) -> Batch:
        """Readings of `rows` in [start, end) ms UTC, sorted by (row, at), each (row, at) as it was written last.

        At most `limit` of them, the first in that order: when so many come back there may be more.
        """
        wanted = np.unique(np.asarray(rows, dtype=np.int32))
        if not len(wanted) or end <= start:
            return Batch.empty()
        return await self._in(self._readers, lambda: self._questions.raw(wanted, start, end, limit))

    async def buckets(self, rows: ArrayLike, edges: ArrayLike, aggregate: Aggregate) -> Buckets:
        """One figure for each of `rows` (shape (n,)) between neighbouring `edges` (shape (m + 1,), ms UTC, ascending).

        Values and counts of shape (n, m); NaN where there is no data. Raises HistoryError for edges that do not ascend.
        """
        wanted, borders = np.asarray(rows, dtype=np.int32), np.asarray(edges, dtype=np.int64)
        now = self._clock.now_ms()
        return await self._in(self._readers, lambda: self._questions.buckets(wanted, borders, aggregate, now))

    async def latest(self) -> Batch:
        """The newest reading of every entity, good or bad, sorted by row: live state for a start."""
        return await self._in(self._readers, self._questions.latest)

    async def follow(self, after: int) -> AsyncIterator[Chunk]:
        """Every reading committed after number `after`, in order, then new ones as they are committed, for ever."""
        stride = Stride()
        floor = await self._in(self._readers, self._questions.floor)
        if after < floor:
            log.warning(
                "history: readings of commits %d to %d were deleted before they were passed on", after + 1, floor
            )
        while True:
            await self._waiting.beyond(partial(self._has, after))
            chunk = await self._in(self._readers, partial(self._questions.chunk, stride, after, self.seq))
            after = chunk.seq
            if len(chunk.batch):
                yield chunk

    def cursor(self, name: str, store: CursorStore) -> Cursor:
        """The durable reader `name`, whose position `store` keeps."""
        return Cursor(name, store, self.follow, self._last_at_start, self._moved)

    async def export(self, owner: Owner, before: int | None = None) -> int:
        """Bring finished days to Parquet, one file per project and day; how many files were written.

        `owner` tells tenant and project of a row. Days that ended by `before` (ms UTC) are exported, by default those
        older than `export_after_days`. Raises HistoryError; whatever happens, nothing is lost or doubled.
        """
        until = finished(self._now(), self.settings.export_after_days) if before is None else before
        await self._in(self._writer, self._commits.rotate)
        await self._in(self._archivist, self._archive.seal)
        return await self._in(self._archivist, lambda: self._archive.export(owner, until))

    async def retain(self, days: int | None = None) -> int:
        """Delete whole days older than `days` (by default `retention_days`; 0 keeps all); how many readings went."""
        kept = self.settings.retention_days if days is None else days
        if not kept:
            return 0
        return await self._in(self._archivist, lambda: self._archive.forget(finished(self._now(), kept)))

    async def tidy(self, registry: Registry) -> None:
        """Export what is finished and delete what is past its time. Raises HistoryError; `trouble` tells it too."""
        try:
            await self.export(lambda row: _owner(registry, row))
            await self.retain()
        except HistoryError as error:
            self._archive_trouble = str(error)
            raise
        self._archive_trouble = ""

    async def close(self) -> None:
        """Commit what waits, then close. Raises HistoryError when that commit fails: the readings in it are lost."""
        if self._task is not None:
            self._waiting.close()
            await asyncio.wait([self._task])
            self._task = None
        if self._sealing is not None:
            await asyncio.wait([self._sealing])
        lost = self.pending
        self._stopped = True
        await asyncio.get_running_loop().run_in_executor(self._writer, self._stop)
        self._stop_threads()
        if lost:
            raise HistoryError(f"{lost} readings could not be stored before the end: {self._commit_trouble}")

    async def _commit_for_ever(self) -> None:
        while await self._waiting.due(self.settings.commit_seconds):
            self._commit_trouble = await self._commit()
            if self._commit_trouble:
                if self._waiting.closed:
                    return
                await asyncio.sleep(min(1.0, 10 * self.settings.commit_seconds))
            elif self._commits.seal_due and not self._waiting.crowded and (not self._sealing or self._sealing.done()):
                self._sealing = asyncio.create_task(self._seal(), name="history seal")

    async def _commit(self) -> str:
        """Commit what waits; what went wrong, in words."""
        taken = self._waiting.take()
        if self.before_commit is not None:
            # waited for as a task: whatever it raises becomes words, and the readings stay
            saving = asyncio.ensure_future(self.before_commit())
            await asyncio.wait([saving])
            if error := saving.exception():
                self._waiting.put_back(taken)
                return f"identities cannot be saved, so readings wait: {error}"
        try:
            commit = await self._in(self._writer, lambda: self._commits.write(taken))
        except (HistoryError, OSError) as error:
            self._waiting.put_back(taken)
            return str(error)
        self._waiting.done(commit)
        return ""

    async def _seal(self) -> None:
        try:
            await self._in(self._writer, self._commits.rotate)
            await self._in(self._archivist, self._archive.seal)
        except (HistoryError, OSError) as error:
            self._archive_trouble = f"live readings cannot be sealed: {error}"
            log.warning("history: %s", self._archive_trouble)
        else:
            self._archive_trouble = ""

    def _start(self) -> None:
        self._database.open()
        lowest = 0
        set_aside = any(self.folder.glob("history.duckdb.set-aside-*"))
        if self._database.fresh:
            with self._database.working() as connection:
                adopted = adopt(connection, self.folder)
            # numbers given out before must never come again, or followers would pass over readings
            lowest = self._clock.now_ms() if adopted or set_aside else 0
            if adopted:
                log.warning(
                    "history: a new database was begun; %d files with earlier readings were taken over", len(adopted)
                )
        self._commits.open(lowest)
        self._missing = self._archive.recover()
        self._last_at_start = self._commits.seq
        self._utc_ahead = self._clock.now_ms() / 1000 - self._clock.monotonic()

    def _stop(self) -> None:
        self._commits.close()
        self._database.close()

    def _stop_threads(self) -> None:
        for pool in (self._writer, self._archivist, self._readers):
            pool.shutdown(wait=False)

    def _now(self) -> int:
        """UTC in ms, reckoned from the start by the monotonic clock: a clock set wrong now must not delete a year."""
        return round((self._clock.monotonic() + self._utc_ahead) * 1000)

    def _has(self, after: int) -> bool:
        return self.seq > after

    async def _in(self, pool: ThreadPoolExecutor, step: Callable[[], _T]) -> _T:
        if self._stopped:
            raise HistoryError("the history is closed")
        return await asyncio.get_running_loop().run_in_executor(pool, step)


def _owner(registry: Registry, row: int) -> tuple[str, str]:
    entity = registry.at_row(row)
    return (entity.device.tenant, entity.device.project) if entity is not None else NOBODY
