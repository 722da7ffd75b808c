"""Time: UTC in milliseconds for readings, a monotonic clock for every timer."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """The system's clocks; tests hand in one they move themselves."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds that never run backwards, from an arbitrary start."""
        return time.monotonic()


class StepWatch:
    """Notices when UTC jumps against the monotonic clock (NTP step, a hand-set clock, a suspended machine)."""

    def __init__(self, clock: Clock, tolerance_ms: int = 5_000) -> None:
        self._clock = clock
        self._tolerance_ms = tolerance_ms
        self._offset = self._measure()

    def step(self) -> int:
        """Milliseconds by which UTC jumped since the last call, 0 when within tolerance; negative is backwards."""
        offset = self._measure()
        jump = offset - self._offset
        self._offset = offset
        return jump if abs(jump) > self._tolerance_ms else 0

    def _measure(self) -> int:
        return self._clock.now_ms() - round(self._clock.monotonic() * 1000)


def utc(ms: int) -> datetime:
    """The aware UTC datetime of `ms`."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def to_ms(moment: datetime) -> int:
    """Milliseconds UTC of an aware datetime. Raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    return round(moment.timestamp() * 1000)
