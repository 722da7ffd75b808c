"""The DuckDB file of the history: one hub at a time, set aside when damaged, opened again after a fault."""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import duckdb

from hub.history.errors import HistoryError
from hub.history.settings import HistorySettings

SCHEMA = """
CREATE TABLE numbering(version INTEGER, seq BIGINT, floor BIGINT);
CREATE TABLE newest(row INTEGER, seq BIGINT, "at" BIGINT, value DOUBLE, quality UTINYINT);
CREATE TABLE files(id BIGINT, state VARCHAR, kind VARCHAR, path VARCHAR, tenant VARCHAR, project VARCHAR, day BIGINT,
    readings BIGINT, seq_from BIGINT, seq_to BIGINT, at_from BIGINT, at_to BIGINT, row_from INTEGER, row_to INTEGER);
INSERT INTO numbering VALUES (1, 0, 0);
"""

VERSION = 1

_NOT_DAMAGED = (
    "no space left",
    "permission denied",
    "could not set lock",
    "newer version",
    "version number",
    "too many open",
)

log = logging.getLogger(__name__)


class Database:
    """Connections to `folder/history.duckdb`. `fresh` tells that it was made just now."""

    def __init__(self, folder: Path, settings: HistorySettings) -> None:
        self.folder = folder
        self.path = folder / "history.duckdb"
        self.fresh = False
        self._settings = settings
        self._lock: IO[str] | None = None
        self._root: duckdb.DuckDBPyConnection | None = None
        self._idle = threading.Condition()
        self._readers: set[duckdb.DuckDBPyConnection] = set()
        self._jobs: set[duckdb.DuckDBPyConnection] = set()

    def open(self) -> None:
        """Lock the folder and open the file. Raises HistoryError; a damaged or foreign file is set aside first."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._take_lock()
        if self.path.exists() and not self.path.stat().st_size:
            self.path.unlink()  # a crash at the very first start leaves it so
        try:
            self._root = self._connect()
        except duckdb.Error as error:
            raise self._refusal(error) from error
        self._check_schema(self._root)

    def close(self) -> None:
        """Close every connection and give the folder free."""
        self._disconnect()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def reopen(self) -> None:
        """Open the file again after DuckDB gave up on it, once running queries ended. Raises duckdb.Error."""
        self._disconnect()
        self._root = self._connect()

    def connection(self) -> duckdb.DuckDBPyConnection:
        """A connection of one's own, to be closed by the caller. Raises HistoryError while the file is closed."""
        with self._idle:
            return self._cursor()

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection with one unchanging view of tables and files. Raises HistoryError when DuckDB refuses."""
        with self._lent(self._readers) as connection:
            connection.execute("BEGIN")
            yield connection

    @contextmanager
    def working(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for a job that writes. Raises HistoryError when DuckDB refuses."""
        with self._lent(self._jobs) as connection:
            yield connection

    def wait_for_readers(self, seconds: float = 60.0) -> bool:
        """Wait until every reader that has begun is through; whether they are."""
        with self._idle:
            begun = set(self._readers)
            return self._idle.wait_for(lambda: not begun & self._readers, seconds)

    @contextmanager
    def _lent(self, users: set[duckdb.DuckDBPyConnection]) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._idle:
            connection = self._cursor()
            users.add(connection)
        try:
            yield connection
        except duckdb.Error as error:
            raise HistoryError(f"{self.path}: {first_line(error)}") from error
        finally:
            connection.close()
            with self._idle:
                users.discard(connection)
                self._idle.notify_all()

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        if self._root is None:
            raise HistoryError(f"{self.path} is closed at the moment")
        return self._root.cursor()

    def _disconnect(self) -> None:
        with self._idle:
            root, self._root = self._root, None
            self._idle.wait_for(lambda: not self._readers and not self._jobs, 60.0)
        if root is not None:
            root.close()

    def _connect(self) -> duckdb.DuckDBPyConnection:
        # DuckDB's own threads inherit the priority of the thread that opens the file: the event loop goes before them.
        # The hub's threads keep theirs: one that is put last while it holds Python's lock would hold up the loop
        with ThreadPoolExecutor(1, "history-open", initializer=_step_back) as pool:
            return pool.submit(self._connect_here).result()

    def _connect_here(self) -> duckdb.DuckDBPyConnection:
        settings = self._settings
        connection = duckdb.connect(
            str(self.path),
            config={
                "threads": settings.threads,
                "memory_limit": f"{settings.memory_mb}MiB",
                "temp_directory": str(self.folder / "spill"),
                "checkpoint_threshold": "4MiB",
                "default_block_size": "16384",
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "enable_external_file_cache": False,
            },
        )
        connection.execute("SET GLOBAL parquet_metadata_cache = true")
        return connection

    def _take_lock(self) -> None:
        self._lock = (self.folder / "lock").open("a")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            self._lock = None
            raise HistoryError(
                f"{self.folder} is in use by another hub; stop it, or give this one its own folder"
            ) from None

    def _check_schema(self, connection: duckdb.DuckDBPyConnection) -> None:
        tables = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        if not tables:
            connection.execute(f"BEGIN; {SCHEMA} COMMIT")
            self.fresh = True
        elif not {"numbering", "newest", "files"} <= tables:
            self.close()
            raise HistoryError(
                f"{self.path} is a DuckDB database of something else (tables {', '.join(sorted(tables)[:5])}); "
                f"it was kept as {self._set_aside().name}, the next start begins a new history"
            )
        else:
            found = connection.execute("SELECT version FROM numbering").fetchall()
            if found != [(VERSION,)]:
                self.close()
                raise HistoryError(
                    f"{self.path} was written by another version of the hub ({found}, expected {VERSION})"
                )

    def _refusal(self, error: duckdb.Error) -> HistoryError:
        said = first_line(error)
        self.close()
        if any(words in said.lower() for words in _NOT_DAMAGED):
            return HistoryError(f"{self.path} cannot be opened: {said}")
        aside = self._set_aside()
        return HistoryError(
            f"{self.path} is damaged or no database ({said}); it was kept as {aside.name}, "
            "the next start begins a new one and still reads every exported day"
        )

    def _set_aside(self) -> Path:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        aside = self.path.with_name(f"{self.path.name}.set-aside-{stamp}")
        wal = self.path.with_name(self.path.name + ".wal")
        self.path.rename(aside)
        if wal.exists():
            wal.rename(aside.with_name(aside.name + ".wal"))
        return aside


def _step_back() -> None:
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), os.getpriority(os.PRIO_PROCESS, 0) + 5)


def first_line(error: BaseException) -> str:
    """What an error says, without the lines that show SQL."""
    return str(error).partition("\n")[0]
