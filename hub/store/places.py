"""Durable cursors: how far each reader of the history has come."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store import tables
from hub.store.tables import upsert


@dataclass(frozen=True, slots=True)
class Cursor:
    """The reader `name` of a project (all projects: empty) has dealt with history up to and including `seq`."""

    name: str
    tenant: str
    project: str
    seq: int


async def load(connection: AsyncConnection) -> list[Cursor]:
    """Every cursor, by tenant, project and name."""
    c = tables.cursors.c
    rows = await connection.execute(select(c.name, c.tenant, c.project, c.seq).order_by(c.tenant, c.project, c.name))
    return [Cursor(*row) for row in rows]


async def seq(connection: AsyncConnection, name: str, tenant: str, project: str) -> int:
    """How far this cursor has come; 0 for one never set."""
    c = tables.cursors.c
    found = await connection.scalar(select(c.seq).where(c.name == name, c.tenant == tenant, c.project == project))
    return int(found or 0)


async def save(connection: AsyncConnection, cursor: Cursor) -> None:
    """Put a cursor where it stands now, which may be back."""
    row = {"name": cursor.name, "tenant": cursor.tenant, "project": cursor.project, "seq": cursor.seq}
    await upsert(connection, tables.cursors, [row])


async def forget(connection: AsyncConnection, name: str, tenant: str, project: str) -> None:
    """Remove a cursor; one never set is no error."""
    c = tables.cursors.c
    await connection.execute(delete(tables.cursors).where(c.name == name, c.tenant == tenant, c.project == project))
