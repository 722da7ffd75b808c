"""Cursors: every reading once, in the order of commits, across restarts, exports, late readings and retention."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import numpy as np
import pytest

from history.conftest import DAY, HOUR, NEW_YEAR, Opened, everything, owner, store
from hub.core.batch import Batch
from hub.history import History
from hub.store import Store


async def test_numbers_grow_by_one_with_each_commit_and_go_on_after_a_restart(opened: Opened) -> None:
    async with opened() as history:
        assert [await store(history, (1, k, NEW_YEAR + k)) for k in range(5)] == [1, 2, 3, 4, 5]
    async with opened() as history:
        assert history.seq == 5
        assert await store(history, (1, 5, NEW_YEAR + 5)) == 6


async def test_numbers_go_on_when_everything_was_exported_and_deleted(opened: Opened) -> None:
    async with opened() as history:
        await store(history, (1, 1.0, NEW_YEAR), (2, 1.0, NEW_YEAR))
        await history.export(owner)
        assert await history.retain(1) == 2
    async with opened() as history:
        assert history.seq == 1
        assert len(await history.raw(np.array([1, 2]), 0, 1 << 60)) == 0
        assert await store(history, (1, 2.0, NEW_YEAR + DAY)) == 2
        assert await everything(history) == [(1, NEW_YEAR + DAY, 2.0)]


async def test_a_follower_gets_the_past_and_then_the_present(opened: Opened) -> None:
    async with opened() as history:
        await store(history, (1, 0.0, NEW_YEAR))
        got: list[float] = []

        async def follow() -> None:
            async for chunk in history.follow(0):
                got.extend(chunk.batch.values.tolist())

        following = asyncio.create_task(follow())
        for k in range(1, 10):
            await store(history, (1, float(k), NEW_YEAR + k))
            await asyncio.sleep(0.005)
        while len(got) < 10:
            await asyncio.sleep(0.01)
        following.cancel()
        assert got == [float(k) for k in range(10)]


async def test_a_cursor_goes_on_behind_its_last_commit(opened: Opened, tmp_path: Path) -> None:
    database = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/hub.db")
    async with opened() as history:
        for k in range(6):
            await store(history, (1, float(k), NEW_YEAR + k))
        cursor = history.cursor("ledger", database)
        chunks = aiter(cursor)
        first = await anext(chunks)
        await cursor.commit()
        await store(history, (1, 6.0, NEW_YEAR + 6))
        unseen = await anext(chunks)
        assert unseen.batch.values.tolist() == [6.0]
    async with opened() as history:
        again = await anext(aiter(history.cursor("ledger", database)))
        assert (again.seq, again.batch.values.tolist()) == (unseen.seq, [6.0])
        assert first.batch.values.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
        assert await database.cursor("ledger") == first.seq
    await database.close()


async def test_a_cursor_from_ahead_of_a_restored_history_misses_nothing_new(
    opened: Opened, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/hub.db")
    await database.set_cursor("ledger", 500)
    async with opened() as history:
        await store(history, (1, 1.0, NEW_YEAR))
        with caplog.at_level(logging.WARNING):
            chunk = await anext(aiter(history.cursor("ledger", database)))
        assert chunk.batch.values.tolist() == [1.0]
        assert "cursor ledger stood at 500" in caplog.text
    await database.close()


async def test_a_lagging_follower_gets_every_reading_once_through_export_and_late_readings(opened: Opened) -> None:
    sent: list[tuple[int, int, float]] = []

    async def send(history: History, day: int, hours: range) -> None:
        for hour in hours:
            at = NEW_YEAR + day * DAY + hour * HOUR
            sent.extend((row, at, float(hour)) for row in range(7))
            await store(history, *[(row, float(hour), at) for row in range(7)])

    async with opened() as history:
        await send(history, 0, range(0, 24, 2))
        position = history.seq
        await send(history, 1, range(0, 24, 2))
        await history.export(owner, NEW_YEAR + 2 * DAY)
        await send(history, 0, range(1, 24, 2))
        await send(history, 2, range(24))
        await history.export(owner, NEW_YEAR + 2 * DAY)
        await send(history, 1, range(1, 24, 2))
    async with opened() as history:
        found = await everything(history)
        assert sorted(found) == sorted(sent)
        assert [at for _, at, _ in found] == [at for _, at, _ in sent]
        assert await everything(history, position) == found[7 * 12 :]


async def test_many_readings_come_in_chunks_that_fit_in_memory(opened: Opened) -> None:
    async with opened() as history:
        n = 1_300_000
        history.append(Batch.of(np.arange(n) % 1000, np.arange(n), NEW_YEAR + np.arange(n) // 1000))
        last = await history.committed()
        assert last == 6
        sizes, total = [], 0.0
        async for chunk in history.follow(0):
            sizes.append(len(chunk.batch))
            total += chunk.batch.values.sum()
            if chunk.seq == last:
                break
        assert sum(sizes) == n
        assert max(sizes) <= 500_000
        assert total == n * (n - 1) / 2


async def test_readings_deleted_before_they_were_passed_on_are_told(
    opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened() as history:
        await store(history, (1, 1.0, NEW_YEAR))
        await history.export(owner)
        await history.retain(1)
        await store(history, (1, 2.0, NEW_YEAR + DAY))
        with caplog.at_level(logging.WARNING):
            assert await everything(history) == [(1, NEW_YEAR + DAY, 2.0)]
        assert "commits 1 to 1 were deleted" in caplog.text
