"""Figures of the embedded history: sustained commits, stalls, questions, bytes at rest, opening after a kill.

python tests/benchmarks/history.py [SECONDS]      # length of the sustained run, 60 by default
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import TypeVar

import numpy as np
import psutil
from numpy.typing import NDArray

from hub.core.batch import Batch
from hub.core.clock import Clock
from hub.history import Aggregate, History, HistorySettings, ReadingsShed

DAY = 86_400_000
HOUR = 3_600_000
NEW_YEAR = 1_735_689_600_000  # 2025-01-01T00:00:00Z

T = TypeVar("T")

Row = tuple[str, str, str, bool]


def owner(row: int) -> tuple[str, str]:
    return "default", "plant"


class LoopLag:
    """The longest time the event loop was late for a timer of 1 ms, in ms."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._task = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while True:
            due = time.perf_counter() + 0.001
            await asyncio.sleep(0.001)
            self.longest = max(self.longest, (time.perf_counter() - due) * 1000)

    def stop(self) -> float:
        """End watching; the longest stall in ms."""
        self._task.cancel()
        return self.longest


IDLE = """
import asyncio, sys, time
async def watch():
    longest, end = 0.0, time.perf_counter() + float(sys.argv[1])
    while (due := time.perf_counter() + 0.001) < end:
        await asyncio.sleep(0.001)
        longest = max(longest, time.perf_counter() - due)
    print(longest * 1000)
asyncio.run(watch())
"""
"""A loop in a process of its own that does nothing: what it is late by is the machine's doing."""


