"""The tables. Every row carries its tenant and project; foreign keys keep both right when a project changes hands."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKeyConstraint,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

projects = Table(
    "projects",
    metadata,
    Column("project", String, primary_key=True),
    Column("tenant", String, nullable=False),
    UniqueConstraint("project", "tenant"),
)

devices = Table(
    "devices",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("tenant", String, nullable=False),
    Column("project", String, nullable=False),
    Column("key", String, nullable=False),
    Column("name", JSON, nullable=False),
    Column("area", String, nullable=False),
    Column("medium", String, nullable=False),
    Column("manufacturer", String, nullable=False),
    Column("model", String, nullable=False),
    Column("profile", String, nullable=False),
    Column("entry", String, nullable=False),
    Column("address", String, nullable=False),
    UniqueConstraint("project", "key"),
    UniqueConstraint("number", "project", "tenant"),
    ForeignKeyConstraint(["project", "tenant"], ["projects.project", "projects.tenant"], onupdate="CASCADE"),
)

entities = Table(
    "entities",
    metadata,
    Column("row", Integer, primary_key=True, autoincrement=False),
    Column("tenant", String, nullable=False),
    Column("project", String, nullable=False),
    Column("device", Integer, nullable=False),
    Column("key", String, nullable=False),
    Column("unit", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("deadband", Float, nullable=False),
    Column("deadband_percent", Float, nullable=False),
    Column("max_age", Float, nullable=False),
    Column("rollover", Float),
    Column("believable_low", Float),
    Column("believable_high", Float),
    Column("confidence", String, nullable=False),
    Column("writable", Boolean, nullable=False),
    UniqueConstraint("device", "key"),
    ForeignKeyConstraint(
        ["device", "project", "tenant"],
        ["devices.number", "devices.project", "devices.tenant"],
        onupdate="CASCADE",
    ),
)

texts = Table(
    "texts",
    metadata,
    Column("code", Integer, primary_key=True, autoincrement=False),
    Column("tenant", String, nullable=False),
    Column("project", String, nullable=False),
    # JSON, because a meter's text may hold a NUL, which PostgreSQL takes in no other type but bytes
    Column("text", JSON, nullable=False),
)

cursors = Table(
    "cursors",
    metadata,
    Column("tenant", String, primary_key=True),
    Column("project", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    CheckConstraint("seq >= 0", name="seq_is_not_negative"),
)

entry_health = Table(
    "entry_health",
    metadata,
    Column("project", String, primary_key=True),
    Column("entry", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("integration", String, nullable=False),
    Column("state", String, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("reason", String, nullable=False),
    Column("restarts", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    ForeignKeyConstraint(["project", "tenant"], ["projects.project", "projects.tenant"], onupdate="CASCADE"),
)


async def upsert(connection: AsyncConnection, table: Table, rows: Collection[dict[str, Any]]) -> None:
    """Write whole rows: new ones are inserted, those whose primary key is known are replaced."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    insert: postgresql.Insert | sqlite.Insert
    insert = postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
    rest = {column.name: insert.excluded[column.name] for column in table.columns if column.name not in keys}
    await connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=rest), list(rows))
