"""The database as the rest of the hub sees it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from hub.core.health import EntryHealth
from hub.core.registry import Registry, Unsaved
from hub.store import places, registry_rows, states
from hub.store.engine import WRITES, connect, database_url
from hub.store.errors import StoreError, in_words, shown
from hub.store.places import Cursor
from hub.store.schema import bring_up_to_date
from hub.store.states import LastHealth


class Store:
    """An open database at the schema of this code. Each method is one transaction: all of it is durable, or nothing.

    Every method raises StoreError when the database does not do what was asked: disk full, locked, away.
    """

    def __init__(self, url: URL, engine: AsyncEngine) -> None:
        self._url = url
        self._engine = engine
        self._writer = engine.execution_options(**{WRITES: True})
        self._turn = asyncio.Lock()

    @classmethod
    async def open(cls, url: str, *, busy_seconds: float = 5.0) -> Store:
        """The database at `url`, made or migrated if needed; `sqlite:////data/hub.db`, `postgresql://user@host/hub`.

        `busy_seconds` is how long a transaction waits while another process holds SQLite's write lock.
        Raises StoreError when it cannot be reached or was written by a newer hub.
        """
        target = database_url(url)
        with in_words(target):
            store = cls(target, connect(target, busy_seconds))
            try:
                await bring_up_to_date(store._writer, target)
            except BaseException:
                await store.close()
                raise
        return store

    @property
    def name(self) -> str:
        """The database's URL as it may be shown: no password."""
        return shown(self._url)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection whose statements all see the same state; for the rooms that keep tables of their own."""
        with in_words(self._url):
            async with self._engine.connect() as connection, connection.begin():
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """The one transaction that may write now; kept at the end, undone when anything is raised inside."""
        with in_words(self._url):
            async with self._turn, self._writer.begin() as connection:
                yield connection

    async def load_registry(self, registry: Registry) -> None:
        """Fill an empty registry with every device, entity and text ever saved."""
        async with self.read() as connection:
            await registry_rows.load(connection, registry)

    async def save_registry(self, unsaved: Unsaved) -> None:
        """Save what `Registry.unsaved` names; afterwards tell the registry with `Registry.saved`."""
        if unsaved:
            async with self.write() as connection:
                await registry_rows.save(connection, unsaved)

    async def save_projects(self, tenants: Mapping[str, str]) -> None:
        """Note whose each project is: project key to tenant key, as configured."""
        async with self.write() as connection:
            await registry_rows.save_projects(connection, dict(tenants))

    async def cursor(self, name: str, tenant: str = "default", project: str = "") -> int:
        """The history seq up to which the reader `name` has dealt with everything; 0 for a new reader."""
        async with self.read() as connection:
            return await places.seq(connection, name, tenant, project)

    async def cursors(self) -> list[Cursor]:
        """Every reader's cursor, by tenant, project and name."""
        async with self.read() as connection:
            return await places.load(connection)

    async def set_cursor(self, name: str, seq: int, tenant: str = "default", project: str = "") -> None:
        """Put a reader's cursor at `seq`, durably; back is allowed, to read again."""
        if seq < 0:
            raise StoreError(f"cursor {name}: {seq} is no history seq")
        async with self.write() as connection:
            await places.save(connection, Cursor(name, tenant, project, seq))

    async def forget_cursor(self, name: str, tenant: str = "default", project: str = "") -> None:
        """Remove the cursor of a reader that is gone, so that it holds nothing back."""
        async with self.write() as connection:
            await places.forget(connection, name, tenant, project)

    async def save_health(self, entries: Iterable[EntryHealth], at: int) -> None:
        """Keep the state, reason and restarts of `entries` as of `at` (ms UTC)."""
        async with self.write() as connection:
            await states.save(connection, entries, at)

    async def last_health(self) -> list[LastHealth]:
        """Every entry as it was last saved, configured today or not, by project and entry."""
        async with self.read() as connection:
            return await states.load(connection)

    async def close(self) -> None:
        """Close all connections; SQLite folds its write-ahead log into the file."""
        await self._engine.dispose()
