"""Demand: mean power over the quarter of an hour, its forecast, and the greatest of the month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan
from zoneinfo import ZoneInfo

import numpy as np
from aiohttp import web

from hub.core.batch import Times, Values
from hub.core.clock import Clock
from hub.core.model import Entity
from hub.core.units import convert
from hub.history import Aggregate, History
from hub.web.periods import MINUTE, Span, Step, edges, month_start
from hub.web.points import dimension

BLOCK = 15 * MINUTE


@dataclass(frozen=True, slots=True)
class Peak:
    """The greatest block mean of a month so far, the start of its block, and the time up to which is known; ms UTC."""

    value: float = nan
    at: int = 0
    upto: int = 0


@dataclass(frozen=True, slots=True)
class Demand:
    """The running block, in the unit of the power; NaN where nothing is known. `ends` in ms UTC."""

    running: float
    forecast: float
    ends: int
    peak: Peak


class Peaks:
    """The month's greatest demand by the rows of its powers: only blocks finished since the last look are read."""

    def __init__(self, history: History, clock: Clock) -> None:
        self._history = history
        self._clock = clock
        self._known: dict[tuple[int, ...], tuple[int, Peak]] = {}

    async def demand(self, powers: Sequence[Entity], power_now: float, zone: ZoneInfo) -> Demand:
        """The demand of a meter whose powers (one, or those of its circuits) are summed in the unit of the first."""
        now = self._clock.now_ms()
        start = now - now % BLOCK
        block = np.array([start, max(now, start + 1)], dtype=np.int64)
        running = float((await summed(self._history, powers, block))[0])
        ends = start + BLOCK
        return Demand(running, forecast(running, power_now, now - start), ends, await self._peak(powers, now, zone))

    async def _peak(self, powers: Sequence[Entity], now: int, zone: ZoneInfo) -> Peak:
        key = tuple(entity.row for entity in powers)
        month, upto = month_start(now, zone), now - now % BLOCK
        began, peak = self._known.get(key, (0, Peak()))
        if began != month:
            peak = Peak(upto=month)
        if upto > peak.upto:
            blocks = edges(Span(peak.upto, upto), Step.QUARTER, zone)
            peak = greatest(peak, await summed(self._history, powers, blocks), blocks)
        self._known[key] = (month, peak)
        return peak


PEAKS = web.AppKey("peaks", Peaks)


def forecast(running: float, power_now: float, elapsed: int) -> float:
    """The block's mean at its end if power stays as it is now; `elapsed` ms of it have passed."""
    if not isfinite(running):
        return power_now if elapsed < MINUTE else nan
    if not isfinite(power_now):
        return nan
    return (running * elapsed + power_now * (BLOCK - elapsed)) / BLOCK


def greatest(peak: Peak, means: Values, blocks: Times) -> Peak:
    """`peak` after the block means between `blocks`, shape (m+1,), have been looked at."""
    upto = int(blocks[-1])
    if not np.isfinite(means).any():
        return Peak(peak.value, peak.at, upto)
    best = int(np.nanargmax(means))
    if isfinite(peak.value) and peak.value >= means[best]:
        return Peak(peak.value, peak.at, upto)
    return Peak(float(means[best]), int(blocks[best]), upto)


async def summed(history: History, powers: Sequence[Entity], blocks: Times) -> Values:
    """Time-weighted mean power in each block, summed over `powers` in the unit of the first; shape (m,).

    NaN where any of them is unknown: a part is not the whole.
    """
    rows = np.array([entity.row for entity in powers], dtype=np.int32)
    found = (await history.buckets(rows, blocks, Aggregate.TIME_WEIGHTED)).values
    unit = powers[0].point.unit
    same = [e.point.unit == unit or dimension(e.point.unit) != dimension(unit) for e in powers]
    factors = [1.0 if plain else convert(1.0, e.point.unit, unit) for plain, e in zip(same, powers, strict=True)]
    total: Values = (found * np.array(factors)[:, None]).sum(axis=0)
    return total
