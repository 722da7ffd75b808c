"""Parquet files found beside a new, empty database: history that outlived a damaged or lost one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb

from hub.history.archive import measured
from hub.history.columns import day_number
from hub.history.fetching import newest_of
from hub.history.files import Sources, Stored, register

_SEGMENT = re.compile(r"segments/([^/]+)/segment-(\d+)\.parquet")
_DAY = re.compile(r"days/([^/]+)/([^/]+)/([^/]+)/readings-(\d+)\.parquet")


def adopt(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[Stored]:
    """Enter every complete file under `folder` in the empty table of files, and note the newest readings in them."""
    found = list(_found(folder))
    adopted = []
    for file in found:
        if all((folder / part).exists() for part in file.parts):
            held = measured(connection, file, Sources(folder, [], [file]).select("true"))
            adopted.append(replace(held, state="kept"))
    if not adopted:
        return []
    everything = Sources(folder, [], adopted).select("true")
    connection.execute("BEGIN")
    register(connection, adopted)
    connection.execute(f"INSERT INTO newest BY NAME {newest_of(everything)}")
    connection.execute("COMMIT")
    return adopted


def _found(folder: Path) -> Iterator[Stored]:
    for path in sorted(folder.rglob("*.parquet")):
        relative = path.relative_to(folder).as_posix()
        if match := _SEGMENT.fullmatch(relative):
            day, number = match.groups()
            yield Stored(int(number), "kept", "segment", relative, "", "", day_number(day), 0, 0, 0, 0, 0, 0, 0)
        elif match := _DAY.fullmatch(relative):
            tenant, project, day, number = match.groups()
            yield Stored(int(number), "kept", "day", relative, tenant, project, day_number(day), 0, 0, 0, 0, 0, 0, 0)
