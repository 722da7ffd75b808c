"""`kill -9` at random moments: nothing acknowledged is lost, nothing is torn or doubled, numbers have no gap."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import struct
import time
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from history.conftest import DAY, NEW_YEAR, owner
from hub.core.batch import Batch
from hub.core.clock import Clock
from hub.history import History, HistorySettings
from hub.history.database import Database
from hub.history.files import look

SEED = int(os.environ.get("KWHUB_SEED", "0")) or random.randrange(1, 1 << 30)
"""Every failure tells it; set KWHUB_SEED to play it again."""

SETTINGS = HistorySettings(commit_seconds=0.005, seal_readings=300, reserve_mb=0)


def in_child(work: Callable[[int], None]) -> tuple[int, int]:
    """Run `work` in a child that can be killed; its process id, and the pipe it writes to."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    code = 1
    try:
        os.close(reading)
        work(writing)
        code = 0
    finally:
        os._exit(code)


def killed(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def acknowledged(pipe: int) -> int:
    """The last number that came through the pipe."""
    with os.fdopen(pipe, "rb") as end:
        told = end.read()
    return struct.unpack("<q", told[len(told) // 8 * 8 - 8 : len(told) // 8 * 8])[0] if len(told) >= 8 else 0


def numbered(first: int, n: int, pace: int = 60_000) -> Batch:
    """Readings of 40 entities, one each in every `pace` ms, whose values count on."""
    number = np.arange(first, first + n)
    return Batch.of(number % 40, number, NEW_YEAR + number // 40 * pace)


def _write(folder: Path, seed: int, pipe: int) -> None:
    asyncio.run(write_for_ever(folder, seed, pipe))


def _export(folder: Path, step: int, pipe: int) -> None:
    asyncio.run(_export_until(folder, step))


async def write_for_ever(folder: Path, seed: int, pipe: int) -> None:
    rng = random.Random(seed)
    history = await History.open(folder, Clock(), SETTINGS)
    n = len(stored(history._database))

    async def export() -> None:
        while True:
            await asyncio.sleep(rng.random() / 5)
            await history.export(owner, 1 << 60)

    exporting = asyncio.create_task(export())
    while not exporting.done():
        for _ in range(rng.randint(1, 5)):
            batch = numbered(n, rng.randint(1, 400))
            history.append(batch)
            n += len(batch)
        await history.committed()
        os.write(pipe, struct.pack("<q", n))


def stored(database: Database) -> list[tuple[int, int, int, float]]:
    """Every reading in every source, unsettled, as (seq, row, at, value)."""
    with database.reading() as connection:
        query = look(connection, database.folder).select("true")
        return connection.execute(f'SELECT seq, "row", "at", value FROM ({query})').fetchall()


def check(folder: Path, acked: int, pace: int = 60_000) -> int:
    """How many readings there are; every one from 0 on must be there once, as it was written."""
    database = Database(folder, SETTINGS)
    database.open()
    found = sorted(stored(database), key=lambda reading: reading[3])
    database.close()
    assert len(found) >= acked, f"{acked - len(found)} acknowledged readings are lost, seed {SEED}"
    expected = numbered(0, len(found), pace)
    assert [reading[3] for reading in found] == expected.values.tolist()
    assert [reading[1] for reading in found] == expected.rows.tolist()
    assert [reading[2] for reading in found] == expected.at.tolist()
    seqs = [reading[0] for reading in found]
    assert sorted(set(seqs)) == list(range(1, max(seqs, default=0) + 1))
    return len(found)


@pytest.mark.slow
def test_fifty_kills_at_random_moments_lose_and_tear_nothing(tmp_path: Path) -> None:
    seed = SEED
    rng, acked = random.Random(seed), 0
    for turn in range(50):
        pid, pipe = in_child(partial(_write, tmp_path, seed + turn))
        time.sleep(0.15 + rng.random() * 0.35)
        killed(pid)
        acked = max(acked, acknowledged(pipe))
        if turn % 5 == 4:
            acked = check(tmp_path, acked)
    assert acked > 1000


@pytest.mark.slow
def test_a_kill_before_any_step_of_an_export_loses_and_doubles_nothing(tmp_path: Path) -> None:
    prepared, n = tmp_path / "prepared", asyncio.run(_a_day_exported_and_more(tmp_path / "prepared"))
    seed = SEED
    rng, step, survived = random.Random(seed), 0, False
    while not survived:
        step += rng.randint(3, 7)
        folder = tmp_path / f"step_{step}"
        shutil.copytree(prepared, folder)
        pid, pipe = in_child(partial(_export, folder, step))
        os.close(pipe)
        survived = os.waitpid(pid, 0)[1] == 0
        assert check(folder, n, PACE) == n, f"killed before step {step}, seed {SEED}"
        asyncio.run(_export_until(folder, -1))
        assert check(folder, n, PACE) == n, f"exported after a kill before step {step}, seed {SEED}"
        assert {path.parts[-3] for path in folder.rglob("readings-*.parquet")} == {"east", "west"}
        assert not list(folder.rglob("*.partial"))
        assert len(list(folder.rglob("*.parquet"))) == 2 * 2 * 3
    assert step > 30


PACE = 20 * 60_000


async def _a_day_exported_and_more(folder: Path) -> int:
    """One day exported, with a late reading waiting for it, and another day waiting for its first export."""
    history = await History.open(folder, Clock(), SETTINGS)
    day = 40 * DAY // PACE
    history.append(numbered(1, 2 * day - 1, PACE))
    await history.committed()
    await history.export(owner, NEW_YEAR + DAY)
    history.append(numbered(0, 1, PACE))
    await history.close()
    return 2 * day


async def _export_until(folder: Path, step: int) -> None:
    """Export everything, but be killed at the given step: an SQL statement, a rename or a deletion."""
    history = await History.open(folder, Clock(), SETTINGS)
    left = step

    def count() -> None:
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    _counting(history._database, count)
    await history.export(owner, 1 << 60)
    await history.close()


def _counting(database: Database, count: Callable[[], None]) -> None:
    """Call `count` ahead of every statement of the archive's and every rename and deletion of a file."""
    plain = database.working

    class Counted:
        def __init__(self, connection: object) -> None:
            self._connection = connection

        def __getattr__(self, name: str) -> object:
            if name == "execute":
                count()
            return getattr(self._connection, name)

    @contextmanager
    def working():
        with plain() as connection:
            yield Counted(connection)

    database.working = working  # type: ignore[method-assign]
    for name in ("rename", "unlink"):
        done = getattr(Path, name)

        def counted(path: Path, *args: object, done=done, **options: object) -> object:
            count()
            return done(path, *args, **options)

        setattr(Path, name, counted)
