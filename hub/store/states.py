"""What an entry was doing when the hub last looked, through restarts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.core.health import EntryHealth, EntryState
from hub.store import tables
from hub.store.registry_rows import save_projects
from hub.store.tables import upsert


@dataclass(frozen=True, slots=True)
class LastHealth:
    """An entry as it was saved at `at`; times in ms UTC."""

    tenant: str
    project: str
    entry: str
    integration: str
    state: EntryState
    since: int
    reason: str
    restarts: int
    at: int


async def save(connection: AsyncConnection, entries: Iterable[EntryHealth], at: int) -> None:
    """Keep the state of `entries` as of `at`. A project not seen before is its default tenant's until it is saved."""
    entries = list(entries)
    p = tables.projects.c
    known = dict((await connection.execute(select(p.project, p.tenant))).all())
    new = {entry.project: "default" for entry in entries if entry.project not in known}
    await save_projects(connection, new)
    owners = known | new
    await upsert(connection, tables.entry_health, [_row(entry, owners[entry.project], at) for entry in entries])


async def load(connection: AsyncConnection) -> list[LastHealth]:
    """Every entry ever saved, by project and entry."""
    c = tables.entry_health.c
    rows = await connection.execute(select(tables.entry_health).order_by(c.project, c.entry))
    return [LastHealth(**row | {"state": EntryState(row["state"])}) for row in map(dict, rows.mappings())]


def _row(entry: EntryHealth, tenant: str, at: int) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "project": entry.project,
        "entry": entry.entry,
        "integration": entry.integration,
        "state": entry.state.value,
        "since": entry.since,
        "reason": _storable(entry.reason),
        "restarts": entry.restarts,
        "at": at,
    }


def _storable(text: str) -> str:
    """`text` without what a database cannot keep: NUL, halves of surrogate pairs."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode("utf-8")
