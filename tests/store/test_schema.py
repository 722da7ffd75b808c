"""The migrations make the tables of the code, once, and refuse what they do not know."""

from __future__ import annotations

import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import PIPE

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from hub.store import Store, StoreError, tables
from hub.store.schema import SCHEMA


async def test_the_migrations_make_exactly_the_tables_of_the_code(store: Store) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, tables.metadata))

    async with store.read() as connection:
        assert await connection.run_sync(differences) == []


def test_the_schema_named_in_the_code_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", "hub.store:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [SCHEMA]


async def test_a_database_of_a_newer_hub_is_refused_and_left_alone(store: Store, url: str) -> None:
    async with store.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '0999'"))
    with pytest.raises(StoreError, match=f"has schema 0999, this hub knows {SCHEMA} at most.*newer hub"):
        await Store.open(url)
    async with store.read() as connection:
        assert await connection.scalar(text("SELECT version_num FROM alembic_version")) == "0999"


async def test_an_up_to_date_database_opens_without_loading_alembic(store: Store, url: str) -> None:
    code = (
        "import asyncio, sys\n"
        "from hub.store import Store\n"
        "async def main():\n"
        "    await (await Store.open(sys.argv[1])).close()\n"
        "asyncio.run(main())\n"
        "assert 'alembic' not in sys.modules\n"
    )
    child = await create_subprocess_exec(sys.executable, "-c", code, url, stderr=PIPE)
    _, errors = await child.communicate()
    assert child.returncode == 0, errors.decode()


async def test_a_migration_that_fails_leaves_no_table_behind(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = await Store.open(url)
    async with store.write() as connection:
        for table in reversed(tables.metadata.sorted_tables):
            await connection.execute(text(f"DROP TABLE {table.name}"))
        await connection.execute(text("DROP TABLE alembic_version"))
        await connection.execute(text("CREATE TABLE entities (strangers integer)"))
    with pytest.raises(StoreError, match="entities"):
        await Store.open(url)
    async with store.write() as connection:
        await connection.execute(text("DROP TABLE entities"))
    again = await Store.open(url)
    assert await again.cursors() == []
    await again.close()
    await store.close()