def at_rest(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


async def sustained(folder: Path, seconds: float, rate: int = 1_030_000, entities: int = 10_000) -> list[Row]:
    """Feed `rate` readings a second in batches of 1,000, as gateways would, and count what is on disk afterwards."""
    history = await History.open(folder, Clock(), HistorySettings(commit_seconds=0.25))
    rng = np.random.default_rng(7)
    walk = np.round(rng.uniform(10, 400, entities), 1)
    lag, process = LoopLag(), psutil.Process()
    idle = await asyncio.create_subprocess_exec(sys.executable, "-c", IDLE, str(seconds), stdout=subprocess.PIPE)
    psutil.cpu_percent()
    cpu, begun, sent, crc_sum, peak = sum(process.cpu_times()[:2]), time.perf_counter(), 0, 0, 0
    while (elapsed := time.perf_counter() - begun) < seconds:
        while sent < rate * elapsed:
            rows = (np.arange(1000, dtype=np.int32) + sent % entities) % entities
            walk[rows] = np.round(walk[rows] + rng.integers(-3, 4, 1000) / 10, 1)
            at = np.full(1000, NEW_YEAR + sent // 1000, dtype=np.int64)
            history.append(Batch(rows, walk[rows], at, np.zeros(1000, dtype=np.uint8)))
            crc_sum = (crc_sum + checksum(rows, at, walk[rows])) & 0xFFFF_FFFF_FFFF
            sent += 1000
            if sent % 20_000 == 0:
                await asyncio.sleep(0)
        peak = max(peak, process.memory_info().rss)
        await asyncio.sleep(0.001)
    fed = time.perf_counter() - begun
    while history.pending:
        with contextlib.suppress(ReadingsShed):
            await history.committed()
        await asyncio.sleep(0.005)
    wall, cpu, longest = time.perf_counter() - begun, sum(process.cpu_times()[:2]) - cpu, lag.stop()
    others = psutil.cpu_percent() / 100 * (psutil.cpu_count() or 1) - cpu / wall
    shed, trouble = history.shed, history.trouble
    idle_late = float((await idle.communicate())[0])
    found, crc_found = 0, 0
    async for chunk in history.follow(0):
        found += len(chunk.batch)
        crc_found = (crc_found + checksum(chunk.batch.rows, chunk.batch.at, chunk.batch.values)) & 0xFFFF_FFFF_FFFF
        if chunk.seq >= history.seq:
            break
    await history.close()
    return [
        ("readings committed a second", f"{sent / wall / 1e6:.2f} M for {fed:.0f} s", ">= 1 M", sent / wall >= 1e6),
        ("longest stall of the event loop", f"{longest:.0f} ms", "<= 50 ms", longest <= 50),
        ("the same of an idle loop beside it", f"{idle_late:.0f} ms", "", True),
        ("shed, trouble", f"{shed} {trouble}", "0", not shed and not trouble),
        ("processor time", f"{cpu / wall:.2f} cores, {others:.2f} taken by others", "", True),
        ("memory at most", f"{peak / 1e6:.0f} MB", "", True),
        (
            "found again, sum of all columns",
            f"{found}, {'equal' if crc_found == crc_sum else 'DIFFERENT'}",
            f"{sent}, equal",
            (found, crc_found) == (sent, crc_sum),
        ),
        ("bytes per reading at rest", f"{at_rest(folder) / sent:.2f}", "", True),
    ]


def checksum(rows: NDArray[np.int32], at: NDArray[np.int64], values: NDArray[np.float64]) -> int:
    """A sum over readings that does not depend on their order."""
    return int(((rows.astype(np.int64) + 1) * (at % 1_000_003) + np.rint(values * 1000).astype(np.int64)).sum())


async def entity_of_a_day(folder: Path, entities: int = 100) -> list[Row]:
    """The last 24 h of one entity read each second, among `entities` of its kind: sealed and live, then exported."""
    history = await History.open(folder, Clock(), HistorySettings(commit_seconds=0.001))
    rng, walk = np.random.default_rng(5), np.zeros(entities)
    rows = np.tile(np.arange(entities, dtype=np.int32), 60)
    for minute in range(24 * 60):
        steps = rng.integers(-3, 4, (60, entities)).cumsum(axis=0) + walk
        walk = steps[-1]
        at = NEW_YEAR + minute * 60_000 + np.repeat(np.arange(60, dtype=np.int64) * 1000, entities)
        history.append(Batch(rows, np.round(steps.ravel() / 10, 1), at, np.zeros(len(rows), dtype=np.uint8)))
        if minute % 20 == 0:
            await history.committed()
    await history.committed()

    async def ask() -> int:
        return len(await history.raw([entities // 2], NEW_YEAR, NEW_YEAR + DAY))

    live, n = await timed(ask)
    await history.export(owner, NEW_YEAR + DAY)
    exported, m = await timed(ask)
    await history.close()
    enough = n == m == 86_400
    return [
        ("one entity, 24 h at 1 s, not exported", f"{live:.0f} ms ({n} readings)", "<= 50 ms", live <= 50 and enough),
        (
            "one entity, 24 h at 1 s, exported",
            f"{exported:.0f} ms ({m} readings)",
            "<= 50 ms",
            exported <= 50 and enough,
        ),
    ]


async def counters_of_a_year(folder: Path, counters: int = 200, asked: int = 100) -> list[Row]:
    """Hourly values of 100 counters over a year of 15 min readings, all exported but the last day."""
    history = await History.open(folder, Clock(), HistorySettings(commit_seconds=0.001))
    rng, total = np.random.default_rng(9), np.zeros(counters)
    rows = np.tile(np.arange(counters, dtype=np.int32), 96)
    expected = []
    for day in range(365):
        counted = rng.integers(0, 40, (96, counters)).cumsum(axis=0) + total
        total = counted[-1]
        expected.append(counted[3::4, :asked] / 100)
        at = NEW_YEAR + day * DAY + np.repeat(np.arange(96, dtype=np.int64) * 900_000, counters)
        history.append(Batch(rows, counted.ravel() / 100, at, np.zeros(len(rows), dtype=np.uint8)))
        if day % 7 == 0:
            await history.committed()
    await history.committed()
    await history.export(owner, NEW_YEAR + 364 * DAY)
    edges = NEW_YEAR + np.arange(365 * 24 + 1) * HOUR

    async def ask() -> bool:
        found = await history.buckets(np.arange(asked), edges, Aggregate.LAST)
        return bool((found.values == np.concatenate(expected).T).all())

    spent, right = await timed(ask)
    await history.close()
    return [("100 counters, hourly over a year", f"{spent:.0f} ms", "<= 300 ms, all right", right and spent <= 300)]


async def size_at_rest(folder: Path) -> list[Row]:
    """Bytes per reading of a believable plant's day: 60 meters of 40 points, with deadbands and uneven times."""
    history = await History.open(folder, Clock(), HistorySettings(commit_seconds=0.001))
    batch = plant_day()
    n = len(batch)
    for start in range(0, n, 2000):
        part = slice(start, start + 2000)
        history.append(Batch(batch.rows[part], batch.values[part], batch.at[part], batch.quality[part]))
        if start % 20_000 == 0:
            await history.committed()
        if start % 250_000 < 2000:  # at its own pace of 140 readings/s such a plant is sealed this often
            await history.export(owner, 0)
    await history.committed()
    before = at_rest(folder) / n
    began = time.perf_counter()
    await history.export(owner, NEW_YEAR + 2 * DAY)
    spent = time.perf_counter() - began
    running = at_rest(folder) / n
    files = sum(path.stat().st_size for path in (folder / "days").rglob("*.parquet")) / n
    await history.close()
    again = await History.open(folder, Clock(), HistorySettings())
    found = (await again.buckets(np.arange(2400), [NEW_YEAR, NEW_YEAR + 2 * DAY], Aggregate.COUNT)).count.sum()
    raw = await again.raw(np.arange(100, 200), NEW_YEAR, NEW_YEAR + 2 * DAY, limit=1 << 40)
    some = batch.where((batch.rows >= 100) & (batch.rows < 200))
    same = found == n and checksum(raw.rows, raw.at, raw.values) == checksum(some.rows, some.at, some.values)
    await again.close()
    return [
        ("a plant's day before export", f"{before:.2f} B/reading", "<= 6 B", before <= 6),
        ("its day files", f"{files:.2f} B/reading", "<= 2 B", files <= 2),
        ("after export, running", f"{running:.2f} B/reading", "", True),
        ("after export, closed", f"{at_rest(folder) / n:.2f} B/reading", "", True),
        ("export of the day", f"{n / spent / 1e6:.2f} M readings/s", "", True),
        ("read again", f"{found} readings, {'equal' if same else 'DIFFERENT'}", f"{n}, equal", same),
    ]


def plant_day(meters: int = 60) -> Batch:
    """Changes of a day, in time order: powers with 2 % noise, voltages, counters, values that stand still."""
    rng, scans = np.random.default_rng(1), 17_280
    tick = np.arange(scans, dtype=np.int64) * 5000
    parts = []
    for meter in range(meters):
        at = NEW_YEAR + tick + meter % 15 * 300 + rng.integers(0, 12, scans)
        shape = 1 + 0.5 * np.sin(np.arange(scans) / scans * 2 * np.pi)
        for point in range(40):
            if point < 8:
                size = rng.uniform(20, 400)
                values = np.round(size * shape * (1 + 0.02 * rng.standard_normal(scans)), 1 + point % 2)
                told = changes(values, size * 0.002)
            elif point < 20:
                values = np.round(
                    230 * (1 + 0.004 * np.sin(np.arange(scans) / 500) + 0.001 * rng.standard_normal(scans)), 1
                )
                told = changes(values, 0.46)
            elif point < 26:
                values = np.round((rng.integers(10**6, 10**8) + rng.integers(0, 30, scans).cumsum()) / 100, 2)
                told = np.arange(scans) % 3 == 0
            else:
                values, told = np.full(scans, round(rng.uniform(0, 100), 2)), np.arange(scans) % 180 == 0
            parts.append(Batch.of(np.full(told.sum(), meter * 40 + point), values[told], at[told]))
    batch = Batch.concat(parts)
    order = np.argsort(batch.at, kind="stable")
    return Batch(batch.rows[order], batch.values[order], batch.at[order], batch.quality[order])


def changes(values: NDArray[np.float64], deadband: float) -> NDArray[np.bool_]:
    """Which values differ from the last one told by more than `deadband`, or come 180 scans after it."""
    told, kept, last = np.zeros(len(values), dtype=np.bool_), np.inf, -180
    for k, value in enumerate(values.tolist()):
        if abs(value - kept) > deadband or k - last >= 180:
            told[k], kept, last = True, value, k
    return told


def opening(folder: Path, kills: int = 5) -> list[Row]:
    """Time to open after `kill -9` in the middle of commits of 5,000 readings."""
    seconds = []
    for _ in range(kills):
        child = os.fork()
        if not child:
            asyncio.run(write_for_ever(folder))
        time.sleep(2)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        seconds.append(asyncio.run(seconds_to_open(folder)))
    return [(f"open after kill -9, worst of {kills}", f"{max(seconds):.2f} s", "<= 2 s", max(seconds) <= 2)]


async def seconds_to_open(folder: Path) -> float:
    """From nothing to the newest readings of all."""
    began = time.perf_counter()
    history = await History.open(folder, Clock(), HistorySettings())
    await history.latest()
    spent = time.perf_counter() - began
    await history.close()
    return spent


async def write_for_ever(folder: Path) -> None:
    history = await History.open(folder, Clock(), HistorySettings(commit_seconds=0.01))
    for k in range(1 << 30):
        history.append(Batch.of(np.arange(5000), np.random.default_rng(k).random(5000), NEW_YEAR + k))
        await history.committed()


async def timed(ask: Callable[[], Awaitable[T]], times: int = 7) -> tuple[float, T]:
    """The median time of an answer in ms, after one to warm up, and the answer."""
    answer, spent = await ask(), []
    for _ in range(times):
        began = time.perf_counter()
        answer = await ask()
        spent.append((time.perf_counter() - began) * 1000)
    return median(spent), answer


async def run(seconds: float, folder: Path) -> list[Row]:
    rows = await sustained(folder / "sustained", seconds)
    rows += await entity_of_a_day(folder / "entity")
    rows += await counters_of_a_year(folder / "counters")
    return rows + await size_at_rest(folder / "size")


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    with tempfile.TemporaryDirectory() as folder:
        rows = opening(Path(folder) / "kills") + asyncio.run(run(seconds, Path(folder)))
    for name, figure, wanted, good in rows:
        print(f"{' ' if good else '!'} {name:42} {figure:34} {wanted}".rstrip())
    return 0 if all(good for *_, good in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
