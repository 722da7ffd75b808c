from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import numpy as np
import pytest

from hub.core.batch import Batch
from hub.core.clock import Clock
from hub.history import History, HistorySettings

DAY = 86_400_000
HOUR = 3_600_000
NEW_YEAR = 1_767_225_600_000  # 2026-01-01T00:00:00Z

QUICK = HistorySettings(commit_seconds=0.01, reserve_mb=0)

Opened = Callable[..., AbstractAsyncContextManager[History]]


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    """Opens the history in the test's folder, and closes it."""

    @contextlib.asynccontextmanager
    async def opened(settings: HistorySettings = QUICK, clock: Clock | None = None) -> AsyncIterator[History]:
        history = await History.open(tmp_path / "history", clock or Clock(), settings)
        try:
            yield history
        finally:
            await history.close()

    return opened


def owner(row: int) -> tuple[str, str]:
    return "default", "east" if row % 2 else "west"


async def store(history: History, *readings: tuple[int, float, int] | tuple[int, float, int, int]) -> int:
    """Commit readings given as (row, value, at) or (row, value, at, quality)."""
    columns = list(zip(*[(*reading, 0)[:4] for reading in readings], strict=True))
    history.append(Batch.of(columns[0], columns[1], np.array(columns[2]), np.array(columns[3])))
    return await history.committed()


async def everything(history: History, after: int = 0) -> list[tuple[int, int, float]]:
    """All that a follower is handed after a position, as (row, at, value)."""
    found: list[tuple[int, int, float]] = []
    if after >= history.seq:
        return found
    async for chunk in history.follow(after):
        batch = chunk.batch
        found += zip(batch.rows.tolist(), batch.at.tolist(), batch.values.tolist(), strict=True)
        if chunk.seq >= history.seq:
            break
    return found
