"""The Parquet files of the history: what each holds, how it is written, and the SQL that reads all sources as one.

A segment holds what one stretch of commits brought of one day. A day file holds a finished day of one project in three
parts: `readings` (entity, moment, value), `moments` (time and commit number of each moment, shared by the entities of
a block of 32 rows) and `hours` (what each hour of each entity came to). See docs/reference/history.md.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import duckdb
import numpy as np

from hub.core.batch import Rows
from hub.history.columns import day_name

OPTIONS = "(FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 1, ROW_GROUP_SIZE {size})"
"""Dictionaries off: delta coding halves what sorted times take, and with dictionaries allowed DuckDB never uses it."""

PARTIAL = ".partial"

BLOCK_BITS = 5
"""Entities whose rows agree but for this many bits share moments: mostly points of one device, read together."""

VERBATIM = 255
"""In place of a number of digits: the value stands in `value`, not in `mantissa`."""

COLUMNS = 'seq, "row", "at", value, quality'


@dataclass(frozen=True, slots=True)
class Stored:
    """One entry of the table `files`, in its column order."""

    id: int
    state: str
    kind: str
    path: str
    tenant: str
    project: str
    day: int
    readings: int
    seq_from: int
    seq_to: int
    at_from: int
    at_to: int
    row_from: int
    row_to: int

    @property
    def parts(self) -> list[str]:
        """Paths of its Parquet files: one of a segment, three of a day."""
        return [self.path] if self.kind == "segment" else [self.part(name) for name in ("readings", "moments", "hours")]

    def part(self, name: str) -> str:
        """The path of one part of a day."""
        folder, _, file = self.path.rpartition("/")
        return f"{folder}/{file.replace('readings', name)}"


@dataclass(frozen=True, slots=True)
class Sources:
    """Every table and file that together are the history, as one connection sees them."""

    folder: Path
    live: list[str]
    files: list[Stored]

    def narrowed(self, start: int, end: int, rows: Rows) -> Sources:
        """Without files that hold nothing of `rows` in [start, end)."""
        low, high = int(rows[0]), int(rows[-1])
        return Sources(
            self.folder,
            self.live,
            [
                file
                for file in self.files
                if file.at_from < end and file.at_to >= start and file.row_from <= high and file.row_to >= low
            ],
        )

    def since(self, after: int, upto: int) -> Sources:
        """Without files that hold nothing of the commits after `after` up to `upto`."""
        files = [file for file in self.files if file.seq_to > after and file.seq_from <= upto]
        return Sources(self.folder, self.live, files)

    def select(self, condition: str, blocks: str = "") -> str:
        """SQL for the readings that meet `condition`; `blocks` is the same for the column `block` of moments."""
        days = [file for file in self.files if file.kind == "day"]
        segments = [file.path for file in self.files if file.kind == "segment"]
        parts = [f"SELECT {COLUMNS} FROM ({inner}) WHERE {condition}" for inner in self._inner(days, segments, blocks)]
        return " UNION ALL ".join(parts) or f"SELECT {COLUMNS} FROM newest WHERE false"

    def listing(self, paths: Iterable[str]) -> str:
        """A list of files as SQL."""
        return "[" + ", ".join("'" + str(self.folder / path).replace("'", "''") + "'" for path in paths) + "]"

    def _inner(self, days: list[Stored], segments: list[str], blocks: str) -> Iterable[str]:
        if days:
            where = f" WHERE {blocks}" if blocks else ""
            yield (
                f'SELECT m.seq, r."row", m."at", CASE WHEN r.digits = {VERBATIM} THEN r.value '
                f"ELSE r.mantissa / power(10, r.digits) END AS value, r.quality "
                f"FROM read_parquet({self.listing(file.part('readings') for file in days)}) r "
                f"JOIN (FROM read_parquet({self.listing(file.part('moments') for file in days)}){where}) m "
                "USING (moment)"
            )
        if segments:
            yield f"FROM read_parquet({self.listing(segments)})"
        for table in self.live:
            yield f"FROM {table}"


def look(connection: duckdb.DuckDBPyConnection, folder: Path) -> Sources:
    """The sources as `connection` sees them now."""
    found = connection.execute("FROM files WHERE state = 'kept' ORDER BY day, kind, seq_from").fetchall()
    return Sources(folder, live_tables(connection), [Stored(*row) for row in found])


def live_tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Tables that take commits, oldest first."""
    found = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE starts_with(table_name, 'live_')"
    ).fetchall()
    return sorted((name for (name,) in found), key=lambda name: int(name.removeprefix("live_")))


def chosen(rows: Rows) -> tuple[str, str]:
    """SQL conditions for sorted unique `rows`: on `row`, and on the block of moments."""
    low, high = int(rows[0]), int(rows[-1])
    condition = f'"row" BETWEEN {low} AND {high}'
    if high - low + 1 > len(rows):
        condition += f' AND "row" IN ({", ".join(map(str, rows.tolist()))})'
    blocks = np.unique(rows >> BLOCK_BITS)
    return condition, f"block BETWEEN {int(blocks[0])} AND {int(blocks[-1])}"


def register(connection: duckdb.DuckDBPyConnection, files: Sequence[Stored]) -> None:
    """Enter files in the table."""
    places = ", ".join("?" for _ in fields(Stored))
    for file in files:
        connection.execute(f"INSERT INTO files VALUES ({places})", astuple(file))


def segment_path(file_id: int, day: int) -> str:
    """Where a segment lies, relative to the history's folder."""
    return f"segments/{day_name(day)}/segment-{file_id:010d}.parquet"


def day_path(file_id: int, tenant: str, project: str, day: int) -> str:
    """Where the readings of an exported day lie, relative to the history's folder."""
    return f"days/{tenant}/{project}/{day_name(day)}/readings-{file_id:010d}.parquet"


def write(connection: duckdb.DuckDBPyConnection, query: str, path: Path, group: int = 122_880) -> None:
    """Write the answer of `query` to a Parquet file that is on disk, whole, when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + PARTIAL)
    target = str(partial).replace("'", "''")
    try:
        connection.execute(f"COPY ({query}) TO '{target}' {OPTIONS.format(size=group)}")
    except duckdb.Error:
        partial.unlink(missing_ok=True)
        raise
    with partial.open("rb") as written:
        os.fsync(written.fileno())
    partial.rename(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a loss of power, and the folder itself with those it may have been made in."""
    for place in (folder, *folder.parents[:4]):
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def remove(folder: Path, paths: Iterable[str]) -> None:
    """Delete files, finished or partial, and the folders that become empty."""
    for path in paths:
        place = folder / path
        place.unlink(missing_ok=True)
        place.with_name(place.name + PARTIAL).unlink(missing_ok=True)
        while place.parent != folder and place.parent.is_dir() and not any(place.parent.iterdir()):
            place = place.parent
            place.rmdir()
