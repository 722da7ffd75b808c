"""One hub to a folder; damaged and foreign files are set aside and named; exported days outlive the database."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest

from history.conftest import DAY, HOUR, NEW_YEAR, QUICK, Opened, everything, owner, store
from hub.core.clock import Clock
from hub.history import History, HistoryError


async def test_two_hubs_on_one_folder_are_refused(opened: Opened, tmp_path: Path) -> None:
    async with opened():
        with pytest.raises(HistoryError, match="in use by another hub"):
            await History.open(tmp_path / "history", Clock(), QUICK)
    async with opened() as again:
        assert again.trouble == ""


@pytest.mark.parametrize("content", [b"no database at all" * 1000, b"", bytes(40_000)], ids=["text", "empty", "zeros"])
async def test_a_file_that_is_no_database_is_named_and_kept(opened: Opened, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "history" / "history.duckdb"
    path.parent.mkdir()
    path.write_bytes(content)
    if not content:
        async with opened() as history:  # an empty file is what a crash at the very first start leaves
            assert history.seq == 0
        return
    with pytest.raises(HistoryError, match=str(path)) as refusal:
        await History.open(tmp_path / "history", Clock(), QUICK)
    aside = next(path.parent.glob("history.duckdb.set-aside-*"))
    assert aside.name in str(refusal.value)
    assert aside.read_bytes() == content
    async with opened() as history:
        assert len(await history.latest()) == 0


async def test_a_database_of_something_else_is_named_and_kept(opened: Opened, tmp_path: Path) -> None:
    path = tmp_path / "history" / "history.duckdb"
    path.parent.mkdir()
    with duckdb.connect(str(path)) as foreign:
        foreign.execute("CREATE TABLE recipes(name VARCHAR)")
    with pytest.raises(HistoryError, match="recipes"):
        await History.open(tmp_path / "history", Clock(), QUICK)
    aside = next(path.parent.glob("history.duckdb.set-aside-*"))
    with duckdb.connect(str(aside), read_only=True) as kept:
        assert kept.execute("SELECT table_name FROM duckdb_tables()").fetchall() == [("recipes",)]


async def test_a_flipped_bit_in_the_header_is_found(opened: Opened, tmp_path: Path) -> None:
    async with opened() as history:
        await store(history, (1, 1.0, NEW_YEAR))
    path = tmp_path / "history" / "history.duckdb"
    content = bytearray(path.read_bytes())
    content[200] ^= 1
    path.write_bytes(content)
    with pytest.raises(HistoryError, match=r"history\.duckdb"):
        await History.open(tmp_path / "history", Clock(), QUICK)


async def test_exported_days_survive_the_loss_of_the_database(opened: Opened, tmp_path: Path) -> None:
    async with opened() as history:
        for hour in range(48):
            await store(history, (1, hour, NEW_YEAR + hour * HOUR), (2, -hour, NEW_YEAR + hour * HOUR))
        await history.export(owner, NEW_YEAR + DAY)
        lost_after = history.seq
    (tmp_path / "history" / "history.duckdb").write_bytes(b"scrambled" * 5000)
    with pytest.raises(HistoryError, match="damaged"):
        await History.open(tmp_path / "history", Clock(), QUICK)
    async with opened() as history:
        found = await history.raw(np.array([1, 2]), 0, 1 << 60)
        assert len(found) == 2 * 48
        assert (await history.latest()).values.tolist() == [47, -47]
        await store(history, (1, 99.0, NEW_YEAR + 3 * DAY))
        assert history.seq > lost_after + 1000, "numbers given out before must not come again"
        assert (1, NEW_YEAR + 3 * DAY, 99.0) in await everything(history, lost_after)


async def test_a_missing_file_is_told(opened: Opened, tmp_path: Path) -> None:
    async with opened() as history:
        await store(history, (1, 5.0, NEW_YEAR), (2, 6.0, NEW_YEAR))
        await history.export(owner)
    gone = next((tmp_path / "history" / "days" / "default" / "east").rglob("readings-*"))
    gone.unlink()
    async with opened() as history:
        assert gone.name in history.trouble
        assert "1 readings" in history.trouble
        assert (await history.raw(np.array([1, 2]), 0, 1 << 60)).values.tolist() == [6.0]
