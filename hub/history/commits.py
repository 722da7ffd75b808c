"""Commits to the live table: numbered, all or nothing, found whole again after a crash. Runs in the writer's thread."""

from __future__ import annotations

import contextlib
import logging
import shutil
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from hub.core.batch import Batch
from hub.core.clock import Clock
from hub.history.columns import last_per_time
from hub.history.database import Database, first_line
from hub.history.errors import HistoryError
from hub.history.files import live_tables
from hub.history.settings import HistorySettings

CHUNK = 250_000
"""Readings that carry one number at most: what a follower is handed at once."""

SEAL_PAUSE = 5.0
"""Seconds between seals, unless very much comes in: few large segments serve better than many small ones."""

_LIVE = '(seq BIGINT, "row" INTEGER, "at" BIGINT, value DOUBLE, quality UTINYINT)'
_BYTES_PER_READING = 40

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Commit:
    """What a commit came to: its last number, readings written, and readings replaced by a later one of their time."""

    seq: int
    stored: int
    replaced: int


class Commits:
    """The one writer of the database. `seq` is the number of the last commit."""

    def __init__(self, database: Database, settings: HistorySettings, clock: Clock) -> None:
        self.seq = 0
        self.live_readings = 0
        self._database = database
        self._settings = settings
        self._clock = clock
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._table = ""
        self._sealed_at = 0.0
        self._turn = threading.Lock()

    def open(self, lowest: int = 0) -> None:
        """Take up the numbering where the last commit on disk left it, or at `lowest`."""
        connection = self._connection = self._database.connection()
        tables = live_tables(connection)
        if not tables:
            tables = ["live_1"]
            connection.execute(f"CREATE TABLE live_1 {_LIVE}")
        self._table = tables[-1]
        self._sealed_at = self._clock.monotonic()
        if lowest:
            connection.execute("UPDATE numbering SET seq = greatest(seq, ?)", [lowest])
        self.seq = self._last(connection, tables)
        self.live_readings = _single(connection, f"SELECT count(*) FROM {self._table}")

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def write(self, batches: Sequence[Batch]) -> Commit:
        """Commit `batches` as one, durable when this returns. Raises HistoryError and then nothing of it is stored."""
        with self._turn:
            batch = last_per_time(Batch.concat(batches))
            offered = sum(map(len, batches))
            self._check_room(len(batch))
            first = self.seq + 1
            try:
                self._insert(batch, first)
            except duckdb.Error as error:
                self._recover(error, first)
            self.seq = first + max(0, len(batch) - 1) // CHUNK
            self.live_readings += len(batch)
            return Commit(self.seq, len(batch), offered - len(batch))

    @property
    def seal_due(self) -> bool:
        """Whether the live table is large or old enough to be sealed."""
        age = self._clock.monotonic() - self._sealed_at
        if self.live_readings >= self._settings.seal_readings:
            return age >= SEAL_PAUSE or self.live_readings >= 8 * self._settings.seal_readings
        return age >= self._settings.seal_seconds and self.live_readings > 0

    def rotate(self) -> None:
        """Let the next commit go to a new table, so that the present one can be sealed. Raises HistoryError."""
        with self._turn:
            self._sealed_at = self._clock.monotonic()
            if not self.live_readings:
                return
            connection = self._working()
            table = f"live_{int(self._table.removeprefix('live_')) + 1}"
            try:
                connection.execute(f"CREATE TABLE {table} {_LIVE}")
            except duckdb.Error as error:
                raise HistoryError(f"{self._database.path}: {first_line(error)}") from error
            self._table = table
            self.live_readings = 0

    def _insert(self, batch: Batch, seq: int) -> None:
        connection = self._working()
        connection.execute("BEGIN")
        for number, start in enumerate(range(0, len(batch), CHUNK)):
            part = slice(start, start + CHUNK)
            columns = {"row": batch.rows[part], "at": batch.at[part]}
            columns |= {"value": batch.values[part], "quality": batch.quality[part]}
            connection.register("arrived", columns)
            connection.execute(
                f'INSERT INTO {self._table} SELECT ?::BIGINT, "row", "at", value, quality FROM arrived', [seq + number]
            )
            connection.unregister("arrived")
        connection.execute("COMMIT")

    def _recover(self, error: duckdb.Error, first: int) -> None:
        """Bring the database back after a failed commit. Returns only if the commit is on disk after all."""
        said = first_line(error)
        connection = self._working()
        with contextlib.suppress(duckdb.Error):
            connection.execute("ROLLBACK")
        try:
            connection.execute("FROM numbering")
        except duckdb.Error:
            self._reopen(said)
            if self._last(self._working(), live_tables(self._working())) >= first:
                log.warning("history: the commit of %d was on disk although DuckDB said: %s", first, said)
                return
        raise HistoryError(f"{self._database.path} takes no readings: {said}") from error

    def _reopen(self, said: str) -> None:
        self.close()
        try:
            self._database.reopen()
            self._connection = self._database.connection()
        except (duckdb.Error, OSError) as error:
            raise HistoryError(f"{self._database.path} takes no readings: {said}; {first_line(error)}") from error

    def _working(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            self._reopen("it is closed after a fault")
        assert self._connection is not None  # noqa: S101  # _reopen raises otherwise
        return self._connection

    def _check_room(self, readings: int) -> None:
        free = shutil.disk_usage(self._database.folder).free
        needed = self._settings.reserve_mb * 1_000_000 + readings * _BYTES_PER_READING
        if self._settings.reserve_mb and free < needed:
            raise HistoryError(
                f"the disk is full: {free / 1e6:.0f} MB are free at {self._database.folder}, "
                f"{needed / 1e6:.0f} MB are needed; nothing is stored until there is room"
            )

    def _last(self, connection: duckdb.DuckDBPyConnection, tables: Sequence[str]) -> int:
        sources = ["SELECT seq FROM numbering", "SELECT seq_to FROM files WHERE state = 'kept'"]
        sources += [f"SELECT max(seq) FROM {table}" for table in tables]
        return _single(connection, f"SELECT max(seq) FROM ({' UNION ALL '.join(sources)}) t(seq)")


def _single(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    found = connection.execute(query).fetchone()
    return int(found[0]) if found and found[0] is not None else 0
