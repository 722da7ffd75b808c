"""Readings per second through the live state and its deadband, as columns and as one object per reading.

    python tests/benchmarks/core.py [seconds]

Both ways take the same readings of 10,000 entities in batches of 1,000, in turns, and must find the same changes.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from hub.core.batch import Batch
from hub.core.model import DeviceInfo, Entity, Point
from hub.core.state import StateTable

ENTITIES = 10_000
SIZE = 1_000
BATCHES = 200
T0 = 1_795_356_000_000
POINT = Point("active_power", unit="kW", deadband=0.5)


@dataclass(slots=True)
class Reading:
    """One reading as an object: what a state machine of objects makes for each."""

    row: int
    value: float
    at: int
    quality: int


@dataclass(slots=True)
class Held:
    """The last reading told of one entity, and the last seen."""

    value: float = float("nan")
    at: int = 0
    quality: int = 0x40
    kept: float = float("nan")
    due: int = 0


def batches(order: str) -> Iterator[Batch]:
    """Random walks; rows `ascending` as a gateway sends them, `shuffled` as the worst case."""
    random = np.random.default_rng(5)
    values = np.full(ENTITIES, 100.0)
    for step in range(BATCHES):
        if order == "ascending":
            start = (step * SIZE) % ENTITIES
            rows = np.arange(start, start + SIZE)
        else:
            rows = random.permutation(ENTITIES)[:SIZE]
        values[rows] = np.round(values[rows] + random.normal(0, 0.4, SIZE), 2)
        yield Batch.of(rows, values[rows], T0 + step * 100)


def through_columns(work: list[Batch]) -> tuple[int, float]:
    """Changes found and CPU seconds, the state table's way."""
    state = StateTable()
    device = DeviceInfo("bench", "gateway")
    state.configure(Entity(row, device, POINT) for row in range(ENTITIES))
    started = time.process_time()
    changes = sum(len(state.apply(batch)) for batch in work)
    return changes, time.process_time() - started


def through_objects(work: list[Batch]) -> tuple[int, float]:
    """Changes found and CPU seconds with one slotted object per reading and a dict of held ones."""
    held = {row: Held() for row in range(ENTITIES)}
    started = time.process_time()
    changes: list[Reading] = []
    for batch in work:
        columns = (batch.rows.tolist(), batch.values.tolist(), batch.at.tolist(), batch.quality.tolist())
        for row, value, at, quality in zip(*columns, strict=True):
            reading = Reading(row, value, at, quality)
            last = held[reading.row]
            if reading.at <= last.at:
                continue
            told = (
                reading.at >= last.due
                or abs(reading.value - last.kept) > POINT.deadband
                or reading.quality != last.quality
            )
            last.value, last.at, last.quality = reading.value, reading.at, reading.quality
            if told:
                last.kept, last.due = reading.value, reading.at + 900_000
                changes.append(reading)
    return len(changes), time.process_time() - started


def rate(way: Callable[[list[Batch]], tuple[int, float]], work: list[Batch], times: int) -> tuple[int, list[float]]:
    """Changes, and readings per CPU second of each of `times` runs."""
    runs = [way(work) for _ in range(times)]
    return runs[0][0], [len(work) * SIZE / seconds for _, seconds in runs]


def main() -> None:
    """Print a table: medians of five, columns and objects in turns."""
    print(f"state table and deadband, {ENTITIES:,} entities, batches of {SIZE:,}, one core, CPU time, medians of 5")
    print(f"{'rows':<10} {'columns M/s':>12} {'best M/s':>9} {'objects M/s':>12} {'ratio':>6} {'changes':>9}")
    for order in ("ascending", "shuffled"):
        work = list(batches(order))
        columns, objects = [], []
        for _ in range(5):
            found, rates = rate(through_columns, work, 3)
            columns += rates
            same, rates = rate(through_objects, work, 1)
            objects += rates
            if found != same:
                sys.exit(f"columns found {found} changes, objects {same}: one of them is wrong")
        fast, slow = statistics.median(columns), statistics.median(objects)
        speeds = f"{fast / 1e6:>12.1f} {max(columns) / 1e6:>9.1f} {slow / 1e6:>12.2f} {fast / slow:>6.1f}"
        print(f"{order:<10} {speeds} {found:>9,}")


if __name__ == "__main__":
    main()
