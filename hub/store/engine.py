"""How the hub connects: SQLite safe against power cuts, PostgreSQL as its server is set up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import event, make_url
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from hub.store.errors import StoreError, shown

WRITES = "hub_writes"
"""Execution option of transactions that take SQLite's one write lock at their start, so that none fails half way."""

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}


def database_url(text: str) -> URL:
    """The URL with the driver the hub uses. Raises StoreError for anything but SQLite in a file, or PostgreSQL."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise StoreError(
            f"no database URL; expected something like sqlite:////data/hub.db, not {_bare(text)}"
        ) from None
    driver = _DRIVERS.get(url.drivername.partition("+")[0])
    if driver is None:
        raise StoreError(f"database {url.drivername} is not supported: use sqlite or postgresql")
    if driver.startswith("sqlite") and url.database in (None, "", ":memory:"):
        raise StoreError("a SQLite database needs a file, such as sqlite:////data/hub.db: memory forgets")
    return url.set(drivername=driver)


def connect(url: URL, busy_seconds: float) -> AsyncEngine:
    """An engine for `url`; `busy_seconds` is how long SQLite waits for another process's lock.

    Raises StoreError when the driver is not installed.
    """
    try:
        if url.get_backend_name() != "sqlite":
            return create_async_engine(url, pool_pre_ping=True, pool_size=4)
        Path(url.database or "").parent.mkdir(parents=True, exist_ok=True)
        engine = create_async_engine(url, pool_size=4)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise StoreError(f"database {shown(url)}: its driver is missing: pip install 'kwhub[postgres]'") from error

    def prepare(connection: Any, _record: object) -> None:
        _prepare_sqlite(connection, busy_seconds)

    event.listen(engine.sync_engine, "connect", prepare)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, busy_seconds: float) -> None:
    """Make every commit survive a power cut, foreign keys count, and the hub begin its transactions itself."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {round(busy_seconds * 1000)}")
    cursor.execute("PRAGMA journal_mode = WAL")
    mode = cursor.fetchone()[0]
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()
    if mode != "wal":
        raise StoreError("SQLite cannot keep a write-ahead log here (a network share?): put the data on a local disk")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _bare(text: str) -> str:
    return repr(text.rpartition("@")[2])
