"""From live tables to segments to day files, and out again. Each step is one transaction; runs in the archive's thread.

New files are entered as `planned` before they are written. One transaction then makes them `kept` and what they replace
`obsolete`; obsolete files are deleted when nobody reads them any more. A crash between any two steps leaves planned or
obsolete files behind, which the next start deletes.
"""

from __future__ import annotations

import contextlib
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import duckdb

from hub.history.columns import DAY_MS, day_of
from hub.history.database import Database
from hub.history.day import DayWriter
from hub.history.fetching import days_in, newest_in, newest_of
from hub.history.files import (
    COLUMNS,
    Sources,
    Stored,
    day_path,
    live_tables,
    look,
    register,
    remove,
    segment_path,
    write,
)
from hub.history.settings import HistorySettings

Owner = Callable[[int], tuple[str, str]]
"""Tenant and project of an entity's row."""

MERGE_AT = 16
"""Segments of one day that are merged into one."""

log = logging.getLogger(__name__)


class Archive:
    """Seals live tables, merges segments, exports days, forgets old ones."""

    def __init__(self, database: Database, settings: HistorySettings) -> None:
        self._database = database
        self._settings = settings

    def seal(self) -> None:
        """Turn every live table but the newest into segments, one for each day in it. Raises HistoryError."""
        with self._database.working() as connection:
            self._sweep(connection)
            for table in live_tables(connection)[:-1]:
                self._seal_table(connection, table)
            self._merge(connection)
            self._sweep(connection)
            # gives the room of sealed tables back to the disk; refused while a commit is under way: next time, then
            with contextlib.suppress(duckdb.TransactionException):
                connection.execute("CHECKPOINT")

    def export(self, owner: Owner, before: int) -> int:
        """Bring every day that ended by `before` (ms UTC) into day files; how many files. Raises HistoryError.

        Late readings of days exported earlier are merged into new files.
        """
        exported = 0
        with self._database.working() as connection:
            sources = look(connection, self._database.folder)
            days = {file.day for file in sources.files if file.kind == "segment"}
            for day in sorted(day for day in days if (day + 1) * DAY_MS <= before):
                exported += self._export_day(connection, day, owner)
                self._sweep(connection)
        return exported

    def forget(self, before: int) -> int:
        """Delete every day that ended by `before` (ms UTC); readings deleted. Raises HistoryError."""
        with self._database.working() as connection:
            sources = look(connection, self._database.folder)
            old = [file for file in sources.files if (file.day + 1) * DAY_MS <= before]
            if not old:
                return 0
            self._replace(
                connection, [], old, f"UPDATE numbering SET floor = greatest(floor, {max(f.seq_to for f in old)})"
            )
            self._sweep(connection)
            return sum(file.readings for file in old)

    def recover(self) -> list[str]:
        """Delete what an interrupted step left behind; what is wrong with the files, in words. Raises HistoryError."""
        with self._database.working() as connection:
            self._sweep(connection)
            missing = []
            for file in look(connection, self._database.folder).files:
                lost = [part for part in file.parts if not (self._database.folder / part).exists()]
                if lost:
                    connection.execute("UPDATE files SET state = 'missing' WHERE id = ?", [file.id])
                    missing.append(f"{self._database.folder / lost[0]} is gone, with {file.readings} readings")
            return missing

    def _seal_table(self, connection: duckdb.DuckDBPyConnection, table: str) -> None:
        made = [self._write_segment(connection, day, f"FROM {table}") for day in days_in(connection, table)]
        fresh = newest_of(f"SELECT {COLUMNS} FROM newest UNION ALL {newest_in(table)}")
        self._replace(
            connection,
            made,
            [],
            f"UPDATE numbering SET seq = greatest(seq, (SELECT coalesce(max(seq), 0) FROM {table}))",
            f"CREATE TEMP TABLE fresh AS {fresh}",
            "DELETE FROM newest",
            "INSERT INTO newest BY NAME FROM fresh",
            "DROP TABLE fresh",
            f"DROP TABLE {table}",
        )

    def _write_segment(self, connection: duckdb.DuckDBPyConnection, day: int, source: str) -> Stored:
        file = self._plan(connection, partial(segment_path, day=day), "segment", day)
        inside = f'"at" >= {day * DAY_MS} AND "at" < {(day + 1) * DAY_MS}'
        query = f'SELECT {COLUMNS} FROM ({source}) WHERE {inside} ORDER BY "row", "at", seq'
        write(connection, query, self._database.folder / file.path)
        return measured(connection, file, Sources(self._database.folder, [], [file]).select("true"))

    def _merge(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Keep the number of a busy day's segments small: many small ones become one."""
        small: dict[int, list[Stored]] = defaultdict(list)
        for file in look(connection, self._database.folder).files:
            if file.kind == "segment" and file.readings < 2 * self._settings.seal_readings:
                small[file.day].append(file)
        for day, files in small.items():
            if len(files) >= MERGE_AT:
                source = Sources(self._database.folder, [], files).select("true")
                self._replace(connection, [self._write_segment(connection, day, source)], files)

    def _export_day(self, connection: duckdb.DuckDBPyConnection, day: int, owner: Owner) -> int:
        files = [file for file in look(connection, self._database.folder).files if file.day == day]
        segments = [file for file in files if file.kind == "segment"]
        found = connection.execute(
            f'SELECT DISTINCT "row" FROM ({Sources(self._database.folder, [], segments).select("true")}) ORDER BY 1'
        ).fetchall()
        rows: dict[tuple[str, str], list[int]] = defaultdict(list)
        for (row,) in found:
            rows[owner(row)].append(row)
        made, replaced = [], list(segments)
        for (tenant, project), touched in rows.items():
            earlier = [
                file for file in files if file.kind == "day" and (file.tenant, file.project) == (tenant, project)
            ]
            path = partial(day_path, tenant=tenant, project=project, day=day)
            file = self._plan(connection, path, "day", day, (tenant, project))
            made.append(DayWriter(connection, self._database.folder, file).write(touched, segments, earlier))
            replaced += earlier
        self._replace(connection, made, replaced)
        return len(made)

    def _plan(
        self,
        connection: duckdb.DuckDBPyConnection,
        path: Callable[[int], str],
        kind: str,
        day: int,
        place: tuple[str, str] = ("", ""),
    ) -> Stored:
        """The entry of a file about to be written."""
        number = int(connection.execute("SELECT coalesce(max(id), 0) + 1 FROM files").fetchall()[0][0])
        file = Stored(number, "planned", kind, path(number), *place, day, 0, 0, 0, 0, 0, 0, 0)
        register(connection, [file])
        return file

    def _replace(
        self, connection: duckdb.DuckDBPyConnection, made: list[Stored], replaced: Iterable[Stored], *also: str
    ) -> None:
        """In one transaction: `made` are kept, `replaced` are obsolete, `also` is done."""
        connection.execute("BEGIN")
        for file in made:
            connection.execute("DELETE FROM files WHERE id = ?", [file.id])
        register(connection, [replace(file, state="kept") for file in made if file.readings])
        register(connection, [replace(file, state="obsolete") for file in made if not file.readings])
        for file in replaced:
            connection.execute("UPDATE files SET state = 'obsolete' WHERE id = ?", [file.id])
        for statement in also:
            connection.execute(statement)
        connection.execute("COMMIT")

    def _sweep(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Delete files nobody needs: replaced ones, and those of a step that failed (one thread takes all steps)."""
        query = "FROM files WHERE state IN ('obsolete', 'planned')"
        found = [Stored(*row) for row in connection.execute(query).fetchall()]
        if not found or not self._database.wait_for_readers():
            return
        for file in found:
            remove(self._database.folder, file.parts)
            connection.execute("DELETE FROM files WHERE id = ?", [file.id])


def measured(connection: duckdb.DuckDBPyConnection, file: Stored, query: str) -> Stored:
    """`file` with what it holds: readings and spans of numbers, times and rows."""
    found = connection.execute(
        f'SELECT count(*), min(seq), max(seq), min("at"), max("at"), min("row"), max("row") FROM ({query})'
    ).fetchall()[0]
    names = ("readings", "seq_from", "seq_to", "at_from", "at_to", "row_from", "row_to")
    held: dict[str, Any] = {name: figure or 0 for name, figure in zip(names, found, strict=True)}
    return replace(file, **held)


def finished(now: int, days: int) -> int:
    """The UTC midnight, in ms, up to which days are finished when `days` full days stay untouched before `now`."""
    return (day_of(now) - days) * DAY_MS
