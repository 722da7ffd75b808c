"""A full disk: said in words, nothing acknowledged is lost, and it goes on by itself when there is room again."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from history.conftest import NEW_YEAR
from hub.core.batch import Batch
from hub.core.clock import Clock
from hub.history import History, HistoryError, HistorySettings


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", disk], check=True)
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def noise(number: int, n: int = 20_000) -> Batch:
    """Readings that do not compress, told apart by their time."""
    return Batch.of(np.arange(n), np.random.default_rng(number).random(n), NEW_YEAR + number)


async def stuck(history: History) -> bool:
    """Whether what waits has been refused for a second: a first refusal may pass, when DuckDB tidies its file."""
    patience = 0
    while history.pending and patience < 100:
        await asyncio.sleep(0.01)
        patience += bool(history.trouble)
    return history.pending > 0


@pytest.mark.parametrize("reserve_mb", [8, 0], ids=["with a reserve", "against the wall"])
async def test_a_full_disk_stops_commits_until_there_is_room(small_disk: Path, reserve_mb: int) -> None:
    settings = HistorySettings(commit_seconds=0.01, reserve_mb=reserve_mb)
    history = await History.open(small_disk / "history", Clock(), settings)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(12_000_000))
    number = 0
    while not await stuck(history):
        number += 1
        history.append(noise(number))
    assert number > 3
    assert "full" in history.trouble or "space" in history.trouble
    assert history.pending == 20_000
    last = history.seq
    history.append(noise(number + 1))
    await asyncio.sleep(0.3)
    assert history.seq == last
    assert history.pending == 40_000

    ballast.unlink()
    assert await history.committed() > last
    assert history.trouble == ""
    assert history.pending == history.shed == 0
    await history.close()

    history = await History.open(small_disk / "history", Clock(), settings)
    for k in range(1, number + 2):
        found = await history.raw(np.arange(20_000), NEW_YEAR + k, NEW_YEAR + k + 1)
        np.testing.assert_array_equal(found.values, noise(k).values)
    await history.close()


async def test_what_does_not_fit_in_memory_meanwhile_is_shed_counted_and_never_acknowledged(small_disk: Path) -> None:
    settings = HistorySettings(commit_seconds=0.01, reserve_mb=1000, pending_limit=50_000)
    history = await History.open(small_disk / "history", Clock(), settings)
    for number in range(4):
        history.append(noise(number))
    assert history.shed == 40_000
    assert "40000 readings were given up" in history.trouble
    with pytest.raises(HistoryError, match="given up"):
        await history.committed()
    with pytest.raises(HistoryError, match="40000 readings could not be stored"):
        await history.close()


async def test_an_export_that_finds_no_room_leaves_everything_as_it_was(small_disk: Path) -> None:
    history = await History.open(small_disk / "history", Clock(), HistorySettings(commit_seconds=0.01, reserve_mb=0))
    for number in range(6):
        history.append(noise(number, 50_000))
        await history.committed()
    ballast = small_disk / "ballast"
    with ballast.open("wb") as file:
        free = (
            int(subprocess.run(["stat", "-f", "-c", "%f", small_disk], capture_output=True, check=True).stdout) * 4096
        )
        file.write(bytes(free - 600_000))
    with pytest.raises(HistoryError, match=r"[Ss]pace|full"):
        await history.export(lambda row: ("default", "plant"), 1 << 60)
    found = await history.raw(np.arange(50_000), NEW_YEAR, NEW_YEAR + 6)
    assert len(found) == 300_000
    ballast.unlink()
    assert await history.export(lambda row: ("default", "plant"), 1 << 60) == 1
    found = await history.raw(np.arange(50_000), NEW_YEAR, NEW_YEAR + 6)
    assert len(found) == 300_000
    assert not list(small_disk.rglob("*.partial"))
    await history.close()
