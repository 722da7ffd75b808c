"""A plant with two recorded days behind it, standing still at 14:05 on 22 November 2026 in Shanghai."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from hub.core.batch import Batch
from hub.core.clock import Clock, to_ms
from hub.core.core import Core
from hub.core.model import DeviceInfo, Kind, Point
from web.plant import Plant

ZONE = ZoneInfo("Asia/Shanghai")
NOW = to_ms(datetime(2026, 11, 22, 14, 5, tzinfo=ZONE))
MIDNIGHT = to_ms(datetime(2026, 11, 22, tzinfo=ZONE))
DAY = 86_400_000
MINUTE = 60_000

GAS = (
    Point("volume", "m³", kind=Kind.COUNTER),
    Point("volume_flow", "m³/h"),
    Point("temperature", "°C"),
    Point("pressure", "kPa"),
)
DC = (
    Point("voltage", "V"),
    Point("current", "A"),
    Point("active_power", "kW"),
    Point("active_energy_import", "kWh", kind=Kind.COUNTER),
)


class Still(Clock):
    """A clock whose UTC stands still unless it is moved; its timers run."""

    def __init__(self, now: int) -> None:
        self.now = now

    def now_ms(self) -> int:
        return self.now


def at(hour: int, minute: int = 0, day: int = 22) -> int:
    """A time of November 2026 in Shanghai, ms UTC."""
    return to_ms(datetime(2026, 11, day, hour, minute, tzinfo=ZONE))


class Recorded(Plant):
    """A plant at `NOW`. Its incomer took 100 kW yesterday and takes 120 kW today, one reading in five minutes."""

    def __init__(self, folder: Path, meters: int = 6) -> None:
        super().__init__(folder, meters)
        self.clock = Still(NOW)
        self.core = Core(self.clock)

    async def start(self) -> None:
        await super().start()
        times = np.arange(MIDNIGHT - DAY, NOW + 1, 5 * MINUTE, dtype=np.int64)
        power = np.where(times < MIDNIGHT, 100.0, 120.0)
        hours = (times - times[0]) / 3_600_000
        counter = 5000 + np.where(times < MIDNIGHT, 100 * hours, 2400 + 120 * (hours - 24))
        current = np.where(times == at(10, 30), 210.0, 180.0)
        self.keep("incomer", "active_power", times, power)
        self.keep("incomer", "active_energy_import", times, counter)
        for phase in ("l1", "l2", "l3"):
            self.keep("incomer", f"current_{phase}", times, current if phase == "l2" else current * 0 + 180)
            self.keep("incomer", f"voltage_{phase}", times, times * 0 + 230.0)
            self.keep("incomer", f"active_power_{phase}", times, power / 3)
            self.keep("incomer", f"reactive_power_{phase}", times, power / 3)
        await self.history.committed()

    def keep(self, device: str, point: str, times: np.ndarray, values: np.ndarray, project: str = "demo") -> None:
        """Record readings of one point."""
        row = self.core.registry.entity(f"{project}/{device}.{point}").row
        self.core.ingest(Batch.of(np.full(len(times), row), values, times))

    def add(self, key: str, points: tuple[Point, ...], medium: str = "electricity", name: str = "") -> None:
        """Put another meter into the press shop."""
        self.core.add_device(DeviceInfo("demo", key, name=name, medium=medium, area="press_shop", model="X 1"), points)
