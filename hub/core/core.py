"""The core as one piece: identity, state, bus, orders, health and clock, and the one door for readings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np

from hub.core.batch import Batch
from hub.core.bus import Bus
from hub.core.clock import Clock, StepWatch
from hub.core.command import Commands
from hub.core.health import Health
from hub.core.model import DeviceInfo, Entity, Point
from hub.core.registry import Registry
from hub.core.state import StateTable

FUTURE_MS = 600_000
"""A reading stamped further ahead than this is no truth: its source's clock is wrong."""

EARLIEST_MS = 946_684_800_000
"""2000-01-01: no device of ours has recorded anything earlier."""


class Core:
    """What every part of the hub shares, and the door through which every reading comes in."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.registry = Registry()
        self.state = StateTable()
        self.bus = Bus()
        self.commands = Commands(self.clock)
        self.health = Health(self.clock)
        self.changes = 0
        self.refused: Counter[str] = Counter()
        self._steps = StepWatch(self.clock)

    def add_device(self, info: DeviceInfo, points: Iterable[Point]) -> dict[str, Entity]:
        """Register a device; its entities by point key, ready to take readings."""
        entities = self.registry.add_device(info, points)
        self.state.configure(entities.values())
        return entities

    def ingest(self, batch: Batch) -> Batch:
        """Take readings in and publish the changes among them, which also come back.

        Readings stamped more than ten minutes ahead, or before 2000, are refused and counted in `refused`.
        """
        if not len(batch):
            return batch
        now = self.clock.now_ms()
        if batch.at.max() > now + FUTURE_MS or batch.at.min() < EARLIEST_MS:
            batch = self._refuse_wrong_times(batch, now)
        changes = self.state.apply(batch)
        self.changes += len(changes)
        self.bus.publish(changes)
        return changes

    def watch_clock(self) -> int:
        """Look for a step of the system's time; ms it jumped, 0 for none. Called every second by the application."""
        step = self._steps.step()
        if step < 0:
            moved = self.state.rewind(self.clock.now_ms())
            self.health.notices["clock"] = f"clock went back {-step / 1000:.1f} s; {moved} live values re-stamped"
        elif step > 0:
            self.health.notices["clock"] = f"clock went forward {step / 1000:.1f} s"
        return step

    def _refuse_wrong_times(self, batch: Batch, now: int) -> Batch:
        ahead = batch.at > now + FUTURE_MS
        ancient = batch.at < EARLIEST_MS
        self.refused["time in the future"] += int(np.count_nonzero(ahead))
        self.refused["time before 2000"] += int(np.count_nonzero(ancient))
        return batch.where(~(ahead | ancient))
