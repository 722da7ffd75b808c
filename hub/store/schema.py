"""Brings a database to the schema of this code, by alembic's migrations inside the package."""

from __future__ import annotations

from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.store.errors import StoreError, shown

SCHEMA = "0001"
"""The newest migration. Kept here so that a start with an up-to-date database need not load alembic."""


async def bring_up_to_date(engine: AsyncEngine, url: URL) -> None:
    """Run the migrations that are missing, all in one transaction.

    Raises StoreError when the database was written by a newer hub.
    """
    async with engine.connect() as connection:
        found = await connection.run_sync(_version)
    if found == SCHEMA:
        return
    if found > SCHEMA:
        raise StoreError(
            f"database {shown(url)} has schema {found}, this hub knows {SCHEMA} at most: "
            "it was used by a newer hub; install that version again, or restore a backup made before"
        )
    async with engine.begin() as connection:
        await connection.run_sync(_upgrade)


def _version(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(text("SELECT max(version_num) FROM alembic_version")).scalar() or "")


def _upgrade(connection: Connection) -> None:
    # here, since loading alembic takes as long as the rest of a start
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "hub.store:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
