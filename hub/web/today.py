"""What counters have counted since local midnight: the day's first reading is looked up once and kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from aiohttp import web

from hub.core.batch import Batch
from hub.core.clock import Clock
from hub.core.model import Entity
from hub.core.state import StateTable
from hub.core.units import convert
from hub.history import Aggregate, History
from hub.web.counters import counted
from hub.web.format import decimals
from hub.web.held import GRACE, usable
from hub.web.periods import DAY, HOUR, MINUTE
from hub.web.points import dimension

NEAR = HOUR
"""Readings up to this far from midnight tell what a counter stood at: it is stored when it changes."""

_RECHECK = 600.0
"""Seconds after which a day's first readings are looked up again: late ones may have come in."""


@dataclass(frozen=True, slots=True)
class Amount:
    """What passed through some counters, in `unit`; NaN when nothing is known.

    `since` (ms UTC) is where the count begins, after midnight when the day's first reading came later; `missing` are
    the counters that told nothing and are not in the sum.
    """

    value: float
    unit: str
    since: int
    digits: int = 0
    missing: tuple[Entity, ...] = ()

    @property
    def known(self) -> bool:
        """Whether there is a number to show."""
        return self.value == self.value


Start = tuple[float, int]
"""A counter's first reading of a day and the time it stands for, ms UTC; NaN when the day has none yet."""


class DayStarts:
    """The first reading of a day, by midnight and row. Days but the four newest are forgotten."""

    def __init__(self, history: History, clock: Clock) -> None:
        self._history = history
        self._clock = clock
        self._days: dict[int, dict[int, Start]] = {}
        self._checked: dict[int, float] = {}

    async def of(self, counters: Sequence[Entity], midnight: int) -> Mapping[int, Start]:
        """Starts of the day that begins at `midnight`, by row, for at least the counters given."""
        now = self._clock.monotonic()
        if now - self._checked.get(midnight, -_RECHECK) >= _RECHECK:
            self._days[midnight], self._checked[midnight] = {}, now
        day = self._days[midnight]
        unknown = [e for e in counters if e.row not in day or np.isnan(day[e.row][0])]
        if unknown:
            day.update(await self._look_up(unknown, midnight))
        self._forget()
        return day

    def known(self, midnight: int) -> Mapping[int, Start]:
        """The starts of that day found so far, by row."""
        return self._days.get(midnight, {})

    async def _look_up(self, counters: Sequence[Entity], midnight: int) -> dict[int, Start]:
        found = await stood_at(self._history, counters, midnight)
        late = np.array([row for row, (value, _) in found.items() if np.isnan(value)], dtype=np.int32)
        end = min(self._clock.now_ms(), midnight + DAY)
        if len(late) and end > midnight:
            minutes = np.arange(midnight, end + MINUTE, MINUTE, dtype=np.int64)
            first = (await self._history.buckets(late, minutes, Aggregate.FIRST)).values
            for row, values in zip(late.tolist(), first, strict=True):
                known = np.flatnonzero(~np.isnan(values))
                if len(known):
                    found[row] = (float(values[known[0]]), int(minutes[known[0]]))
        return found

    def _forget(self) -> None:
        for midnight in sorted(self._days)[:-4]:
            del self._days[midnight], self._checked[midnight]


DAY_STARTS = web.AppKey("day_starts", DayStarts)


async def stood_at(history: History, counters: Sequence[Entity], at: int) -> dict[int, Start]:
    """What each counter stood at at the time `at`, by row, from the readings around it; NaN when none came before.

    Between two readings a counter is taken to run evenly. One that is silent longer than its heartbeat allows stands
    where it was read last.
    """
    rows = np.array([entity.row for entity in counters], dtype=np.int32)
    around = await history.raw(rows, at - NEAR, at + NEAR)
    around = around.where(usable(around.quality))
    return {entity.row: (_between(around.of_rows([entity.row]), at, entity.point.max_age), at) for entity in counters}


def _between(readings: Batch, at: int, max_age: float) -> float:
    after = int(np.searchsorted(readings.at, at, side="left"))
    if after < len(readings) and readings.at[after] == at:
        return float(readings.values[after])
    if after == 0:
        return float("nan")
    before = float(readings.values[after - 1])
    if after == len(readings) or readings.values[after] < before:
        return before
    length = int(readings.at[after] - readings.at[after - 1])
    if length > max_age * 1000 * GRACE:
        return before
    share = (at - int(readings.at[after - 1])) / length
    return before + share * (float(readings.values[after]) - before)


def amount(counters: Iterable[Entity], starts: Mapping[int, Start], state: StateTable, midnight: int) -> Amount:
    """What `counters` counted from their starts to their live readings, summed in the unit of the first."""
    return summed(counters, starts, {e.row: float(state.value[e.row]) for e in counters}, midnight)


def summed(counters: Iterable[Entity], starts: Mapping[int, Start], ends: Mapping[int, float], midnight: int) -> Amount:
    """What `counters` counted from `starts` to `ends`, both by row, summed in the unit of the first."""
    total, since, unit, digits = float("nan"), midnight, "", 0
    missing = []
    for entity in counters:
        if not unit:
            unit, digits = entity.point.unit, decimals(entity.point)
        before, at = starts.get(entity.row, (float("nan"), midnight))
        rollover = entity.point.rollover
        step = float(counted(np.array([before]), np.array([ends[entity.row]]), np.array([rollover or np.nan]))[0])
        if np.isnan(step) or dimension(entity.point.unit) != dimension(unit):
            missing.append(entity)
            continue
        total = (0.0 if np.isnan(total) else total) + convert(step, entity.point.unit, unit)
        since = max(since, at)
    return Amount(total, unit, since, digits, tuple(missing))
