"""What the database refuses is told in words, and the hub can go on afterwards."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.pool import Pool

from hub.core.errors import HubError
from hub.core.model import DeviceInfo, Point
from hub.core.registry import Registry
from hub.store import Store, StoreError


def plant(devices: int) -> Registry:
    registry = Registry()
    for n in range(devices):
        registry.add_device(DeviceInfo("demo", f"meter_{n}"), [Point(f"point_{k}") for k in range(50)])
    return registry


async def test_a_full_disk_is_told_loses_nothing_and_the_save_succeeds_once_there_is_space(tmp_path: Path) -> None:
    """SQLite's own page limit stands for the full disk: it answers with the same SQLITE_FULL."""
    store = await Store.open(f"sqlite:///{tmp_path}/hub.db")
    small = plant(1)
    await store.save_registry(small.unsaved())
    pages = 0

    def shrink(connection: object, record: object, proxy: object) -> None:
        connection.cursor().execute(f"PRAGMA max_page_count = {pages or 1 << 30}")  # type: ignore[attr-defined]

    event.listen(Pool, "checkout", shrink)
    pages = 40
    large = plant(100)
    with pytest.raises(StoreError, match=r"hub\.db: the disk is full: free some space"):
        await store.save_registry(large.unsaved())
    known = Registry()
    await store.load_registry(known)
    assert len(known) == 50
    pages = 0
    await store.save_registry(large.unsaved())
    known = Registry()
    await store.load_registry(known)
    assert len(known) == 5000
    await store.close()
    event.remove(Pool, "checkout", shrink)


async def test_a_database_locked_by_another_process_is_told_and_works_again_when_released(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/hub.db", busy_seconds=0.1)
    other = sqlite3.connect(tmp_path / "hub.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="another program keeps the database locked: is a second hub running"):
        await store.set_cursor("influxdb", 5)
    assert await store.cursor("influxdb") == 0
    other.execute("ROLLBACK")
    other.close()
    await store.set_cursor("influxdb", 5)
    assert await store.cursor("influxdb") == 5
    await store.close()


async def test_a_reader_is_not_kept_waiting_by_a_writer(store: Store) -> None:
    await store.set_cursor("influxdb", 5)
    async with store.write() as connection:
        await connection.execute(text("UPDATE cursors SET seq = 6"))
        assert await store.cursor("influxdb") == 5
    assert await store.cursor("influxdb") == 6


async def test_an_error_inside_a_transaction_undoes_it(store: Store) -> None:
    await store.set_cursor("influxdb", 5)

    async def move_and_stumble() -> None:
        async with store.write() as connection:
            await connection.execute(text("UPDATE cursors SET seq = 6"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await move_and_stumble()
    assert await store.cursor("influxdb") == 5


async def test_sqlite_is_set_up_to_survive_a_power_cut(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/hub.db")
    for transaction in (store.read, store.write):
        async with transaction() as connection:
            found = {}
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout"):
                found[name] = await connection.scalar(text(f"PRAGMA {name}"))
            assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}
    await store.close()


async def test_after_closing_one_file_is_all_there_is(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/data/hub.db")
    await store.set_cursor("influxdb", 5)
    await store.close()
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["hub.db"]


async def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "hub.db").write_text("meters:\n" * 1000)
    with pytest.raises(StoreError, match=r"hub\.db: the file is no SQLite database"):
        await Store.open(f"sqlite:///{tmp_path}/hub.db")


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file stands where the folder should be")
    with pytest.raises(StoreError, match=r"does not answer.*data"):
        await Store.open(f"sqlite:///{tmp_path}/data/hub.db")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("hub.db", "no database URL; expected something like sqlite:////data/hub.db, not 'hub.db'"),
        ("mysql://user:secret@host/hub", "database mysql is not supported: use sqlite or postgresql"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
    ],
)
async def test_a_url_the_hub_cannot_use_is_refused_in_words(url: str, words: str) -> None:
    with pytest.raises(HubError, match=words) as error:
        await Store.open(url)
    assert "secret" not in str(error.value)


async def test_a_postgresql_server_that_is_away_is_told_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="it does not answer") as error:
        await Store.open(f"postgresql://hub:pa55word@/hub?host={tmp_path}")
    assert "pa55word" not in str(error.value)
    assert "hub" in str(error.value)


async def test_a_missing_postgresql_database_is_told(postgres_server: Path) -> None:
    with pytest.raises(StoreError, match="there is no such database: create it with createdb"):
        await Store.open(f"postgresql://hub@/nobody_made_it?host={postgres_server}")


async def test_a_postgresql_connection_cut_by_the_server_is_told_and_the_next_call_connects_again(
    postgres_url: str,
) -> None:
    store, other = await Store.open(postgres_url), await Store.open(postgres_url)
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"

    async def write_while_the_server_hangs_up() -> None:
        async with store.write() as connection, other.read() as elsewhere:
            await elsewhere.execute(text(f"{cut} AND datname = current_database()"))
            await connection.execute(text("SELECT 1"))

    with pytest.raises(StoreError, match="database postgresql://hub@/test_"):
        await write_while_the_server_hangs_up()
    await store.set_cursor("influxdb", 5)
    assert await store.cursor("influxdb") == 5
    await store.close()
    await other.close()
